// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Start, end, and what comes between: no side effects, prompt exits, calls
// that are cancelled or whose client dies, two processes on one store.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { House, Wire, program, skip, withWire } from './house.mjs';

const LISTS = ['tools/list', 'resources/list', 'resources/templates/list',
  'prompts/list'];

// Newest first, by the program's own command.
async function tail(house, limit = 500) {
  const { code, out, err } = await house.run('--json', 'audit', 'tail',
    '--limit', String(limit));

  assert.equal(code, 0, err);
  return JSON.parse(out).events.map(({ event }) => event);
}

async function verify(house) {
  const { code, out, err } = await house.run('audit', 'verify');

  assert.equal(code, 0, out + err);
}

test('inv9: start, discovery and lists leave the folder as it was', { skip },
  () => withWire({}, async (wire, house) => {
    const before = house.snapshot();

    await wire.askModern('server/discover');
    await wire.ask('initialize', { protocolVersion: '2025-11-25' });
    wire.notify('notifications/initialized');
    for (const method of LISTS) {
      await wire.ask(method);
      await wire.askModern(method);
    }
    await wire.ask('prompts/get', { name: 'daily-review' });
    assert.equal(house.snapshot(), before);
    assert.deepEqual(await wire.end(), [0, null]);
    assert.equal(house.snapshot(), before);
  }));

