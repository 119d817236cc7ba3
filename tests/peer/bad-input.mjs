// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Whatever comes in is answered as specified, and the server goes on.

import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { House, MODERN, Wire, skip } from './house.mjs';
import { wireFaults } from './schema.mjs';

let house, wire;

beforeEach(async () => {
  if (skip || (wire && wire.child.exitCode === null))
    return;
  house?.remove();
  house = new House();
  wire = new Wire(house);
});

after(async () => {
  await wire?.end();
  house?.remove();
});

// Send bytes as one line; the answer is an error with that code and no id.
async function refused(bytes, code) {
  wire.send(Buffer.concat([Buffer.from(bytes), Buffer.from('\n')]));
  const answer = await wire.hear();

  assert.equal(answer.error?.code, code, JSON.stringify(answer).slice(0, 200));
  assert.ok(!('id' in answer));
  assert.equal(wireFaults(MODERN, 'JSONRPCErrorResponse', answer), '');
}

async function alive() {
  assert.deepEqual(await wire.ask('ping', undefined, 'alive'),
    { jsonrpc: '2.0', id: 'alive', result: {} });
}

const PARSE = -32700, INVALID = -32600, PARAMS = -32602;

test('malformed JSON is -32700', { skip }, async () => {
  for (const text of ['x', '{', '}', '{"a"}', '{"a":}', '{a:1}', "{'a':1}",
    '{"a":1,}', '[1,]', '{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":1.}',
    '{"a":0x1}', '{"a":NaN}', '{"a":Infinity}', '"\\x"', '"\\u12"', '"a',
    '"\t"', 'nul', 'TRUE', '1 2', '{} {}', '/*c*/{}', '{}//c', '\ufeff{}',
    '{"jsonrpc":"2.0","id":1,"method":"ping"', '"\\ud800"', '"\\udc00"',
    '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', `{"a":${'9'.repeat(65)}}`])
    await refused(text, PARSE);
  await alive();
});

test('wrong UTF-8 and NUL bytes are -32700', { skip }, async () => {
  for (const bytes of [[0xff], [0x80], [0xc0, 0x80], [0xc3], [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0]]) {
    await refused(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes),
      Buffer.from('"}')]), PARSE);
    await refused(Buffer.from(bytes), PARSE);
  }
  await refused('{"jsonrpc":"2.0","id":"a\\u0000b","method":"ping"}', PARSE);
  await refused('{"jsonrpc":"2.0","id":1,"method":"p","a\\u0000":1}', PARSE);
  await alive();
});

test('depth and size bombs are refused', { skip }, async () => {
  await refused('['.repeat(100000), PARSE);
  await refused('{"a":'.repeat(33) + '1' + '}'.repeat(33), PARSE);
  await refused(`[${'0,'.repeat(200000)}0]`, PARSE);
  await refused(`{"a":[${'{},'.repeat(100001)}0]}`, PARSE);
  await alive();
});

test('a line past a megabyte is refused once and skipped', { skip },
  async () => {
    for (const size of [1048577, 3 * 1048576]) {
      await refused('x'.repeat(size), INVALID);
      await alive();
    }
    const long = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping',
      params: { pad: '' } });
    const full = long.replace('""', `"${'x'.repeat(1048576 - long.length)}"`);

    assert.equal(full.length, 1048576);
    wire.send(`${full}\n`);
    assert.deepEqual(await wire.hear(), { jsonrpc: '2.0', id: 1, result: {} });
  });

test('a line that comes in pieces is one message', { skip }, async () => {
  const line = '{"jsonrpc":"2.0","id":"\u00e9","method":"ping"}\r\n';

  for (const byte of Buffer.from(line)) {
    wire.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await wire.hear(),
    { jsonrpc: '2.0', id: '\u00e9', result: {} });
});

test('a half line at the end of input is answered', { skip }, async () => {
  const whole = new Wire(house);
  const half = new Wire(house);

  whole.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  half.send('{"jsonrpc":"2.0","id":1,"meth');
  whole.child.stdin.end();
  half.child.stdin.end();
  assert.deepEqual(await whole.hear(), { jsonrpc: '2.0', id: 1, result: {} });
  assert.equal((await half.hear()).error.code, PARSE);
  assert.deepEqual(await whole.exit, [0, null]);
  assert.deepEqual(await half.exit, [0, null]);
});

test('blank lines and CRLF are let pass', { skip }, async () => {
  wire.send('\n\r\n   \n\t\r\n');
  await alive();
});

