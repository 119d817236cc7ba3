// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// subscriptions/listen: what may be watched, what is told, and how it ends.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { modern, modernHeaders, withDoor } from './door.mjs';
import { ORDER_SCOPES, READ_SCOPES, Wire, skip } from './house.mjs';
import { LISTEN as METHOD, Stream } from './stream.mjs';

const ID = 'io.modelcontextprotocol/subscriptionId';
const SWITCH = 'ibkr://kill-switch';
// Streams that were given up count until the server has seen it.
const WIDE = { remote: `remote_mcp:
  rate_limit_max_requests: 100000
  max_connections: 256
  max_connections_per_address: 256
` };

async function close(door, reason) {
  const { code, err } = await door.house.run('kill-switch', 'close',
    '--reason', reason);

  assert.equal(code, 0, err);
}

test('inv7: who watches the kill switch is told of each change', { skip },
  () => withDoor(WIDE, async (door) => {
    await close(door, 'first');
    const streams = await Promise.all([Stream.open(door, 'a', [SWITCH]),
      Stream.open(door, 0, [SWITCH, 'ibkr://orders/DU1234567/none',
        'ibkr://docs/audit', 'file:///etc/passwd', 7]),
      Stream.open(door, 'none', undefined,
        { notifications: { toolsListChanged: true } })]);
    const ids = ['a', 0, 'none'];

    for (const [i, stream] of streams.entries()) {
      const { method, params } = await stream.hear();

      assert.equal(method, 'notifications/subscriptions/acknowledged');
      assert.equal(params._meta[ID], ids[i]);
      assert.deepEqual(params.notifications, i < 2
        ? { resourceSubscriptions: [SWITCH] } : {});
    }
    // by another process
    await close(door, 'second');
    for (const [i, stream] of streams.slice(0, 2).entries()) {
      const { method, params } = await stream.hear();

      assert.equal(method, 'notifications/resources/updated');
      assert.deepEqual(params, { _meta: { [ID]: ids[i] }, uri: SWITCH });
    }
    streams[1].request.destroy();
    await close(door, 'third');
    assert.equal((await streams[0].hear()).params.uri, SWITCH);

    const ended = door.stop();

    for (const i of [0, 2]) {
      assert.deepEqual(await streams[i].hear(), { jsonrpc: '2.0', id: ids[i],
        result: { resultType: 'complete', _meta: { [ID]: ids[i] } } });
      assert.equal(await streams[i].hear(), null);
    }
    assert.deepEqual(await ended, [0, null]);
  }));

test('what the caller may not read is not watched either', { skip },
  () => withDoor({ ...WIDE, scopes: ['ibkr:accounts:read'] }, async (door) => {
    const stream = await Stream.open(door, 1, [SWITCH]);

    assert.deepEqual((await stream.hear()).params.notifications, {});
    stream.request.destroy();
  }));

test('a subscription has its form', { skip },
  () => withDoor(WIDE, async (door) => {
    const ask = (params, headers = {}) => door.modern(METHOD, params, headers);

    assert.equal((await ask({}, { accept: 'application/json' })).status, 406);
    assert.equal((await ask({})).json.error.code, -32602);
    assert.equal((await ask({ notifications: [] })).json.error.code, -32602);
    const { json } = await door.modern('server/discover');

    assert.deepEqual(json.result.capabilities.resources, { subscribe: true });
    // of the modern era alone
    assert.equal((await door.post({ jsonrpc: '2.0', id: 1, method: METHOD,
      params: { notifications: {} } })).json.error.code, -32601);
  }));

test('streams that are not read any more leave nothing behind', { skip },
  () => withDoor(WIDE, async (door) => {
    for (let round = 0; round < 5; round++) {
      const streams = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        Stream.open(door, i, [SWITCH])));

      await Promise.all(streams.map((stream) => stream.hear()));
      streams.forEach(({ request }) => request.destroy());
    }
    await close(door, 'again');
    assert.equal((await door.modern('tools/list')).status, 200);
    const start = Date.now();

    assert.deepEqual(await door.stop(), [0, null]);
    assert.ok(Date.now() - start < 5000, `${Date.now() - start} ms`);
  }));

test('who subscribes again while it stops does not hold it up', { skip },
  () => withDoor({ remote: `  options: {fake: {delay_ms: 1500}}
` },
  async (door) => {
    const body = JSON.stringify(modern(METHOD,
      { notifications: { resourceSubscriptions: [SWITCH] } }));
    const headers = Object.entries({ host: '127.0.0.1',
      'content-type': 'application/json', accept: 'text/event-stream',
      'content-length': body.length, ...modernHeaders(METHOD) })
      .map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const request = `POST /mcp HTTP/1.1\r\n${headers}\r\n${body}`;
    const socket = net.connect(door.port, '127.0.0.1');

    socket.setEncoding('latin1');
    socket.on('error', () => {});
    await new Promise((resolve) => {
      socket.on('data', (text) => {
        if (text.includes('acknowledged'))
          resolve();
        if (text.includes('"resultType":"complete"'))
          socket.write(request);
      });
      socket.write(request);
    });
    // for which the door waits
    let call;

    await new Promise((begun, reject) => {
      call = door.modern('tools/call', { name: 'ibkr_accounts_list',
        arguments: {} }, { expect: '100-continue' }, { begun });
      call.catch(reject);
    });
    const start = Date.now();

    assert.deepEqual(await door.stop(), [0, null]);
    assert.ok(Date.now() - start < 5000, `${Date.now() - start} ms`);
    assert.equal((await call).status, 200);
  }));

