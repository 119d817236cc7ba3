// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// What the open network sends: requests that two servers read in two ways,
// peers that are slow, silent or gone, far too much of everything.  The
// others are served all the while, and nothing stays behind.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { withDoor } from './door.mjs';
import { skip } from './house.mjs';

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';

const WIDE = `remote_mcp:
  rate_limit_max_requests: 100000
  rate_limit_max_requests_per_address: 1000000
  max_connections: 1200
  max_connections_per_address: 1200
`;
const HASTY = `${WIDE}  request_timeout_seconds: 1
  idle_timeout_seconds: 1
`;

function head(door, lines, body = ping) {
  return [`POST /mcp HTTP/1.1`, `Host: 127.0.0.1:${door.port}`,
    'Content-Type: application/json', ...lines, '', body].join('\r\n');
}

const closing = ['Connection: close'];
const length = [`Content-Length: ${ping.length}`];

function descriptors(door) {
  return fs.readdirSync(`/proc/${door.child.pid}/fd`).length;
}

// Sanitizers have memory of their own.
const isPlain = !process.env.ASAN_OPTIONS && !process.env.TSAN_OPTIONS;

// Anonymous memory, in KiB.
function memory(door) {
  const status = fs.readFileSync(`/proc/${door.child.pid}/status`, 'utf8');

  return Number(status.match(/RssAnon:\s+(\d+)/)[1]);
}

async function isServed(door) {
  const answer = await door.post({ ...list, method: 'ping' });

  assert.equal(answer.status, 200, answer.text);
}

// Until the door has as many descriptors as before.  The library looks at
// what it got only after a wait for less than a batch of 128 events, so after
// exactly one batch and silence somebody has to knock.
async function hasLetGo(door, before) {
  const deadline = Date.now() + 60000;

  while (descriptors(door) > before) {
    assert.ok(Date.now() < deadline,
      `${before} descriptors before, now ${descriptors(door)}`);
    await isServed(door);
  }
}

test('requests that can be read in two ways are refused', { skip },
  () => withDoor({ remote: WIDE }, async (door) => {
    const cases = {
      'two lengths': [...length, 'Content-Length: 5'],
      'the same length twice': [...length, ...length],
      'length and chunks': [...length, 'Transfer-Encoding: chunked'],
      'another coding': ['Transfer-Encoding: xchunked'],
      'a list of codings': ['Transfer-Encoding: gzip, chunked'],
      'a signed length': ['Content-Length: +40'],
      'a hexadecimal length': ['Content-Length: 0x28'],
      'two hosts': [...length, 'Host: evil.example'],
      'two tokens': [...length, 'Authorization: Bearer a',
        'Authorization: Bearer b'],
      'two origins': [...length, 'Origin: http://localhost', 'Origin: null'],
      'a blank before the colon': [...length, 'X : 1'],
      'a name that is no token': [...length, 'X(y): 1'],
      'a control character': [...length, 'X: a\u0001b'],
    };

    for (const [what, lines] of Object.entries(cases)) {
      const answer = await door.raw(head(door, [...lines, ...closing]));

      assert.doesNotMatch(answer, /"id":7/, what);
      assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/, `${what}: ${answer}`);
    }
    for (const target of ['http://127.0.0.1/mcp', '*', '/%6dcp', 'mcp'])
      assert.match(await door.raw(head(door, [...length, ...closing])
        .replace(' /mcp ', ` ${target} `)), /^HTTP\/1\.1 4\d\d /, target);
    assert.match(await door.raw('POST /mcp HTTP/1.1\r\n\r\n'), /^(HTTP\/1\.1 400|$)/);
    assert.match(await door.raw(head(door, [...length, ...closing])), /"id":7/);
    await isServed(door);
  }));

test('requests in one piece are answered in their order', { skip },
  () => withDoor({ remote: WIDE }, async (door) => {
    const one = (id, lines) => {
      const body = ping.replace('7', id);

      return head(door, [`Content-Length: ${body.length}`, ...lines], body);
    };
    const answer = await door.raw(one(11, []) + one(12, []) + one(13, closing));

    assert.deepEqual([...answer.matchAll(/"id":(\d+)/g)].map(([, id]) => id),
      ['11', '12', '13']);
    const chunked = await door.raw(head(door, ['Transfer-Encoding: chunked',
      ...closing], `5\r\n${ping.slice(0, 5)}\r\n${(ping.length - 5)
      .toString(16)}\r\n${ping.slice(5)}\r\n0\r\n\r\n`));

    assert.match(chunked, /"id":7/);
  }));

