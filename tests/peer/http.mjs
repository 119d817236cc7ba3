// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The HTTP door from outside, without authentication: what the headers must
// say, what comes back, and both generations of the official client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 }
  from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 }
  from '@modelcontextprotocol/client';
import { Door, modern, withDoor } from './door.mjs';
import { everyTool } from './drive.mjs';
import { META, MODERN, skip } from './house.mjs';
import { answerFaults } from './schema.mjs';

const IDENTITY = { name: 'peer', version: '1' };

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const evil = (name, value) => ({ [name]: value });

// [what, message or text, headers, status, code]
const TABLE = [
  ['a legacy request', list, {}, 200],
  ['every legacy version', list, { 'mcp-protocol-version': '2025-03-26' }, 200],
  ['a version with blanks around it', list,
    { 'mcp-protocol-version': ' 2025-03-26 \t' }, 200],
  ['a legacy version nobody knows', list,
    { 'mcp-protocol-version': '2023-01-01' }, 400, -32600],
  ['a session id of somebody else', list, { 'mcp-session-id': 'x' }, 200],
  ['no JSON', '{"jsonrpc":', {}, 400, -32700],
  ['an array', [list], {}, 400, -32600],
  ['an id that is null', { ...list, id: null }, {}, 400, -32600],
  ['an id that is a fraction', { ...list, id: 1.5 }, {}, 400, -32600],
  ['an unknown legacy method', { ...list, method: 'no' }, {}, 200, -32601],
  ['an unknown tool', { ...list, method: 'tools/call',
    params: { name: 'ibkr_no' } }, {}, 200, -32602],
  ['a notification', { jsonrpc: '2.0', method: 'notifications/initialized' },
    {}, 202],
  ['an answer', { jsonrpc: '2.0', id: 1, result: {} }, {}, 202],
  ['JSON alone is accepted', list, { accept: 'application/json' }, 200],
  ['JSON is accepted on a line of its own', list,
    { accept: ['text/html', 'application/json'] }, 200],
  ['anything is accepted', list, { accept: '*/*' }, 200],
  ['nothing is accepted', list, { accept: '' }, 406],
  ['neither is accepted', list, { accept: 'text/html' }, 406],
  ['JSON with a charset', list,
    { 'content-type': 'application/json; charset=utf-8' }, 200],
  ['plain text', list, { 'content-type': 'text/plain' }, 415],
  ['JSON of another kind', list, { 'content-type': 'application/jsonx' }, 415],
  ['an evil Origin', list, evil('origin', 'http://evil.example'), 403],
  ['an Origin that is null', list, evil('origin', 'null'), 403],
  ['an Origin of this machine', list, evil('origin', 'http://localhost:6274'),
    200],
  ['an Origin that looks like it', list,
    evil('origin', 'http://localhost.evil.example'), 403],
  ['a Host with blanks behind it', list, evil('host', 'localhost \t'), 200],
  ['an evil Host', list, evil('host', 'evil.example:80'), 403],
  ['a Host with a user', list, evil('host', 'localhost@evil.example'), 403],
];

