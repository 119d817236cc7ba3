// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// What `providers export` prints, held to each provider's limits and used:
// arguments made for it go to the program, and answers fit what it says.
// providers.json has the hashes of all of it, so that a change is seen;
// `make update-provider-fixtures` writes it again.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { knownValues, required } from './arguments.mjs';
import { Door } from './door.mjs';
import { behind, Front } from './front.mjs';
import { House, LIVE, ORDER_SCOPES, READ_SCOPES, Wire, skip }
  from './house.mjs';
import { Issuer, noIssuer } from './issuer.mjs';
import { compiler } from './schema.mjs';

const FIXTURE = new URL('providers.json', import.meta.url);
const update = process.env.IAG_TEST_UPDATE === '1';

let house, wire, listed, values;
const targets = {};

before(async () => {
  if (skip)
    return;
  house = new House({ scopes: READ_SCOPES.concat(ORDER_SCOPES), more: LIVE });
  wire = new Wire(house);
  listed = (await wire.ask('tools/list')).result.tools;
  for (const name of ['openai', 'anthropic', 'generic']) {
    const { code, out, err } = await house.run('providers', 'export',
      '--target', name);

    assert.equal(code, 0, err);
    targets[name] = JSON.parse(out);
  }
  values = await knownValues(async (name, args) =>
    (await wire.call(name, args)).result.structuredContent, listed);
});

after(async () => {
  await wire?.end();
  house?.remove();
});

const schemaOf = { openai: 'parameters', anthropic: 'input_schema',
  generic: 'inputSchema' };

// Every schema inside a schema, itself first, with its depth.
function* inside(schema, depth = 1) {
  yield [schema, depth];
  for (const inner of Object.values(schema.properties ?? {}))
    yield* inside(inner, depth + 1);
  if (schema.items)
    yield* inside(schema.items, depth + 1);
}

function keywords(target) {
  const found = new Set();

  for (const tool of targets[target].tools) {
    for (const [schema] of inside(tool[schemaOf[target]])) {
      for (const key of Object.keys(schema))
        found.add(key);
    }
  }
  return [...found].sort();
}

test('the generic export is what MCP lists', { skip }, () => {
  assert.deepEqual(targets.generic.tools, listed);
});

test('all targets have the same tools in the same order', { skip }, () => {
  for (const { target, tools } of Object.values(targets)) {
    assert.deepEqual(tools.map(({ name }) => name),
      listed.map(({ name }) => name), target);
    for (const tool of tools) {
      assert.match(tool.name, /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/);
      assert.ok(Buffer.byteLength(tool.description) <= 1024, tool.name);
    }
  }
});

test('every exported schema is closed and compiles', { skip }, () => {
  for (const [target, { tools }] of Object.entries(targets)) {
    for (const tool of tools) {
      const schema = tool[schemaOf[target]];

      compiler().compile(schema);
      assert.equal(schema.type, 'object');
      assert.equal(schema.additionalProperties, false);
    }
  }
});

test('openai: strict functions within the limits of strict', { skip }, () => {
  let properties = 0, choices = 0, characters = 0;

  assert.ok(targets.openai.tools.length <= 128);
  assert.deepEqual(keywords('openai'), ['additionalProperties',
    'description', 'enum', 'format', 'maximum', 'minimum', 'pattern',
    'properties', 'required', 'type']);
  for (const tool of targets.openai.tools) {
    assert.deepEqual(Object.keys(tool), ['type', 'strict', 'name',
      'description', 'parameters']);
    assert.equal(tool.type, 'function');
    assert.equal(tool.strict, true);
    assert.deepEqual(tool.parameters.required,
      Object.keys(tool.parameters.properties), tool.name);
    for (const [schema, depth] of inside(tool.parameters)) {
      assert.ok(depth <= 10);
      properties += Object.keys(schema.properties ?? {}).length;
      choices += schema.enum?.length ?? 0;
      if (schema.format)
        assert.ok(['date', 'date-time'].includes(schema.format));
      if (schema.enum && Array.isArray(schema.type))
        assert.ok(schema.enum.includes(null), tool.name);
    }
    characters += JSON.stringify(tool.parameters).length;
  }
  assert.ok(properties <= 5000 && choices <= 1000 && characters <= 120000);
});

test('anthropic: no bounds that strict tool use refuses', { skip }, () => {
  assert.deepEqual(keywords('anthropic'), ['additionalProperties', 'default',
    'description', 'enum', 'format', 'pattern', 'properties', 'required',
    'type']);
  for (const tool of targets.anthropic.tools) {
    assert.deepEqual(Object.keys(tool), ['name', 'description',
      'input_schema']);
    for (const [schema] of inside(tool.input_schema))
      assert.equal(typeof schema.type, 'string', tool.name);
  }
});

