// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Mixed load over HTTP for a while: calls, lists, streams, clients that
// leave, are slow, send too much or bytes that are none, all at a time.
// Whoever behaves is served; memory and descriptors are at the end what they
// were after the beginning.  IAG_TEST_SOAK says for how many seconds; make
// check-soak takes an hour.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { modern, modernHeaders, withDoor } from './door.mjs';
import { skip } from './house.mjs';

const SECONDS = Number(process.env.IAG_TEST_SOAK ?? 5);
const WIDE = { remote: `remote_mcp:
  rate_limit_max_requests: 100000
  rate_limit_window_seconds: 1
  rate_limit_max_requests_per_address: 1000000
  max_connections: 200
  max_connections_per_address: 200
` };

const isPlain = !process.env.ASAN_OPTIONS && !process.env.TSAN_OPTIONS;

function state(door) {
  const proc = `/proc/${door.child.pid}`;

  return { files: fs.readdirSync(`${proc}/fd`).length,
    memory: Number(fs.readFileSync(`${proc}/status`, 'utf8')
      .match(/RssAnon:\s+(\d+)/)[1]) };
}

// One request on kept connections, by somebody who behaves.
function polite(door, agent, method, params) {
  return async () => {
    const { status, json, text } = await door.modern(method, params, {},
      { agent });

    assert.equal(status, 200, text);
    assert.ok(json.result && !json.result.isError, text);
  };
}

// A request that is left before its answer, or a stream that is.
function impatient(door, method, params) {
  return () => new Promise((resolve) => {
    const request = http.request({ port: door.port, method: 'POST',
      path: '/mcp', agent: false, headers: {
        'content-type': 'application/json', accept: 'text/event-stream',
        ...modernHeaders(method, params) } }, (response) => {
      response.once('data', () => request.destroy());
      response.on('error', () => {});
    });

    request.on('error', () => {});
    request.on('close', resolve);
    request.end(JSON.stringify(modern(method, params)), () => {
      if (method === 'tools/call')
        request.destroy();
    });
  });
}

// A connection of its own, which act() writes to; done when it is closed.
function socket(door, act) {
  return () => new Promise((resolve) => {
    const peer = net.connect(door.port, '127.0.0.1');

    peer.on('error', () => {});
    peer.on('close', resolve);
    peer.resume();
    peer.once('connect', () => act(peer));
  });
}

const PING = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
const headOf = (length) => `POST /mcp HTTP/1.1\r\nHost: localhost\r\n`
  + `Content-Type: application/json\r\nContent-Length: ${length}\r\n`
  + 'Connection: close\r\n\r\n';

// Bytes that are no request.
function rude(door, random) {
  return socket(door, (peer) => peer.end(Buffer.from(
    Array.from({ length: 200 }, () => Math.floor(random() * 256)))));
}

// One that comes in pieces, and is answered all the same.
function slow(door) {
  const bytes = headOf(PING.length) + PING;

  return async () => {
    let text = '';

    await socket(door, (peer) => {
      let at = 0;
      const next = () => {
        if (at < bytes.length)
          peer.write(bytes.slice(at, at += 40), () => setImmediate(next));
      };

      peer.on('data', (data) => { text += data; });
      next();
    })();
    assert.match(text, /^HTTP\/1\.1 200 .*"result"/s);
  };
}

// One that ends in the middle, by a reset.
function broken(door) {
  return socket(door, (peer) => peer.write(headOf(PING.length)
    + PING.slice(0, 9), () => peer.resetAndDestroy()));
}

// More than is taken.
function large(door) {
  return socket(door, (peer) => peer.write(headOf(2 << 20)
    + 'x'.repeat(1 << 18)));
}

test(`mixed load for ${SECONDS} seconds leaves nothing behind`, { skip },
  () => withDoor(WIDE, async (door) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    let seed = 20261128;
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed / 2147483648;
    };
    const kinds = [
      polite(door, agent, 'tools/list', {}),
      polite(door, agent, 'tools/call',
        { name: 'ibkr_accounts_list', arguments: {} }),
      polite(door, agent, 'tools/call', { name: 'ibkr_market_snapshot',
        arguments: { contract_id: '265598' } }),
      polite(door, agent, 'resources/read', { uri: 'ibkr://kill-switch' }),
      impatient(door, 'tools/call',
        { name: 'ibkr_accounts_list', arguments: {} }),
      impatient(door, 'subscriptions/listen', { notifications:
        { resourceSubscriptions: ['ibkr://kill-switch'] } }),
      rude(door, random),
      slow(door),
      broken(door),
      large(door),
    ];
    const counts = kinds.map(() => 0);
    const run = async (until) => {
      const worker = async () => {
        while (Date.now() < until) {
          const kind = Math.floor(random() * kinds.length);

          await kinds[kind]();
          counts[kind]++;
        }
      };

      await Promise.all(Array.from({ length: 24 }, worker));
    };
    const settle = async (most) => {
      const deadline = Date.now() + 20000;

      while (state(door).files > most) {
        assert.ok(Date.now() < deadline, `${state(door).files} descriptors`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };

    await door.modern('tools/call',
      { name: 'ibkr_accounts_list', arguments: {} });
    const { files } = state(door);

    await run(Date.now() + SECONDS * 300);
    const { memory } = state(door);

    await run(Date.now() + SECONDS * 700);
    agent.destroy();
    await settle(files);
    assert.ok(!isPlain || state(door).memory < memory + 4096,
      `${memory} KiB, ${state(door).memory} at the end`);
    assert.ok(counts.every((count) => count > 0), String(counts));
    assert.deepEqual(await door.stop(), [0, null]);
    const { code, out, err } = await door.house.run('audit', 'verify');

    assert.equal(code, 0, out + err);
  }));
