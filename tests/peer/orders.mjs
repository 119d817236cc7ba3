// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Orders over stdio: three outcomes, and what becomes of an order whose
// client cancels, goes away or is stopped while it is under way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { House, LIVE, META, ORDER_SCOPES, READ_SCOPES, Wire, skip }
  from './house.mjs';

const ACCOUNT = 'DU1234567';
const SCOPES = READ_SCOPES.concat(ORDER_SCOPES);

// A house that writes paper orders; what becomes of them is the script's.
function paperHouse(script = 'open', allowed = ACCOUNT) {
  return new House({ scopes: SCOPES, more: `  options:
    local-candidate: {script: ${script}}
order_preview: {enabled: true}
paper_trading:
  enabled: true
  allowed_accounts: [${allowed}]
  writer: local-candidate
` });
}

async function withPaper(script, body) {
  const house = paperHouse(script);
  const wire = new Wire(house);

  try {
    await body(wire, house);
  } finally {
    wire.child.kill('SIGKILL');
    await wire.exit;
    house.remove();
  }
}

// The result of one call that must not fail.
async function good(wire, name, args) {
  const { result } = await wire.call(name, args);

  assert.equal(result.isError, false, result.content[0].text);
  assert.deepEqual(JSON.parse(result.content[0].text),
    result.structuredContent);
  return result.structuredContent;
}

// The error object of one call that must fail.
async function bad(wire, name, args) {
  return faultOf((await wire.call(name, args)).result);
}

function faultOf(result) {
  assert.equal(result.isError, true, JSON.stringify(result));
  assert.equal(result.structuredContent, undefined);
  const fault = JSON.parse(result.content[0].text);

  for (const member of ['code', 'message', 'retryable', 'user_action',
    'audit_event_id', 'outcome'])
    assert.ok(member in fault, `${member} is missing`);
  return fault;
}

// Preview and approve; what a submit needs.
async function approved(wire, key) {
  const preview = await good(wire, 'ibkr_order_preview', {
    account_id: ACCOUNT, symbol: 'AAPL', side: 'buy', quantity: '1',
    order_type: 'limit', limit_price: '190.00', time_in_force: 'day' });
  const approval = await good(wire, 'ibkr_approvals_create', {
    account_id: ACCOUNT, preview_id: preview.preview_id });

  assert.equal(approval.status, 'approved');
  return { account_id: ACCOUNT, approval_id: approval.approval_id,
    idempotency_key: key };
}

const SUBMIT = 'ibkr_paper_order_submit';

// Start the submit and wait until its intent is on the record; who comes with
// the key then is told that it is under way.  Its id.
async function underWay(wire, args) {
  const id = `submit-${args.idempotency_key}`;

  wire.say({ jsonrpc: '2.0', id, method: 'tools/call',
    params: { name: SUBMIT, arguments: args } });
  for (let seen = false; !seen;) {
    const { events } = await good(wire, 'ibkr_audit_tail', { limit: 20 });

    seen = events.some(({ event }) => event.tool_name === SUBMIT);
  }
  const fault = await bad(wire, SUBMIT, args);

  assert.equal(fault.code, 'IDEMPOTENCY_IN_FLIGHT');
  assert.equal(fault.outcome, 'unknown');
  return id;
}

// Ask with the same key until it is not under way any more.
async function settled(wire, args) {
  for (;;) {
    const { result } = await wire.call(SUBMIT, args);

    if (!result.isError)
      return result.structuredContent;
    const fault = faultOf(result);

    if (fault.code !== 'IDEMPOTENCY_IN_FLIGHT')
      return fault;
  }
}

function expectUnknown(fault, key) {
  assert.equal(fault.code, 'ORDER_OUTCOME_UNKNOWN');
  assert.equal(fault.outcome, 'unknown');
  assert.equal(fault.retryable, false);
  assert.equal(fault.details.idempotency_key, key);
  assert.match(fault.details.resolve_command,
    /^the operator runs `ibkr-agent orders resolve .*`$/);
  assert.match(fault.user_action, /same key/);
}