test('a bound that was taken out stands in the description', { skip }, () => {
  for (const tool of listed) {
    for (const [name, argument] of
      Object.entries(tool.inputSchema.properties)) {
      const text = argument.description;

      // what nobody comes near is not told
      if (argument.maximum < 2 ** 31 - 1)
        assert.ok(text.includes(`${argument.minimum}-${argument.maximum}`),
          `${tool.name} ${name}`);
      if (argument.maxLength)
        assert.ok(text.includes(String(argument.maxLength)),
          `${tool.name} ${name}`);
    }
  }
});

// Arguments as a strict provider sends them: all of them, null for none.
function strictly(tool, args) {
  return Object.fromEntries(Object.keys(tool.parameters.properties)
    .map((name) => [name, args[name] ?? null]));
}

// The read tools, each with arguments that the fake broker knows.
function* calls() {
  for (const [i, tool] of listed.entries()) {
    if (tool.annotations.readOnlyHint)
      yield [i, tool, required(tool, values)];
  }
}

const compiled = new Map();

// Does the schema of that target's tool take the value?
function takes(target, i, value) {
  const key = `${target} ${i}`;

  if (!compiled.has(key))
    compiled.set(key, compiler().compile(
      targets[target].tools[i][schemaOf[target]]));
  return compiled.get(key)(value);
}

test('arguments for a provider are arguments of the tool', { skip },
  async () => {
    for (const [i, tool, args] of calls()) {
      const strict = strictly(targets.openai.tools[i], args);
      const given = Object.fromEntries(Object.entries(strict)
        .filter(([, value]) => value !== null));

      assert.ok(takes('openai', i, strict), tool.name);
      assert.ok(takes('anthropic', i, given), tool.name);
      assert.ok(takes('generic', i, given), tool.name);
      const { result } = await wire.call(tool.name, given);
      const validate = compiler().compile(
        targets.generic.tools[i].outputSchema);

      assert.ok(!result.isError, `${tool.name}: ${result.content[0].text}`);
      assert.ok(validate(result.structuredContent),
        `${tool.name}: ${JSON.stringify(validate.errors)}`);
      for (const target of Object.keys(targets)) {
        const wrong = target === 'openai' ? strict : given;

        assert.ok(!takes(target, i, { ...wrong, more: 1 }), tool.name);
        for (const name of tool.inputSchema.required ?? [])
          assert.ok(!takes(target, i, { ...wrong, [name]: null }), tool.name);
      }
    }
  });

test('approval texts: for what writes, and they grant nothing', { skip },
  () => {
    const writing = listed.filter((tool) => !tool.annotations.readOnlyHint);

    for (const { approvals } of Object.values(targets)) {
      assert.deepEqual(approvals.map(({ name }) => name),
        writing.map(({ name }) => name));
      approvals.forEach(({ scope, text, shows }, i) => {
        assert.match(scope, /^ibkr:(orders|approvals):/);
        assert.match(text, /\? Your yes .* grants nothing/);
        assert.deepEqual(shows,
          Object.keys(writing[i].inputSchema.properties));
      });
    }
  });

test('without a scope its tools are not exported', { skip }, async () => {
  const small = new House({ scopes: ['ibkr:health:read'] });
  const { out } = await small.run('providers', 'export', '--target',
    'openai');
  const { tools, approvals } = JSON.parse(out);

  small.remove();
  assert.ok(tools.length > 0 && tools.length < 10);
  assert.deepEqual(approvals, []);
  assert.ok(!tools.some(({ name }) => name.includes('order')));
});

// Fixtures.

const SECRETS = /bearer |authorization|cookie|password|private key|eyJ[A-Za-z0-9_-]{10}/i;

// Leaves of a value, with the last name that leads to each.
function* leaves(value, name = '') {
  if (value === null || typeof value !== 'object') {
    yield [name, value];
    return;
  }
  for (const [key, inner] of Object.entries(value))
    yield* leaves(inner, Array.isArray(value) ? name : key);
}

// What differs from run to run, and what it becomes.
const VOLATILE = [
  [/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, '<time>'],
  [/^\d{4}-\d\d-\d\d$/, '<date>'],
  [/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}$/i, '<id>'],
  [/^(hmac-sha256:|sha256:)?[0-9a-f]{32,64}$/i, '<hash>'],
];