test('what is too large is refused and not kept', { skip },
  () => withDoor({ remote: WIDE }, async (door) => {
    const before = memory(door);
    const large = `{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(2 << 20)}"}`;

    for (let i = 0; i < 20; i++) {
      // the door may close before all is sent
      const answer = await door.post(large).catch((fault) => fault);

      assert.ok(answer.status === 413 || answer.code, answer.text);
    }
    assert.match(await door.raw(head(door, ['Content-Length: 2000000',
      'Expect: 100-continue', ...closing], '')), /^HTTP\/1\.1 413 /);
    assert.match(await door.raw(head(door, [...length, ...closing,
      `X: ${'x'.repeat(60000)}`])), /^HTTP\/1\.1 4(31|13|00) /);
    assert.match(await door.raw(head(door, [...length, ...closing,
      ...Array.from({ length: 100 }, (_, i) => `X-${i}: 1`)])),
    /^HTTP\/1\.1 400 /);
    const long = await door.raw(`POST /${'x'.repeat(60000)} HTTP/1.1\r\n\r\n`);

    assert.match(long, /^HTTP\/1\.1 4\d\d /);
    const deep = await door.post(`{"jsonrpc":"2.0","id":1,"method":"ping",
      "params":{"x":${'['.repeat(5000)}${']'.repeat(5000)}}}`);

    assert.equal(deep.status, 400);
    const most = await door.post({ ...list, method: 'ping',
      params: { x: 'y'.repeat(900000) } });

    assert.equal(most.status, 200);
    await isServed(door);
    assert.ok(!isPlain || memory(door) < before + 16 * 1024,
      `${before} KiB, then ${memory(door)}`);
  }));