async function orders(wire) {
  const { orders: rows, complete } = await good(wire, 'ibkr_orders_list',
    { account_id: ACCOUNT });

  assert.equal(complete, true);
  return rows.filter((row) =>
    row.broker_order_id.startsWith('local-candidate-'));
}

// Records of submits, the newest first, by outcome.
async function outcomes(house) {
  const { code, out, err } = await house.run('--json', 'audit', 'tail');

  assert.equal(code, 0, err);
  return JSON.parse(out).events.map(({ event }) => event)
    .filter((event) => event.tool_name === SUBMIT)
    .map((event) => event.outcome);
}

async function verified(house) {
  const { code, out, err } = await house.run('audit', 'verify', '--state');

  assert.equal(code, 0, out + err);
}

test('inv2: an order that is done is told again and placed once', { skip },
  () => withPaper('fill', async (wire, house) => {
    const args = await approved(wire, 'k1');
    const first = await good(wire, SUBMIT, args);
    const again = await good(wire, SUBMIT, args);

    assert.equal(first.status, 'filled');
    assert.equal(first.simulated, true);
    assert.deepEqual({ ...again, replayed: undefined },
      { ...first, replayed: undefined });
    assert.equal(again.replayed, true);
    const [row, ...others] = await orders(wire);

    assert.equal(row.broker_order_id, first.broker_order_id);
    assert.equal(row.status, 'filled');
    assert.deepEqual(others, []);
    const { executions } = await good(wire, 'ibkr_executions_list',
      { account_id: ACCOUNT });

    assert.equal(executions.filter((fill) =>
      fill.broker_order_id === first.broker_order_id).length, 1);
    const uri = `ibkr://orders/${ACCOUNT}/${first.broker_order_id}`;
    const { result: { contents } } = await wire.ask('resources/read', { uri });

    assert.equal(JSON.parse(contents[0].text).status, 'filled');
    await verified(house);
  }));

test('inv4: a gate that refuses lists what failed and how to pass', { skip },
  () => withPaper('open', async (wire) => {
    const args = await approved(wire, 'k1');

    args.approval_id = '01890000-0000-7000-8000-000000000000';
    const fault = await bad(wire, SUBMIT, args);

    assert.equal(fault.outcome, 'refused');
    assert.ok(fault.refusals.length > 0);
    for (const refusal of fault.refusals)
      assert.ok(refusal.code && refusal.rule && refusal.fix,
        JSON.stringify(refusal));
    assert.deepEqual(await orders(wire), []);
  }));

test('inv4: an answer that is lost is unknown, and never sent again', { skip },
  () => withPaper('lose', async (wire, house) => {
    const args = await approved(wire, 'k1');

    expectUnknown(await bad(wire, SUBMIT, args), 'k1');
    expectUnknown(await bad(wire, SUBMIT, args), 'k1');
    // it did land, and whoever looks sees it
    const [row, ...others] = await orders(wire);

    assert.equal(row.client_order_id, 'k1');
    assert.deepEqual(others, []);
    assert.ok((await outcomes(house)).every((word) => word === 'unknown'));
    await verified(house);
  }));

for (const [script, lands] of [['hang', 0], ['late', 1]]) {
  test(`inv4: a call that is cancelled is settled (${script})`, { skip },
    () => withPaper(script, async (wire, house) => {
      const args = await approved(wire, 'k1');
      const id = await underWay(wire, args);

      wire.notify('notifications/cancelled', { requestId: id });
      // no answer to it, but whoever asks with the key learns of it
      expectUnknown(await settled(wire, args), 'k1');
      assert.equal((await orders(wire)).length, lands);
      assert.ok((await outcomes(house)).includes('unknown'));
      assert.deepEqual(await wire.end(), [0, null]);
      assert.ok(!wire.lines.some((line) => line?.id === id));
      await verified(house);
    }));
}