function steady(value, name = '') {
  if (name === 'payload_jsonl')
    return value.split('\n').filter(Boolean)
      .map((line) => steady(JSON.parse(line)));
  if (typeof value === 'string') {
    const rule = VOLATILE.find(([pattern]) => pattern.test(value));

    return name === 'version' ? '<version>' : rule ? rule[1] : value;
  }
  if (Array.isArray(value))
    return value.map((inner) => steady(inner, name));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.keys(value).sort()
      .map((key) => [key, steady(value[key], key)]));
  return /_(ms|seconds|bytes|count|records)$|^(sequence|age|uptime)/.test(name)
    ? '<number>' : value;
}

function hash(value) {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function snapshot(scenario, schema, response) {
  const values = [...leaves(response)];
  const steadied = steady(response);

  return { scenario, tool_schema_hash: hash(schema),
    response_hash: hash(steadied),
    redaction_report: {
      checked_fields: values.length,
      leaks_found: values.filter(([, value]) =>
        SECRETS.test(String(value))).length,
    } };
}

// Over HTTP with a bearer token, as the providers' own connectors call: what
// OpenAI's gets for a good one, and Anthropic's where a scope is missing.
async function remoteSnapshots() {
  const issuer = await Issuer.start();
  const front = await Front.start();
  const door = await Door.open(behind(issuer, front, READ_SCOPES));

  try {
    const call = (scopes) => door.modern('tools/call',
      { name: 'ibkr_accounts_list', arguments: {} },
      { authorization: `Bearer ${issuer.mint(front.resource,
        { claims: { scope: scopes.join(' ') } })}` });
    const good = await call(READ_SCOPES);
    const denied = await call(['ibkr:health:read']);

    assert.equal(good.status, 200);
    assert.equal(denied.status, 403);
    assert.match(denied.headers['www-authenticate'],
      /error="insufficient_scope"/);
    const error = JSON.parse(denied.json.result.content[0].text);

    return [snapshot('openai-remote-mcp-accounts-list',
      named('openai', 'ibkr_accounts_list'),
      good.json.result.structuredContent),
    snapshot('anthropic-remote-mcp-scope-denial',
      named('anthropic', 'ibkr_accounts_list'), plain(error))];
  } finally {
    await door.remove();
    front.stop();
    await issuer.stop();
  }
}

function named(target, name) {
  return targets[target].tools.find((tool) => tool.name === name);
}

// An error without its texts, which may be worded anew; what programs go by
// may not.
function plain({ message, user_action: action, ...rest }) {
  assert.ok(message.length > 0 && action.length > 0);
  return rest;
}

async function snapshots() {
  const own = new House({ scopes: READ_SCOPES.concat(ORDER_SCOPES),
    more: LIVE });
  const client = new Wire(own);
  const found = [];

  for (const [i, tool, args] of calls()) {
    const { result } = await client.call(tool.name, args);

    found.push(snapshot(`generic-mcp-${tool.name}`,
      targets.generic.tools[i], result.structuredContent));
  }
  await client.end();
  own.remove();
  for (const target of ['openai', 'anthropic']) {
    for (const tool of targets[target].tools)
      found.push({ scenario: `${target}-${tool.name}`,
        tool_schema_hash: hash(tool) });
  }
  return found.concat(await denial(),
    noIssuer ? [] : await remoteSnapshots());
}

// What a caller without the scope gets: an error with its code, no data.
async function denial() {
  const small = new House({ scopes: ['ibkr:health:read'] });
  const client = new Wire(small);
  const { result } = await client.call('ibkr_accounts_list');
  const error = JSON.parse(result.content[0].text);

  await client.end();
  small.remove();
  assert.equal(result.isError, true);
  assert.equal(error.code, 'AUTH_MISSING_SCOPE');
  assert.equal(result.structuredContent, undefined);
  return [snapshot('anthropic-scope-denial',
    named('anthropic', 'ibkr_accounts_list'), plain(error))];
}

test('schemas and answers are those of providers.json', { skip },
  async () => {
    const found = await snapshots();

    for (const { scenario, redaction_report: report } of found)
      assert.equal(report?.leaks_found ?? 0, 0, scenario);
    if (update && !noIssuer)
      fs.writeFileSync(FIXTURE, `${JSON.stringify(found, null, '\t')}\n`);
    const known = new Map(JSON.parse(fs.readFileSync(FIXTURE, 'utf8'))
      .map((row) => [row.scenario, row]));

    // without an issuer the remote ones are not made
    assert.deepEqual([...known.keys()].slice(0, noIssuer ? -2 : undefined),
      found.map(({ scenario }) => scenario));
    for (const row of found)
      assert.deepEqual(row, known.get(row.scenario),
        `${row.scenario} has changed: make update-provider-fixtures`);
  });
