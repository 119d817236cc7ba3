// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Every argument of every tool at and past its bounds: the program refuses
// exactly what its own schema refuses in Ajv's judgement, and every result
// fits the tool's output schema.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { knownValues, required, variants } from './arguments.mjs';
import { House, Wire, skip } from './house.mjs';
import { compiler } from './schema.mjs';

let house, wire, tools, values;

before(async () => {
  if (skip)
    return;
  house = new House();
  wire = new Wire(house);
  tools = (await wire.ask('tools/list')).result.tools;
  values = await knownValues(async (name, args) =>
    (await wire.call(name, args)).result.structuredContent, tools);
});

after(async () => {
  await wire?.end();
  house?.remove();
});

const INPUT_CODES = ['INPUT_INVALID', 'INPUT_MISSING_ACCOUNT',
  'INPUT_INVALID_CONTRACT', 'INPUT_INVALID_TIME_RANGE'];

// Many calls at once; answers in the order of the calls.
async function callAll(name, list) {
  const answers = new Map();

  list.forEach((args, i) => wire.say({ jsonrpc: '2.0', id: `${name}:${i}`,
    method: 'tools/call', params: { name, arguments: args } }));
  for (let i = 0; i < list.length; i++) {
    const answer = await wire.hear();

    answers.set(answer.id, answer);
  }
  return list.map((_, i) => answers.get(`${name}:${i}`));
}

test('the program and its schemas agree on every argument', { skip },
  async () => {
    let refused = 0, accepted = 0;

    for (const tool of tools) {
      const validate = compiler().compile(tool.inputSchema);
      const output = compiler().compile(tool.outputSchema);
      const cases = [...variants(tool, required(tool, values))];
      const answers = await callAll(tool.name, cases.map(([, args]) => args));

      cases.forEach(([what, args], i) => {
        const where = `${tool.name} with ${what}`;
        const { result, error } = answers[i];

        assert.ok(result, `${where}: ${JSON.stringify(error)}`);
        if (!result.isError)
          assert.ok(output(result.structuredContent),
            `${where}: ${JSON.stringify(output.errors)}`);
        const shape = result.isError
          ? JSON.parse(result.content[0].text) : null;

        if (validate(args)) {
          accepted++;
          // the broker may still know no such thing
          assert.ok(shape?.code !== 'INPUT_INVALID' ||
            shape.message.startsWith("backend 'fake':"),
            `${where}: ${shape?.message}`);
        } else {
          refused++;
          assert.ok(shape, `${where} was accepted`);
          assert.ok(INPUT_CODES.includes(shape.code),
            `${where}: ${shape.code}`);
          assert.equal(shape.retryable, false);
          assert.ok(shape.audit_event_id, where);
        }
      });
    }
    assert.ok(refused > 500 && accepted > 50, `${refused} ${accepted}`);
  });

test('a refusal names the argument', { skip }, async () => {
  for (const tool of tools) {
    for (const name of Object.keys(tool.inputSchema.properties ?? {})) {
      const { result } = await wire.call(tool.name,
        { ...required(tool, values), [name]: [{}] });
      const { message } = JSON.parse(result.content[0].text);

      assert.ok(message.includes(name), `${tool.name} ${name}: ${message}`);
    }
  }
});