test('ids are echoed in their own type, or refused', { skip }, async () => {
  for (const id of ['0', '-1', '9007199254740993', '9223372036854775807', '""',
    '"0"', '"listen:0"', '"\u{1f600}"', `"${'i'.repeat(100000)}"`]) {
    wire.send(`{"jsonrpc":"2.0","id":${id},"method":"ping"}\n`);
    const text = JSON.stringify(await wire.hear());

    // JSON.parse rounds large integers, so only what it keeps is compared
    if (!/^\d{16,}$/.test(id))
      assert.equal(text, `{"jsonrpc":"2.0","id":${id},"result":{}}`);
  }
  for (const id of ['null', 'true', 'false', '1.5', '1e3', '[]', '[1]', '{}',
    '9223372036854775808', '-9223372036854775809', '9'.repeat(60)])
    await refused(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`, INVALID);
  await alive();
});

test('what is no message is -32600, with the id where there is one', { skip },
  async () => {
    for (const text of ['[]', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
      '{}', 'null', '0', '"x"', 'true', '{"jsonrpc":"2.0"}'])
      await refused(text, INVALID);
    for (const message of [{ jsonrpc: '2.0' }, { method: 'ping' },
      { jsonrpc: '1.0', method: 'ping' }, { jsonrpc: 2, method: 'ping' },
      { jsonrpc: '2.0', method: 1 }, { jsonrpc: '2.0', method: null },
      { jsonrpc: '2.0', method: ['ping'] }]) {
      wire.say({ ...message, id: 'x' });
      const answer = await wire.hear();

      assert.equal(answer.error.code, INVALID, JSON.stringify(message));
      assert.equal(answer.id, 'x');
    }
    await alive();
  });

test('params and _meta of the wrong type are -32602', { skip }, async () => {
  for (const params of [[], 'x', 1, true, { _meta: 1 }, { _meta: [] }]) {
    wire.say({ jsonrpc: '2.0', id: 1, method: 'tools/list', params });
    const answer = await wire.hear();

    assert.equal(answer.error.code, PARAMS, JSON.stringify(params));
  }
  for (const params of [{ name: 1 }, { name: ['ibkr_health'] }, {},
    { name: 'ibkr_health', arguments: 'x' },
    { name: 'ibkr_health', arguments: [] },
    { name: 'ibkr_health', arguments: 7 }]) {
    const answer = await wire.ask('tools/call', params);

    assert.equal(answer.error.code, PARAMS, JSON.stringify(params));
  }
});

test('unknown members of messages are let pass', { skip }, async () => {
  wire.say({ jsonrpc: '2.0', id: 5, method: 'tools/call', extra: { deep: [] },
    params: { name: 'ibkr_health', more: 1, task: { ttl: 1 },
      _meta: { progressToken: 0, traceparent: '00', 'x/y': null } } });
  const answer = await wire.hear();

  assert.equal(answer.id, 5);
  assert.equal(answer.result.isError, false);
});

test('responses and unknown notifications are ignored', { skip }, async () => {
  wire.say({ jsonrpc: '2.0', id: 1, result: {} });
  wire.say({ jsonrpc: '2.0', id: 1, error: { code: 1, message: 'x' } });
  wire.notify('notifications/none');
  wire.notify('tools/call', { name: 'ibkr_health' });
  wire.notify('notifications/cancelled', { requestId: { a: 1 } });
  wire.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: [] });
  await alive();
});

test('control characters in arguments never reach a result raw', { skip },
  async () => {
    const query = 'A\u0001\u001b[31m\u007f\u0085\u2028B';
    const answer = await wire.call('ibkr_contracts_search', { query });
    const text = answer.result.content[0].text;

    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\u0000-\u001f\u007f]/);
  });

test('uris that try to get out are not found', { skip }, async () => {
  for (const uri of ['ibkr://docs/../../etc/passwd', 'ibkr://docs/%2e%2e',
    'ibkr://docs/audit/..', 'ibkr://orders/a%2Fb/1', 'file:///etc/passwd',
    'ibkr://orders//1', 'ibkr://audit/1e3', 'ibkr://audit/0x10',
    'ibkr://audit/1%00', `ibkr://orders/${'a'.repeat(9999)}/1`,
    'ibkr://audit/9007199254740993', '', 'ibkr://']) {
    const answer = await wire.ask('resources/read', { uri });

    assert.equal(answer.error?.code, -32002, uri.slice(0, 60));
  }
});
