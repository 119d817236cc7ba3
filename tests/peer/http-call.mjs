// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Calls over HTTP that take their time: progress, clients that leave, a
// server that is told to stop.

import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { modern, modernHeaders, withDoor } from './door.mjs';
import { skip } from './house.mjs';

const CALL = { name: 'ibkr_accounts_list', arguments: {} };
const slow = (ms) => ({ remote: `  options: {fake: {delay_ms: ${ms}}}
remote_mcp:
  rate_limit_max_requests: 100000
` });

function events(text) {
  return [...text.matchAll(/^event: message\ndata: (.*)\n\n/gm)]
    .map(([, data]) => JSON.parse(data));
}

// The newest records of calls.
async function calls(door) {
  const { out } = await door.house.run('--json', 'audit', 'tail', '--limit',
    '50');

  return JSON.parse(out).events.map(({ event }) => event)
    .filter(({ tool_name: name }) => name === CALL.name);
}

// Send a call and leave. What was sent reaches the server all the same; after
// a round trip beside it the call runs as a rule.
async function leave(door, message, headers) {
  const body = JSON.stringify(message);
  const request = http.request({ port: door.port, method: 'POST', path: '/mcp',
    agent: false, headers: { 'content-type': 'application/json',
      accept: 'application/json, text/event-stream', ...headers } });

  request.on('error', () => {});
  request.end(body);
  await once(request, 'finish');
  await door.modern('server/discover');
  request.destroy();
}

// A call of which the server has the head, and will take the rest.
async function begin(door, options = {}) {
  let answer;

  await new Promise((begun, reject) => {
    answer = door.post(modern('tools/call', CALL),
      { ...modernHeaders('tools/call', CALL), expect: '100-continue' },
      { ...options, begun });
    answer.catch(reject);
  });
  return { answer };
}

async function record(door) {
  for (;;) {
    const [event] = await calls(door);

    if (event)
      return event;
  }
}

test('a call that takes long says so where it is asked to', { skip },
  () => withDoor(slow(3300), async (door) => {
    const ask = (token, headers = {}) => door.post({ ...modern('tools/call',
      CALL), params: { ...CALL, _meta: { ...modern('x').params._meta,
      progressToken: token } } },
    { ...modernHeaders('tools/call', CALL), ...headers });
    const [text, number, json, quiet] = await Promise.all([ask('t"1'), ask(7),
      ask('t2', { accept: 'application/json' }),
      door.modern('tools/call', CALL)]);

    for (const [answer, token] of [[text, 't"1'], [number, 7]]) {
      const all = events(answer.text);
      const last = all.pop();

      assert.equal(answer.headers['content-type'], 'text/event-stream',
        answer.text);
      assert.ok(last.result.structuredContent.accounts.length > 0);
      assert.ok(all.length >= 2, answer.text);
      all.forEach(({ method, params }, i) => {
        assert.equal(method, 'notifications/progress');
        assert.equal(params.progressToken, token);
        assert.ok(i === 0 || params.progress > all[i - 1].params.progress);
      });
    }
    for (const answer of [json, quiet])
      assert.ok(answer.json.result.structuredContent);
  }));

test('a modern client that leaves cancels its call', { skip },
  () => withDoor(slow(30000), async (door) => {
    const start = Date.now();

    await leave(door, modern('tools/call', CALL),
      modernHeaders('tools/call', CALL));
    const event = await record(door);

    assert.equal(event.error_code, 'CALL_CANCELLED');
    assert.ok(Date.now() - start < 15000);
  }));

test('the call of a legacy client goes on without it', { skip },
  () => withDoor(slow(700), async (door) => {
    await leave(door, { jsonrpc: '2.0', id: 1, method: 'tools/call',
      params: CALL });
    const event = await record(door);

    assert.equal(event.error_code, undefined);
    assert.equal(event.result_status, 'completed');
  }));

test('a call that runs is answered before the server ends', { skip },
  () => withDoor(slow(1500), async (door) => {
    const agent = new http.Agent({ keepAlive: true });
    const { answer } = await begin(door, { agent });
    const ended = door.stop();
    const { json, headers } = await answer;

    assert.ok(json.result.structuredContent);
    assert.equal(headers.connection, 'close');
    assert.deepEqual(await ended, [0, null]);
    await assert.rejects(door.modern('server/discover'),
      { code: 'ECONNREFUSED' });
  }));

test('a second signal ends what runs', { skip },
  () => withDoor(slow(30000), async (door) => {
    const { answer } = await begin(door);
    const start = Date.now();

    door.child.kill('SIGTERM');
    // the first one was seen
    while (await door.modern('server/discover').then(() => true,
      ({ code }) => code !== 'ECONNREFUSED'))
      continue;
    const ended = door.stop();

    assert.match((await answer).text, /CALL_CANCELLED/);
    assert.deepEqual(await ended, [0, null]);
    assert.ok(Date.now() - start < 8000, `${Date.now() - start} ms`);
  }));

test('30 calls at a time do not hold up the others', { skip },
  () => withDoor(slow(25000), async (door) => {
    let ended = 0;

    await Promise.all(Array.from({ length: 30 }, () => begin(door)
      .then(({ answer }) => {
        answer.catch(() => {}).finally(() => { ended++; });
      })));
    for (let i = 0; i < 20; i++)
      assert.equal((await door.modern('tools/list')).status, 200);
    assert.equal(ended, 0);
  }));