test('a body without an end is cut', { skip },
  () => withDoor({ remote: WIDE }, async (door) => {
    const socket = net.connect(door.port, '127.0.0.1');
    const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`;
    let isOver = false;

    socket.on('error', () => {});
    socket.on('close', () => { isOver = true; });
    socket.resume();
    socket.write(head(door, ['Transfer-Encoding: chunked'], ''));
    while (!isOver && socket.bytesWritten < (64 << 20)) {
      if (!socket.write(chunk))
        await Promise.race([once(socket, 'drain'), once(socket, 'close')]
          .map((wait) => wait.catch(() => {})));
    }
    assert.ok(socket.bytesWritten < (32 << 20));
    await isServed(door);
  }));

test('silent, slow and half-open peers are put out', { skip },
  () => withDoor({ remote: HASTY }, async (door) => {
    const start = Date.now();
    const before = descriptors(door);
    const whole = head(door, length);
    // a byte now and then, so that nothing is ever idle for long
    const drip = (text, end = false) => new Promise((resolve) => {
      const socket = net.connect(door.port, '127.0.0.1');
      let at = 0;
      const timer = setInterval(() => {
        if (at < text.length - 1)
          socket.write(text[at++]);
      }, 100);

      socket.resume();
      socket.on('error', () => {});
      socket.on('close', () => { clearInterval(timer); resolve(); });
      if (end)
        socket.end();
    });
    const kept = http.request({ port: door.port, method: 'POST', path: '/mcp',
      agent: new http.Agent({ keepAlive: true }),
      headers: { 'content-type': 'application/json' } });

    kept.end(ping);
    const [response] = await once(kept, 'response');

    response.resume();
    const peers = [drip(''), drip('', true), drip(whole), drip('POST '),
      drip(whole.slice(0, -30) + ' '.repeat(30)),
      once(response.socket, 'close')];
    let served = 0;
    let isOver = false;

    Promise.all(peers).then(() => { isOver = true; });
    while (!isOver) {
      await isServed(door);
      served++;
    }
    assert.ok(Date.now() - start < 15000);
    assert.ok(served > 5);
    await hasLetGo(door, before);
  }));

test('peers that vanish leave nothing behind', { skip },
  () => withDoor({ remote: WIDE }, async (door) => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call',
      params: { name: 'ibkr_accounts_list' } };
    const call = JSON.stringify(message);

    // opens what calls need
    await Promise.all(Array.from({ length: 30 }, () => door.post(message)));
    const before = descriptors(door);

    for (let i = 0; i < 300; i++) {
      const socket = net.connect(door.port, '127.0.0.1');

      await once(socket, 'connect');
      socket.on('error', () => {});
      if (i % 3 > 0)
        socket.write(head(door, [`Content-Length: ${call.length}`], call)
          .slice(0, i % 3 === 1 ? -10 : undefined));
      if (i % 2)
        socket.resetAndDestroy();
      else
        socket.destroy();
    }
    await isServed(door);
    await hasLetGo(door, before);
    const { code, out, err } = await door.house.run('audit', 'verify');

    assert.equal(code, 0, out + err);
  }));

test('connections are bounded, in all and by address', { skip }, async () => {
  await withDoor({ remote: `remote_mcp:
  max_connections: 8
  max_connections_per_address: 4
` }, async (door) => {
    const open = () => {
      const socket = net.connect(door.port, '127.0.0.1');

      socket.on('error', () => {});
      return socket;
    };
    const sockets = Array.from({ length: 4 }, open);

    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    // the fifth is closed at once
    assert.equal(await door.raw(''), '');
    sockets.pop().destroy();
    sockets.pop().destroy();
    for (let i = 0; i < 200; i++) {
      const answer = await door.post({ ...list, method: 'ping' })
        .catch(() => null);

      if (answer?.status === 200)
        break;
      assert.ok(i < 199);
    }
    sockets.forEach((socket) => socket.destroy());
  });
  await withDoor({ remote: `remote_mcp:
  max_connections: 8
  max_connections_per_address: 100
` }, async (door) => {
    // who does nothing makes room for who asks
    const sockets = Array.from({ length: 60 }, () => {
      const socket = net.connect(door.port, '127.0.0.1');

      socket.on('error', () => {});
      return socket;
    });

    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    await isServed(door);
    sockets.forEach((socket) => socket.destroy());
  });
});

test('too many requests are told when to come again', { skip }, async () => {
  await withDoor({ remote: `remote_mcp:
  rate_limit_max_requests: 5
  rate_limit_window_seconds: 3600
` }, async (door) => {
    for (let i = 0; i < 5; i++)
      await isServed(door);
    const { status, headers } = await door.post(list);

    assert.equal(status, 429);
    assert.equal(headers['retry-after'], '720');
  });
  await withDoor({ remote: `remote_mcp:
  rate_limit_max_requests_per_address: 5
  rate_limit_window_seconds: 3600
` }, async (door) => {
    for (let i = 0; i < 5; i++)
      await isServed(door);
    assert.equal((await door.post(list)).status, 429);
    // nobody is believed to be somebody else
    assert.equal((await door.post(list,
      { 'x-forwarded-for': '192.0.2.1' })).status, 429);
  });
  await withDoor({ remote: `remote_mcp:
  rate_limit_max_requests_per_address: 5
  rate_limit_window_seconds: 3600
  trusted_proxies: [127.0.0.0/8]
` }, async (door) => {
    const from = async (forwarded) => (await door.post(list,
      { 'x-forwarded-for': forwarded })).status;

    for (let i = 0; i < 5; i++)
      assert.equal(await from(`203.0.113.${i}, 192.0.2.1`), 200);
    assert.equal(await from('203.0.113.9, 192.0.2.1'), 429);
    assert.equal(await from('192.0.2.1, 127.0.0.5'), 429);
    // a proxy that adds a line and leaves that of the client
    assert.equal(await from(['203.0.113.10', '192.0.2.1']), 429);
    assert.equal(await from('192.0.2.2'), 200);
    // of an IPv6 network a customer has as many addresses as he likes
    for (let i = 0; i < 5; i++)
      assert.equal(await from(`2001:db8::${i}`), 200);
    assert.equal(await from('2001:db8::ffff'), 429);
  });
});

test('a thousand connections at a time, ten thousand one by one', { skip },
  () => withDoor({ remote: WIDE }, async (door) => {
    await isServed(door);
    const before = descriptors(door);
    const sockets = Array.from({ length: 1000 }, () => {
      const socket = net.connect(door.port, '127.0.0.1');

      socket.setEncoding('latin1');
      socket.text = '';
      socket.on('data', (data) => { socket.text += data; });
      socket.on('error', () => {});
      return socket;
    });
    const ask = async (socket, id) => {
      const body = ping.replace('7', id);
      const is = new RegExp(`"id":${id},[^\\n]*\\n$`);

      socket.text = '';
      socket.write(head(door, [`Content-Length: ${body.length}`], body));
      while (!is.test(socket.text))
        await once(socket, 'data');
    };

    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    await Promise.all(sockets.map((socket, i) => ask(socket, i + 1)));
    const idle = memory(door);

    assert.ok(!isPlain || idle < 48 * 1024, `${idle} KiB with 1,000 idle connections`);
    await isServed(door);
    await Promise.all(sockets.map((socket, i) => ask(socket, i + 5001)));
    sockets.forEach((socket) => socket.destroy());
    await hasLetGo(door, before);

    const rounds = isPlain ? 10000 : 1000;
    const asked = head(door, [...length, ...closing]);
    const some = async (count) => {
      for (let i = 0; i < count; i++)
        assert.match(await door.raw(asked), /"id":7/);
    };

    await some(200);
    const flat = memory(door);

    await some(rounds);
    await isServed(door);
    assert.ok(!isPlain || memory(door) < flat + 2048,
      `${flat} KiB, ${memory(door)} after`);
    await hasLetGo(door, before);
  }));

test('a stop answers what runs and ends soon', { skip },
  () => withDoor({ remote: WIDE }, async (door) => {
    const idle = net.connect(door.port, '127.0.0.1');
    const half = net.connect(door.port, '127.0.0.1');

    idle.on('error', () => {});
    half.on('error', () => {});
    await once(idle, 'connect');
    half.write('POST /mcp HTTP/1.1\r\n');
    await isServed(door);
    const start = Date.now();

    assert.deepEqual(await door.stop(), [0, null]);
    assert.ok(Date.now() - start < 5000, `${Date.now() - start} ms`);
    idle.destroy();
    half.destroy();
  }));