test('inv9: nothing is opened for writing before the first call', { skip },
  async (t) => {
    if (spawnSync('strace', ['-V']).error) {
      t.skip('strace is not installed');
      return;
    }
    const house = new House();
    const trace = path.join(house.dir, 'trace');
    const { stdout, status, stderr } = spawnSync('strace', ['-f', '-o', trace,
      '-e', 'trace=%file,%network,ftruncate,fallocate', program, ...house.args],
    { input: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n',
      // a leak checker cannot work in a process that is traced
      env: { ...process.env, ASAN_OPTIONS:
        `${process.env.ASAN_OPTIONS ?? ''}:detect_leaks=0` } });
    const lines = fs.existsSync(trace)
      ? fs.readFileSync(trace, 'utf8').split('\n') : [];

    if (!lines.some((line) => line.includes('execve'))) {
      t.skip(`strace cannot trace here: ${stderr}`);
    } else {
      assert.equal(status, 0);
      assert.ok(stdout.includes('ibkr_health'));
      const touched = lines.filter((line) =>
        /O_WRONLY|O_RDWR|O_CREAT|mkdir|unlink|rename|socket\(|connect\(|truncate|fallocate/
          .test(line) &&
        // what sanitizers and coverage builds write
        !/\/proc\/self\/fd\/|tsan\.rodata|\.gcda"/.test(line));

      assert.deepEqual(touched, []);
      assert.ok(!lines.some((line) => line.includes(house.store)));
    }
    house.remove();
  });

test('the first call opens the store and is on the record', { skip },
  () => withWire({}, async (wire, house) => {
    const { result } = await wire.call('ibkr_health');

    assert.equal(result.isError, false);
    assert.ok(fs.existsSync(house.store));
    const events = await tail(house);

    assert.ok(events.some((event) => event.tool_name === 'ibkr_health' &&
      event.principal === 'agent:local-agent' &&
      event.principal_kind === 'agent'));
    await verify(house);
  }));

test('the end of input ends an idle server in 100 ms', { skip }, async (t) => {
  if (process.env.IAG_TEST_COVERAGE) {
    t.skip('a coverage build writes its counts at the end');
    return;
  }
  const spans = [];

  for (let i = 0; i < 5; i++) {
    const house = new House();
    const wire = new Wire(house);

    await wire.askModern('server/discover');
    const start = performance.now();
    assert.deepEqual(await wire.end(), [0, null]);
    spans.push(performance.now() - start);
    house.remove();
  }
  // the machine may stall one of them
  assert.ok(Math.min(...spans) < 100, spans.join(' '));
});

test('the end of input ends a server that has made calls', { skip }, () =>
  withWire({}, async (wire, house) => {
    await wire.call('ibkr_health');
    const start = performance.now();

    assert.deepEqual(await wire.end(), [0, null]);
    assert.ok(performance.now() - start < 2000);
    await verify(house);
  }));

test('calls under way at the end of input are answered', { skip }, () =>
  withWire({}, async (wire) => {
    const ids = new Set();

    for (let id = 1; id <= 20; id++) {
      wire.say({ jsonrpc: '2.0', id, method: 'tools/call',
        params: { name: 'ibkr_accounts_list' } });
      ids.add(id);
    }
    wire.child.stdin.end();
    for (let answer; (answer = await wire.hear()) !== null;) {
      assert.equal(answer.result.isError, false);
      ids.delete(answer.id);
    }
    assert.equal(ids.size, 0);
    assert.deepEqual(await wire.exit, [0, null]);
  }));

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} ends the server cleanly`, { skip }, () =>
    withWire({}, async (wire, house) => {
      await wire.call('ibkr_health');
      wire.child.kill(signal);
      const [code, by] = await wire.exit;

      assert.equal(by, null);
      assert.equal(code, 0);
      await verify(house);
    }));
}

test('a client that dies ends the server, and the record holds', { skip },
  async () => {
    const house = new House();
    const script = `
      const { spawn } = require('node:child_process');
      const child = spawn(process.argv[1], process.argv.slice(2),
        { stdio: ['pipe', 'pipe', 'inherit'] });
      console.log(child.pid);
      for (let id = 0; id < 50; id++)
        child.stdin.write(JSON.stringify({ jsonrpc: '2.0', id,
          method: 'tools/call', params: { name: 'ibkr_positions_list',
            arguments: { account_id: 'DU1234567' } } }) + '\\n');
      child.stdout.once('data', () => console.log('answered'));
      setInterval(() => {}, 1000);`;
    const client = spawn(process.execPath,
      ['-e', script, program, ...house.args],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';

    for await (const data of client.stdout) {
      text += data;
      if (text.includes('answered'))
        break;
    }
    const pid = Number.parseInt(text, 10);

    client.kill('SIGKILL');
    await once(client, 'exit');
    for (let i = 0; i < 500 && fs.existsSync(`/proc/${pid}`) &&
      !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
      i++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(!fs.existsSync(`/proc/${pid}`) ||
      /^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')),
    'the server outlives its client');
    await verify(house);
    house.remove();
  });

test('a cancelled call gets no answer and leaves a record', { skip }, () =>
  withWire({}, async (wire, house) => {
    for (let id = 1; id <= 40; id++)
      wire.say({ jsonrpc: '2.0', id, method: 'tools/call',
        params: { name: 'ibkr_accounts_list' } });
    for (let id = 1; id <= 40; id++)
      wire.notify('notifications/cancelled', { requestId: id });
    wire.notify('notifications/cancelled', { requestId: 'none' });
    wire.say({ jsonrpc: '2.0', id: 'last', method: 'tools/call',
      params: { name: 'ibkr_health' } });
    const answered = [];

    for (let answer; (answer = await wire.hear()).id !== 'last';)
      answered.push(answer.id);
    wire.child.stdin.end();
    for (let answer; (answer = await wire.hear()) !== null;)
      answered.push(answer.id);
    assert.deepEqual(await wire.exit, [0, null]);
    // none is answered twice, and each of the 40 is on the record
    assert.equal(new Set(answered).size, answered.length);
    const events = await tail(house);

    assert.equal(events.filter((event) =>
      event.tool_name === 'ibkr_accounts_list').length, 40);
    await verify(house);
  }));

test('two servers work side by side on one store', { skip }, async () => {
  const house = new House();
  const both = [new Wire(house), new Wire(house)];

  try {
    await Promise.all(both.map(async (wire) => {
      for (let i = 0; i < 25; i++) {
        const { result } = await wire.call('ibkr_positions_list',
          { account_id: 'DU1234567' });

        assert.equal(result.isError, false, result.content[0].text);
      }
    }));
    const events = await tail(house);

    assert.equal(events.filter((event) =>
      event.tool_name === 'ibkr_positions_list').length, 50);
    await verify(house);
  } finally {
    for (const wire of both)
      assert.deepEqual(await wire.end(), [0, null]);
    house.remove();
  }
});

test('policies and runbooks are read under their scope and recorded',
  { skip }, () => withWire({ more: `risk_policies:
  careful:
    enabled: true
    max_notional: {amount: "1000.50", currency: USD}
    allowed_symbols: [AAPL, MSFT]
    allowed_asset_classes: [stock]
    session_limit: {max_orders_per_session: 5, timezone: UTC,
      starts_at: "09:30"}
    max_quote_age_seconds: 10
paper_trading: {risk_policy_id: careful}
` }, async (wire, house) => {
    const { result } = await wire.askModern('resources/read',
      { uri: 'ibkr://policy/careful' });
    const policy = JSON.parse(result.contents[0].text);

    assert.deepEqual(policy, { policy_id: 'careful', enabled: true,
      used_for: ['paper'],
      max_notional: { amount: '1000.50', currency: 'USD' },
      allowed_symbols: ['AAPL', 'MSFT'], allowed_asset_classes: ['stock'],
      session_limit: { max_orders_per_session: 5, timezone: 'UTC',
        starts_at: '09:30' },
      max_price_deviation_bps: 500, max_quote_age_seconds: 10 });
    const { error } = await wire.ask('resources/read',
      { uri: 'ibkr://policy/carefull' });

    assert.equal(error.code, -32002);
    assert.match(error.message, /no risk policy 'carefull' \(did you mean 'car/);
    assert.ok(error.data.error.audit_event_id);
    await wire.ask('resources/read', { uri: 'ibkr://docs/audit' });
    const { result: tail } = await wire.call('ibkr_audit_tail', { limit: 3 });

    assert.deepEqual(tail.structuredContent.events.map(({ event }) =>
      [event.tool_name, event.result_status, event.scopes[0]]),
    [['ibkr_runbook_read', 'completed', 'ibkr:health:read'],
      ['ibkr_policy_read', 'failed', 'ibkr:risk:read'],
      ['ibkr_policy_read', 'completed', 'ibkr:risk:read']]);
    await wire.end();
    await verify(house);
  }));

test('scopes that are not granted hide tools and refuse calls', { skip }, () =>
  withWire({ scopes: ['ibkr:health:read'] }, async (wire, house) => {
    const { tools } = (await wire.ask('tools/list')).result;
    const { resourceTemplates } =
      (await wire.ask('resources/templates/list')).result;
    const { result } = await wire.call('ibkr_accounts_list');
    const error = JSON.parse(result.content[0].text);

    assert.deepEqual(tools.map((tool) => tool.name), ['ibkr_health',
      'ibkr_backend_status', 'ibkr_session_requirements',
      'ibkr_session_renew', 'ibkr_kill_switch_status']);
    assert.deepEqual(resourceTemplates, []);
    assert.equal(result.isError, true);
    assert.equal(error.code, 'AUTH_MISSING_SCOPE');
    assert.ok(error.audit_event_id);
    const denied = await wire.ask('resources/read', { uri: 'ibkr://audit/1' });

    assert.equal(denied.error.data.error.code, 'AUTH_MISSING_SCOPE');
    await wire.end();
    await verify(house);
  }));

test('many calls in flight are all answered, each once', { skip }, () =>
  withWire({}, async (wire) => {
    const count = 600; // more than the server takes at once
    const ids = new Set();

    for (let id = 0; id < count; id++) {
      ids.add(id);
      wire.say({ jsonrpc: '2.0', id, method: 'tools/call',
        params: { name: 'ibkr_health' } });
    }
    for (let i = 0; i < count; i++) {
      const answer = await wire.hear();

      assert.equal(answer.result.isError, false);
      assert.ok(ids.delete(answer.id));
    }
  }));