const MODERN_TABLE = [
  ['as it should be', {}, {}, 200],
  ['no version header', {}, { 'mcp-protocol-version': undefined }, 400, -32020],
  ['another version header', {}, { 'mcp-protocol-version': '2025-11-25' },
    400, -32020],
  ['no method header', {}, { 'mcp-method': undefined }, 400, -32020],
  ['another method header', {}, { 'mcp-method': 'Tools/list' }, 400, -32020],
  ['no _meta', { params: {} }, {}, 400, -32602],
  ['no capabilities', { params: { _meta:
    { 'io.modelcontextprotocol/protocolVersion': MODERN } } }, {}, 400, -32602],
  ['a version nobody knows', { params: { _meta: { ...META,
    'io.modelcontextprotocol/protocolVersion': '2099-01-01' } } },
  { 'mcp-protocol-version': '2099-01-01' }, 400, -32022],
  ['an unknown method', { method: 'no/thing' }, { 'mcp-method': 'no/thing' },
    404, -32601],
  ['a removed method', { method: 'ping' }, { 'mcp-method': 'ping' },
    404, -32601],
  ['an unknown tool', { method: 'tools/call',
    params: { name: 'ibkr_no', _meta: META } },
  { 'mcp-method': 'tools/call', 'mcp-name': 'ibkr_no' }, 200, -32602],
  ['no name header', { method: 'tools/call',
    params: { name: 'ibkr_health', _meta: META } },
  { 'mcp-method': 'tools/call' }, 400, -32020],
  ['another name header', { method: 'tools/call',
    params: { name: 'ibkr_health', _meta: META } },
  { 'mcp-method': 'tools/call', 'mcp-name': 'ibkr_Health' }, 400, -32020],
  ['a version that the header contradicts', { params: { _meta: { ...META,
    'io.modelcontextprotocol/protocolVersion': '2099-01-01' } } }, {},
  400, -32020],
  ['blanks around a value', { method: 'tools/call',
    params: { name: 'ibkr_health', _meta: META } },
  { 'mcp-method': 'tools/call', 'mcp-name': ' ibkr_health \t' }, 200],
  ['a name in base64', { method: 'tools/call',
    params: { name: 'ibkr_health', _meta: META } },
  { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?aWJrcl9oZWFsdGg=?=' },
  200],
  ['a name in bad base64', { method: 'tools/call',
    params: { name: 'ibkr_health', _meta: META } },
  { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?aWJrcl9oZWFsdGg?=' },
  400, -32020],
  ['a session and an event id', {}, { 'mcp-session-id': 'x',
    'last-event-id': '1' }, 200],
];

async function expect(door, what, message, headers, status, code) {
  const answer = await door.post(message, headers);

  assert.equal(answer.status, status, `${what}: ${answer.text}`);
  if (status === 202)
    assert.equal(answer.text, '', what);
  else if (code !== undefined)
    assert.equal(answer.json?.error?.code, code, `${what}: ${answer.text}`);
  return answer;
}

test('legacy requests and their headers', { skip },
  () => withDoor({}, async (door) => {
    for (const [what, message, headers, status, code] of TABLE)
      await expect(door, what, message, headers, status, code);
  }));

test('modern requests and their headers', { skip },
  () => withDoor({}, async (door) => {
    for (const [what, change, headers, status, code] of MODERN_TABLE)
      await expect(door, what, { ...modern('tools/list'), ...change },
        { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list',
          ...headers }, status, code);
  }));

test('other methods and paths', { skip }, () => withDoor({}, async (door) => {
  for (const method of ['GET', 'DELETE', 'PUT', 'OPTIONS', 'PATCH']) {
    const answer = await door.ask(method, '/mcp');

    assert.equal(answer.status, 405, method);
    assert.equal(answer.headers.allow, 'POST');
  }
  for (const path of ['/', '/mcp/', '/mcpx', '/metrics', '/MCP'])
    assert.equal((await door.ask('POST', path, list)).status, 404, path);
  assert.equal((await door.ask('POST', '/mcp?x=%41', list)).status, 200);
  // what might be read in two ways is not read at all
  for (const path of ['/%6dcp', '/mcp%00', '/..%2fmcp'])
    assert.equal((await door.ask('POST', path, list)).status, 400, path);
}));

test('a query is cut off the first request, whatever its head', { skip },
  () => withDoor({}, async (door) => {
    const many = Array(300).fill('192.0.2.1').join(', ');
    const answer = await door.ask('POST', '/mcp?x', list,
      { 'x-forwarded-for': many });

    assert.equal(answer.status, 200, answer.text);
  }));

test('an answer comes as a stream where only that is accepted', { skip },
  () => withDoor({}, async (door) => {
    const answer = await door.post(list, { accept: 'text/event-stream' });

    assert.equal(answer.headers['content-type'], 'text/event-stream');
    assert.equal(answer.headers['x-accel-buffering'], 'no');
    const [, data] = answer.text.match(/^event: message\ndata: (.*)\n\n$/);

    assert.ok(JSON.parse(data).result.tools.length > 30);
  }));

test('without authentication nothing but reading is shown', { skip },
  () => withDoor({ scopes: ['ibkr:health:read', 'ibkr:orders:preview',
    'ibkr:orders:paper:submit', 'ibkr:approvals:create'] }, async (door) => {
    const { json } = await door.post(list);

    assert.deepEqual(json.result.tools.map(({ name }) => name)
      .filter((name) => /submit|preview|approval/.test(name)), []);
    const call = await door.post({ ...list, method: 'tools/call',
      params: { name: 'ibkr_order_preview', arguments: {} } });

    assert.match(call.text, /AUTH_MISSING_SCOPE/);
  }));

test('what is not allowed to be served is not', { skip }, async () => {
  const cases = [
    [['--without-auth'], /needs --enable-remote-mcp/],
    [['--enable-remote-mcp'], /needs remote_mcp.enabled: true/],
    [['--enable-remote-mcp', '--without-auth', '--bind', '0.0.0.0:0'],
      /only a loopback address/],
    [['--enable-remote-mcp', '--without-auth', '--bind', 'here'],
      /not ADDRESS:PORT/],
  ];

  for (const [args, text] of cases) {
    const { code, err } = await Door.fails(args);

    assert.equal(code, 7, err);
    assert.match(err, text);
  }
});

async function drive(door, client, transport) {
  await client.connect(transport);
  assert.equal(client.getServerVersion().name, 'ibkr-agent-gateway');
  await everyTool(client);
  const { resources } = await client.listResources();

  for (const { uri } of resources)
    await client.readResource({ uri });
  await client.getPrompt({ name: 'daily-review',
    arguments: { account_id: 'DU1234567' } });
  await client.close();
  const { code, out, err } = await door.house.run('audit', 'verify');

  assert.equal(code, 0, out + err);
}

test('SDK v1 drives every tool over HTTP', { skip },
  () => withDoor({}, (door) => drive(door, new ClientV1(IDENTITY),
    new HttpV1(new URL(door.url)))));

for (const mode of ['auto', 'legacy', { pin: MODERN }]) {
  test(`SDK v2 ${JSON.stringify(mode)} drives every tool over HTTP`, { skip },
    () => withDoor({}, (door) => drive(door,
      new ClientV2(IDENTITY, { versionNegotiation: { mode } }),
      new HttpV2(new URL(door.url)))));
}

test('every answer is one of the protocol', { skip },
  () => withDoor({}, async (door) => {
    for (const [method, params] of [['server/discover', {}],
      ['tools/list', {}], ['resources/list', {}],
      ['resources/templates/list', {}], ['prompts/list', {}],
      ['tools/call', { name: 'ibkr_health', arguments: {} }],
      ['resources/read', { uri: 'ibkr://kill-switch' }]]) {
      const { json, status } = await door.modern(method, params);

      assert.equal(status, 200, method);
      assert.equal(answerFaults(MODERN, method, json), '');
    }
  }));
