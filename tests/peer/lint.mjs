// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The tool list as the providers want it: names, hints, portable schemas,
// and small enough.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { House, LIVE, ORDER_SCOPES, READ_SCOPES, Wire, skip }
  from './house.mjs';
import { compiler } from './schema.mjs';

let house, wire, tools, all;

before(async () => {
  if (skip)
    return;
  house = new House();
  wire = new Wire(house);
  tools = (await wire.askModern('tools/list')).result.tools;
  const whole = new House({ scopes: READ_SCOPES.concat(ORDER_SCOPES),
    more: LIVE });
  const other = new Wire(whole);

  all = (await other.askModern('tools/list')).result.tools;
  await other.end();
  whole.remove();
});

after(async () => {
  await wire?.end();
  house?.remove();
});

const COMPOSED = ['oneOf', 'anyOf', 'allOf', 'not', 'enum', 'if'];
const UNPORTABLE = ['$ref', '$defs', 'patternProperties', 'propertyNames',
  'dependentSchemas', 'dependentRequired', 'prefixItems', 'contains',
  'unevaluatedProperties', 'unevaluatedItems', 'const', 'then', 'else'];

// Calls visit(schema, depth, name) for the schema and every one inside it.
function walk(schema, visit, depth = 1, name = '') {
  visit(schema, depth, name);
  for (const [key, inner] of Object.entries(schema.properties ?? {}))
    walk(inner, visit, depth + 1, key);
  if (schema.items)
    walk(schema.items, visit, depth + 1, name);
  if (typeof schema.additionalProperties === 'object')
    walk(schema.additionalProperties, visit, depth + 1, name);
}

test('all 34 read tools are listed, ibkr_health first', { skip }, () => {
  assert.equal(tools.length, 34);
  assert.equal(tools[0].name, 'ibkr_health');
  assert.equal(new Set(tools.map((tool) => tool.name)).size, 34);
});

test('with orders there are 45, the read tools first', { skip }, () => {
  assert.equal(all.length, 45);
  assert.deepEqual(all.slice(0, 34), tools);
});

test('names fit every provider, with its prefix', { skip }, () => {
  for (const { name } of all) {
    assert.match(name, /^[a-z][a-z0-9_]{0,39}$/);
    assert.ok(`mcp__ibkr-agent__${name}`.length <= 64, name);
  }
});

test('every tool has a title, a description and all four hints', { skip },
  () => {
    for (const tool of all) {
      assert.ok(tool.title.length > 0, tool.name);
      assert.ok(tool.description.length > 0, tool.name);
      assert.ok(Buffer.byteLength(tool.description) <= 1024, tool.name);
      assert.deepEqual(Object.keys(tool.annotations).sort(),
        ['destructiveHint', 'idempotentHint', 'openWorldHint',
          'readOnlyHint']);
      for (const hint of Object.values(tool.annotations))
        assert.equal(typeof hint, 'boolean', tool.name);
    }
  });

const PREPARING = ['ibkr_order_preview', 'ibkr_bracket_order_preview',
  'ibkr_approvals_create'];

test('hints: reads read, previews prepare, orders are destructive', { skip },
  () => {
    all.forEach(({ name, annotations }, i) => {
      const reads = i < 34;

      assert.equal(annotations.readOnlyHint, reads, name);
      assert.equal(annotations.destructiveHint,
        !reads && !PREPARING.includes(name), name);
    });
  });

test('tools that write say what to do after a lost answer', { skip }, () => {
  for (const tool of all) {
    if (tool.annotations.destructiveHint)
      assert.match(tool.description, /lost answer call again with the same/,
        tool.name);
  }
});

for (const side of ['inputSchema', 'outputSchema']) {
  test(`every ${side} is portable`, { skip }, () => {
    for (const tool of all) {
      const schema = tool[side];
      const where = `${tool.name} ${side}`;

      assert.equal(schema.type, 'object', where);
      for (const key of COMPOSED)
        assert.ok(!(key in schema), `${where} ${key}`);
      compiler().compile(schema);
      walk(schema, (inner, depth, name) => {
        assert.ok(depth <= 5, `${where} is ${depth} deep`);
        assert.equal(typeof inner, 'object', where);
        assert.equal(typeof inner.type, 'string', `${where} ${name}`);
        for (const key of UNPORTABLE)
          assert.ok(!(key in inner), `${where} ${name} ${key}`);
        if (inner.enum)
          assert.ok(inner.enum.every((v) => typeof v === 'string'), where);
        if (inner.type === 'array')
          assert.ok(inner.items, `${where} ${name}`);
        for (const key of Object.keys(inner.properties ?? {}))
          assert.match(key, /^[a-z][a-z0-9_]{0,63}$/, where);
      });
    }
  });
}

test('inputs are closed and every argument is described', { skip }, () => {
  for (const tool of all) {
    walk(tool.inputSchema, (inner, depth, name) => {
      if (inner.type === 'object')
        assert.equal(inner.additionalProperties, false, tool.name);
      if (depth > 1 && name)
        assert.ok(inner.description?.length > 0, `${tool.name} ${name}`);
    });
  }
});

test('the list is small: 20,000 characters, 48,000 with outputs', { skip },
  () => {
    const whole = JSON.stringify(tools);
    const inputs = JSON.stringify(tools.map(
      ({ outputSchema: _, ...tool }) => tool));

    assert.ok(whole.length <= 48000, `${whole.length} characters`);
    assert.ok(inputs.length <= 20000,
      `${inputs.length} characters without outputs`);
  });

test('the list is the same each time and in both eras', { skip }, async () => {
  assert.deepEqual((await wire.askModern('tools/list')).result.tools, tools);
  assert.deepEqual((await wire.ask('tools/list')).result.tools, tools);
});

test('instructions fit the 2 KB that clients keep', { skip }, async () => {
  const { instructions } = (await wire.askModern('server/discover')).result;

  assert.ok(instructions.length > 100);
  assert.ok(Buffer.byteLength(instructions) <= 2048);
});
