// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// subscriptions/listen: what may be watched, what is told, and how it ends.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { modern, modernHeaders, withDoor } from './door.mjs';
import { skip } from './house.mjs';

const METHOD = 'subscriptions/listen';
const ID = 'io.modelcontextprotocol/subscriptionId';
const SWITCH = 'ibkr://kill-switch';
// Streams that were given up count until the server has seen it.
const WIDE = { remote: `remote_mcp:
  rate_limit_max_requests: 100000
  max_connections: 256
  max_connections_per_address: 256
` };

// A stream whose messages are heard one by one; null: it is over.
class Stream {
  static open(door, id, uris, notifications = { resourceSubscriptions: uris }) {
    const stream = new Stream();
    const message = modern(METHOD, { notifications }, id);

    stream.events = [];
    stream.waiting = [];
    return new Promise((resolve, reject) => {
      stream.request = http.request({ port: door.port, method: 'POST',
        path: '/mcp', agent: false, headers: {
          'content-type': 'application/json', accept: 'text/event-stream',
          ...modernHeaders(METHOD) } }, (response) => {
        let rest = '';

        stream.status = response.statusCode;
        response.setEncoding('utf8');
        response.on('data', (text) => {
          const parts = (rest + text).split('\n\n');

          rest = parts.pop();
          for (const part of parts) {
            if (!part.startsWith(':'))
              stream.take(JSON.parse(part.match(/^data: (.*)$/m)[1]));
          }
        });
        response.on('close', () => stream.take(null));
        response.on('error', () => {});
        resolve(stream);
      });
      stream.request.on('error', reject);
      stream.request.end(JSON.stringify(message));
    });
  }

  take(event) {
    const waiter = this.waiting.shift();

    if (waiter)
      waiter(event);
    else
      this.events.push(event);
  }

  hear() {
    return this.events.length > 0 ? Promise.resolve(this.events.shift())
      : new Promise((resolve) => this.waiting.push(resolve));
  }
}

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
      Stream.open(door, 'none', undefined, { toolsListChanged: true })]);
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
    const call = door.modern('tools/call', { name: 'ibkr_accounts_list',
      arguments: {} });

    await new Promise((resolve) => setTimeout(resolve, 300));
    const start = Date.now();

    assert.deepEqual(await door.stop(), [0, null]);
    assert.ok(Date.now() - start < 5000, `${Date.now() - start} ms`);
    assert.equal((await call).status, 200);
  }));
