// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Both generations of the official client library drive the program: every
// tool once, every result held against its schema, and all that went over
// the wire against the protocol's.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 }
  from '@modelcontextprotocol/sdk/client/stdio.js';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 }
  from '@modelcontextprotocol/client/stdio';
import { ACCOUNT } from './arguments.mjs';
import { everyTool } from './drive.mjs';
import { House, LEGACY, MODERN, program, skip } from './house.mjs';
import { answerFaults } from './schema.mjs';

const IDENTITY = { name: 'peer', version: '1' };

// The program between two tees; each process of it writes files of its own.
function tapped(house, Transport) {
  const taps = path.join(house.dir, 'taps');

  fs.mkdirSync(taps, { recursive: true });
  return new Transport({ command: 'sh', stderr: 'inherit',
    args: ['-c', 'taps=$1; shift; tee "$taps/$$.in" | "$@" | ' +
      'tee "$taps/$$.out"', 'tap', taps, program, ...house.args] });
}

function messages(file) {
  return fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)
    .map((line) => JSON.parse(line));
}

// Check all answers of all processes; how many processes there were.
function checkTaps(house) {
  const taps = path.join(house.dir, 'taps');
  const inputs = fs.readdirSync(taps).filter((name) => name.endsWith('.in'));
  let count = 0;

  for (const name of inputs) {
    const requests = new Map(messages(path.join(taps, name))
      .filter((message) => 'id' in message && message.method)
      .map((message) => [message.id, message]));

    for (const answer of messages(path.join(taps, `${name.slice(0, -2)}out`))) {
      const request = requests.get(answer.id);
      const version = request.params?._meta
        ?.['io.modelcontextprotocol/protocolVersion'] ? MODERN : LEGACY;

      assert.equal(answerFaults(version, request.method, answer), '',
        JSON.stringify(answer).slice(0, 500));
      count++;
    }
  }
  assert.ok(count > 30);
  return inputs.length;
}

async function errorsAndResources(client) {
  const wrong = await client.callTool({ name: 'ibkr_account_summary',
    arguments: { account_id: 'NOT-AN-ACCOUNT' } });
  const error = JSON.parse(wrong.content[0].text);

  assert.equal(wrong.isError, true);
  assert.match(error.code, /^INPUT_/);
  assert.equal(error.outcome, 'refused');
  await assert.rejects(client.callTool({ name: 'ibkr_nothing' }),
    (fault) => fault.code === -32602);

  const { resources } = await client.listResources();
  const { resourceTemplates } = await client.listResourceTemplates();

  assert.deepEqual(resourceTemplates.map((row) => row.uriTemplate),
    ['ibkr://audit/{sequence}', 'ibkr://orders/{account}/{id}',
      'ibkr://policy/{id}']);
  for (const { uri } of resources) {
    const { contents } = await client.readResource({ uri });

    assert.equal(contents[0].uri, uri);
    assert.ok(contents[0].text.length > 0);
  }
  await assert.rejects(client.readResource({ uri: 'ibkr://nothing' }));

  const { prompts } = await client.listPrompts();

  assert.deepEqual(prompts.map((prompt) => prompt.name),
    ['preview-and-explain', 'daily-review', 'incident-review']);
  const { messages: [message] } = await client.getPrompt({
    name: 'daily-review', arguments: { account_id: ACCOUNT } });

  assert.ok(message.content.text.includes(`"${ACCOUNT}"`));
}

async function drive(client, Transport, wantProcesses) {
  const house = new House();

  try {
    await client.connect(tapped(house, Transport));
    assert.equal(client.getServerVersion().name, 'ibkr-agent-gateway');
    assert.ok(client.getInstructions().length > 0);
    await everyTool(client);
    await errorsAndResources(client);
    await client.close();
    assert.equal(checkTaps(house), wantProcesses);
    const { code, out, err } = await house.run('audit', 'verify');

    assert.equal(code, 0, out + err);
  } finally {
    await client.close();
    house.remove();
  }
}

test('SDK v1 drives every tool', { skip }, async () => {
  const client = new ClientV1(IDENTITY);

  await drive(client, StdioV1, 1);
});

for (const [mode, era, processes] of [['auto', 'modern', 2],
  ['legacy', 'legacy', 1], [{ pin: MODERN }, 'modern', 2]]) {
  test(`SDK v2 ${JSON.stringify(mode)} drives every tool`, { skip },
    async () => {
      const client = new ClientV2(IDENTITY,
        { versionNegotiation: { mode } });

      await drive(client, StdioV2, processes);
      assert.equal(client.getProtocolEra() ?? era, era);
    });
}

test('SDK v2 speaks the era that was asked for', { skip }, async () => {
  for (const [mode, era, version] of [['auto', 'modern', MODERN],
    ['legacy', 'legacy', LEGACY], [{ pin: MODERN }, 'modern', MODERN]]) {
    const house = new House();
    const client = new ClientV2(IDENTITY, { versionNegotiation: { mode } });

    await client.connect(new StdioV2({ command: program, args: house.args }));
    assert.equal(client.getProtocolEra(), era);
    assert.equal(client.getNegotiatedProtocolVersion(), version);
    await client.close();
    house.remove();
  }
});

test('a client library can cancel a call', { skip }, async () => {
  const house = new House();
  const client = new ClientV1(IDENTITY);
  const abort = new AbortController();

  await client.connect(new StdioV1({ command: program, args: house.args }));
  const call = client.callTool({ name: 'ibkr_accounts_list' }, undefined,
    { signal: abort.signal });

  abort.abort('enough');
  await assert.rejects(call);
  // the server is there, and so is the record
  assert.ok(!(await client.callTool({ name: 'ibkr_health' })).isError);
  await client.close();
  const { code, out, err } = await house.run('audit', 'verify');

  assert.equal(code, 0, out + err);
  house.remove();
});
