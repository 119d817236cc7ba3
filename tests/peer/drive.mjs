// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Every read tool once, by a client of any kind, each answer held against
// what the tool says of itself.

import assert from 'node:assert/strict';
import { knownValues, required } from './arguments.mjs';
import { compiler } from './schema.mjs';

// client: listTools() and callTool() as the official libraries have them;
// refused: the tools that the backend has no answer for, and says so.
export async function everyTool(client, { count = 34, refused = [] } = {}) {
  const { tools } = await client.listTools();
  const ask = async (name, args) =>
    (await client.callTool({ name, arguments: args })).structuredContent;
  const values = await knownValues(ask, tools);

  assert.equal(tools.length, count);
  for (const tool of tools) {
    const args = required(tool, values);
    const result = await client.callTool({ name: tool.name, arguments: args });
    const validate = compiler().compile(tool.outputSchema);
    const where = `${tool.name} ${JSON.stringify(args)}`;

    if (refused.includes(tool.name)) {
      assert.match(result.content[0].text, /BROKER_CAPABILITY_UNAVAILABLE/);
      continue;
    }
    assert.ok(!result.isError, `${where}: ${result.content[0].text}`);
    assert.ok(validate(result.structuredContent),
      `${where}: ${JSON.stringify(validate.errors)}`);
    assert.deepEqual(JSON.parse(result.content[0].text),
      result.structuredContent);
  }
}