test('a stream is no call, whose progress could be told', { skip },
  () => withDoor({ remote: `  options: {fake: {delay_ms: 2300}}
` }, async (door) => {
    const stream = await Stream.open(door, 1, [SWITCH],
      { meta: { progressToken: 'stream' } });
    const call = modern('tools/call', { name: 'ibkr_accounts_list',
      arguments: {} });

    call.params._meta = { ...call.params._meta, progressToken: 'call' };
    // all that run are told in one go
    const { text } = await door.post(call,
      modernHeaders('tools/call', call.params));

    assert.match(text, /notifications\/progress/);
    await close(door, 'told');
    assert.match((await stream.hear()).method, /acknowledged$/);
    assert.match((await stream.hear()).method, /updated$/);
  }));

test('one caller does not take all connections for streams', { skip },
  () => withDoor({ remote: `remote_mcp:
  rate_limit_max_requests: 100000
  max_connections: 8
  max_connections_per_address: 64
` }, async (door) => {
    const open = (id) => Stream.open(door, id, [SWITCH]);
    const streams = await Promise.all([1, 2, 3, 4].map(open));

    await Promise.all(streams.map((stream) => stream.hear()));
    const { status, json } = await door.modern(METHOD,
      { notifications: {} });

    assert.equal(status, 429);
    assert.match(json.error.message, /4 streams/);
    assert.equal((await door.modern('tools/list')).status, 200);
    // a place that was left can be had
    streams[0].request.destroy();
    const deadline = Date.now() + 60000;
    let next;

    while ((next = await open(5)).status === 429)
      assert.ok(Date.now() < deadline, door.err);
    assert.equal((await next.hear()).method,
      'notifications/subscriptions/acknowledged');
    [...streams, next].forEach(({ request }) => request.destroy());
  }));

// An order that another process places, and its address.
async function place(house) {
  const wire = new Wire(house);
  const good = async (name, args) => {
    const { result } = await wire.call(name,
      { account_id: 'DU1234567', ...args });

    assert.equal(result.isError, false, result.content[0].text);
    return result.structuredContent;
  };
  const { preview_id } = await good('ibkr_order_preview', { symbol: 'AAPL',
    side: 'buy', quantity: '1', order_type: 'limit', limit_price: '190.00',
    time_in_force: 'day' });
  const { approval_id } = await good('ibkr_approvals_create', { preview_id });
  const { broker_order_id: id } = await good('ibkr_paper_order_submit',
    { approval_id, idempotency_key: 'k' });

  wire.child.stdin.end();
  await wire.exit;
  return { id, uri: `ibkr://orders/DU1234567/${id}` };
}

// Damage the stored row of an order, in all its versions, under the feet of
// whoever reads it.
function damage(house, id) {
  const file = path.join(house.store, 'data.mdb');
  const text = fs.readFileSync(file, 'latin1');
  const fd = fs.openSync(file, 'r+');
  let count = 0;

  for (const { index } of text.matchAll(`/${id}{"account"`))
    count += fs.writeSync(fd, '!', index + id.length + 1);
  fs.closeSync(fd);
  assert.ok(count > 0);
}

test('a row that cannot be read ends the streams that watch it, and no other',
  { skip },
  () => withDoor({ ...WIDE, scopes: READ_SCOPES.concat(ORDER_SCOPES),
    more: `order_preview: {enabled: true}
paper_trading:
  enabled: true
  allowed_accounts: [DU1234567]
  writer: local-candidate
` }, async (door) => {
    const { id, uri } = await place(door.house);
    const both = await Stream.open(door, 1, [SWITCH, uri]);
    const other = await Stream.open(door, 2, [SWITCH]);

    assert.deepEqual((await both.hear()).params.notifications,
      { resourceSubscriptions: [SWITCH, uri] });
    await other.hear();
    damage(door.house, id);
    let last;

    do
      last = await both.hear();
    while (last.method);
    assert.equal(last.result.resultType, 'complete');
    assert.equal(await both.hear(), null);
    assert.match(door.err, /a stream ends/);
    await close(door, 'again');
    assert.equal((await other.hear()).params.uri, SWITCH);
    const again = await door.modern(METHOD,
      { notifications: { resourceSubscriptions: [uri] } });

    assert.equal(again.json.error.code, -32603, again.text);
    other.request.destroy();
  }));