test('inv4: the end of input tells what became of the order', { skip },
  () => withPaper('hang', async (wire, house) => {
    const args = await approved(wire, 'k1');
    const id = await underWay(wire, args);

    wire.child.stdin.end();
    const answer = await wire.hear();

    assert.equal(answer.id, id);
    expectUnknown(faultOf(answer.result), 'k1');
    assert.deepEqual(await wire.exit, [0, null]);
    const later = new Wire(house);

    expectUnknown(await bad(later, SUBMIT, args), 'k1');
    assert.deepEqual(await later.end(), [0, null]);
    await verified(house);
  }));

test('inv4: SIGTERM tells what became of the order', { skip },
  () => withPaper('late', async (wire, house) => {
    const args = await approved(wire, 'k1');
    const id = await underWay(wire, args);

    wire.child.kill('SIGTERM');
    const answer = await wire.hear();

    assert.equal(answer.id, id);
    expectUnknown(faultOf(answer.result), 'k1');
    assert.deepEqual(await wire.exit, [0, null]);
    await verified(house);
  }));

test('inv4: a client that is gone leaves a settled order', { skip },
  () => withPaper('late', async (wire, house) => {
    const args = await approved(wire, 'k1');

    await underWay(wire, args);
    wire.child.stdout.destroy();
    wire.child.stdin.end();
    await wire.exit;
    assert.ok((await outcomes(house)).includes('unknown'));
    const later = new Wire(house);

    expectUnknown(await bad(later, SUBMIT, args), 'k1');
    assert.equal((await orders(later)).length, 1);
    assert.deepEqual(await later.end(), [0, null]);
    await verified(house);
  }));

test('inv2: a server that is killed does not let its order go twice',
  { skip }, () => withPaper('hang', async (wire, house) => {
    const args = await approved(wire, 'k1');

    await underWay(wire, args);
    wire.child.kill('SIGKILL');
    await wire.exit;
    const later = new Wire(house);

    expectUnknown(await bad(later, SUBMIT, args), 'k1');
    assert.deepEqual(await orders(later), []);
    assert.deepEqual(await later.end(), [0, null]);
    await verified(house);
  }));

test('inv4: a modern client gets the same outcomes', { skip },
  () => withPaper('lose', async (wire) => {
    const args = await approved(wire, 'k1');
    const { result } = await wire.ask('tools/call',
      { name: SUBMIT, arguments: args, _meta: META });

    assert.equal(result.resultType, 'complete');
    expectUnknown(faultOf(result), 'k1');
  }));

test('live tools are there where live is configured', { skip }, async () => {
  for (const [more, count] of [['', 0], [LIVE, 4]]) {
    const house = new House({ scopes: SCOPES, more });
    const wire = new Wire(house,
      house.args.concat('--live-broker', 'local-candidate'));
    const { tools } = (await wire.ask('tools/list')).result;
    const live = tools.filter(({ name }) => name.startsWith('ibkr_live_'));

    assert.equal(live.length, count);
    const { out } = await house.run('--json', 'mcp', 'serve', '--transport',
      'stdio', '--describe');

    assert.match(JSON.parse(out).status, new RegExp(`with ${tools.length} `));
    const fault = await bad(wire, 'ibkr_live_order_submit', {
      account_id: 'U7654321', idempotency_key: 'k1',
      approval_id: '01890000-0000-7000-8000-000000000000',
      preview_id: '01890000-0000-7000-8000-000000000000' });

    assert.equal(fault.outcome, 'refused');
    assert.equal(fault.refusals.some(({ code }) =>
      code === 'LIVE_FEATURE_DISABLED' || code === 'LIVE_TRADING_DISABLED'),
    count === 0, JSON.stringify(fault.refusals));
    await wire.end();
    house.remove();
  }
});
