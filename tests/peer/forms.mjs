// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The form that a client's user is shown before an approval: what it shows,
// what its answer does, and what no answer can do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { House, META, ORDER_SCOPES, READ_SCOPES, Wire, program, skip }
  from './house.mjs';

const ACCOUNT = 'DU1234567';
const TOOL = 'ibkr_approvals_create';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const ORDER = { account_id: ACCOUNT, symbol: 'AAPL', side: 'buy',
  quantity: '1', order_type: 'limit', limit_price: '190.00',
  time_in_force: 'day' };

function makeHouse(policy = 'any') {
  return new House({ scopes: READ_SCOPES.concat(ORDER_SCOPES), more: `
order_preview: {enabled: true}
approvals: {paper_policy: ${policy}}
paper_trading:
  enabled: true
  allowed_accounts: [${ACCOUNT}]
` });
}

async function withWire(policy, body) {
  const house = makeHouse(policy);
  const wire = new Wire(house);

  try {
    await body(wire, house);
  } finally {
    wire.child.kill('SIGKILL');
    await wire.exit;
    house.remove();
  }
}

// One request of a modern client that can show forms.
function ask(wire, name, args, more = {}, elicitation = { form: {} }) {
  return wire.ask('tools/call', { name, arguments: args, ...more,
    _meta: { ...META, [CAPABILITIES]: { elicitation } } });
}

async function previewOf(wire) {
  const { result } = await ask(wire, 'ibkr_order_preview', ORDER);

  assert.equal(result.isError, false, JSON.stringify(result));
  return { account_id: ACCOUNT,
    preview_id: result.structuredContent.preview_id };
}

function answer(first, action, content) {
  return { requestState: first.result.requestState,
    inputResponses: { approval: { action, ...(content && { content }) } } };
}

const YES = ['accept', { confirm: true }];

// How it stands, asked without a form.
async function standing(house, args) {
  const { out } = await house.run('--json', 'approvals', 'list', '--account',
    ACCOUNT);

  return JSON.parse(out).approvals.filter(
    ({ preview_id: id }) => id === args.preview_id);
}

function isForm({ result }) {
  assert.equal(result?.resultType, 'input_required', JSON.stringify(result));
  assert.equal(result.structuredContent, undefined);
  const { method, params } = result.inputRequests.approval;

  assert.equal(method, 'elicitation/create');
  return params;
}

test('a form shows exactly what would be approved', { skip }, () =>
  withWire('any', async (wire, house) => {
    const args = await previewOf(wire);
    const first = await ask(wire, TOOL, args);
    const { message, requestedSchema } = isForm(first);

    for (const part of ['paper', ACCOUNT, 'buy 1 AAPL', 'limit', '190',
      'USD', 'day', 'agent:local-agent'])
      assert.ok(message.includes(part), `${part} in ${message}`);
    assert.deepEqual(requestedSchema.required, ['confirm']);
    assert.deepEqual(await standing(house, args), []);
    const second = await ask(wire, TOOL, args, answer(first, ...YES));

    assert.equal(second.result.resultType, 'complete');
    assert.equal(second.result.structuredContent.status, 'approved');
    const [row] = await standing(house, args);

    // the answer changes nothing of who approved
    assert.equal(row.approved_by, 'agent:local-agent');
  }));

test('who does not say yes approves nothing', { skip }, () =>
  withWire('any', async (wire, house) => {
    const args = await previewOf(wire);

    for (const no of [['decline'], ['cancel'],
      ['accept', { confirm: false }]]) {
      const first = await ask(wire, TOOL, args);

      isForm(first);
      const { result } = await ask(wire, TOOL, args, answer(first, ...no));

      assert.equal(result.isError, true);
      assert.equal(JSON.parse(result.content[0].text).outcome, 'refused');
    }
    for (const none of [['accept'], ['accept', { confirm: 'true' }],
      ['perhaps']]) {
      const first = await ask(wire, TOOL, args);

      isForm(await ask(wire, TOOL, args, answer(first, ...none)));
    }
    assert.deepEqual(await standing(house, args), []);
  }));

test('inv3: a state is good for its call alone', { skip }, () =>
  withWire('any', async (wire, house) => {
    const args = await previewOf(wire), other = await previewOf(wire);
    const first = await ask(wire, TOOL, args);
    const state = first.result.requestState;

    isForm(first);
    // an answer without a state answers nothing
    isForm(await ask(wire, TOOL, args,
      { inputResponses: { approval: { action: 'accept',
        content: { confirm: true } } } }));
    const forged = [...state].map((c, i) => `${state.slice(0, i)}${
      c === '0' ? '1' : '0'}${state.slice(i + 1)}`);

    for (const bad of ['', 'x', `${state}0`, ...forged]) {
      const { error } = await ask(wire, TOOL, args,
        { ...answer(first, ...YES), requestState: bad });

      assert.equal(error?.code, -32602, bad);
    }
    for (const changed of [other, { ...args, ttl_seconds: 3600 }]) {
      const { error } = await ask(wire, TOOL, changed,
        answer(first, ...YES));

      assert.equal(error?.code, -32602);
    }
    assert.deepEqual(await standing(house, args), []);
    assert.deepEqual(await standing(house, other), []);
  }));

test('inv3: an answer is good for one approval', { skip }, () =>
  withWire('any', async (wire, house) => {
    const args = await previewOf(wire);
    const first = await ask(wire, TOOL, args);
    const yes = answer(first, ...YES);
    const { result } = await ask(wire, TOOL, args, yes);
    const id = result.structuredContent.approval_id;

    // told again how it stands
    const again = await ask(wire, TOOL, args, yes);

    assert.equal(again.result.structuredContent.approval_id, id);
    await house.run('approvals', 'revoke', '--reason', 'no', id);
    const late = await ask(wire, TOOL, args, yes);

    assert.notEqual(late.result.structuredContent?.status, 'approved');
    assert.deepEqual((await standing(house, args)).map((row) => row.status),
      ['revoked']);
  }));

test('inv3: an agent that may not approve is shown nothing and gets nothing',
  { skip }, () => withWire('operator', async (wire, house) => {
    const args = await previewOf(wire);

    for (const more of [{}, { requestState: undefined,
      inputResponses: { approval: { action: 'accept',
        content: { confirm: true } } } }]) {
      const { result } = await ask(wire, TOOL, args, more);

      assert.equal(result.structuredContent.status, 'requested');
    }
    const [row] = await standing(house, args);

    assert.equal(row.status, 'requested');
    assert.equal(row.approved_by, undefined);
  }));

test('clients that show no form get none', { skip }, () =>
  withWire('any', async (wire) => {
    for (const elicitation of [null, { url: {} }, 'form']) {
      const { result } = await ask(wire, TOOL, await previewOf(wire), {},
        elicitation);

      assert.equal(result.structuredContent.status, 'approved');
    }
    const { result } = await wire.call(TOOL, await previewOf(wire));

    assert.equal(result.structuredContent.status, 'approved');
    // the door's own arguments are nobody else's
    const { result: bad } = await ask(wire, TOOL,
      { ...await previewOf(wire), answer: 'yes' });

    assert.equal(JSON.parse(bad.content[0].text).code, 'INPUT_INVALID');
  }));

test('orders never ask', { skip }, () => withWire('any', async (wire) => {
  const args = await previewOf(wire);
  const first = await ask(wire, TOOL, args);
  const { result } = await ask(wire, TOOL, args, answer(first, ...YES));
  const done = await ask(wire, 'ibkr_paper_order_submit', {
    account_id: ACCOUNT, idempotency_key: 'forms-1',
    approval_id: result.structuredContent.approval_id });

  assert.equal(done.result.resultType, 'complete');
}));

test('a client library fills in the form by itself', { skip }, async () => {
  const house = makeHouse();
  const client = new Client({ name: 'peer', version: '1' },
    { capabilities: { elicitation: { form: {} } },
      versionNegotiation: { mode: { pin: '2026-07-28' } } });
  const shown = [];

  client.setRequestHandler('elicitation/create', async ({ params }) => {
    shown.push(params.message);
    return { action: 'accept', content: { confirm: true } };
  });
  try {
    await client.connect(new StdioClientTransport(
      { command: program, args: house.args, stderr: 'ignore' }));
    const { structuredContent: preview } = await client.callTool(
      { name: 'ibkr_order_preview', arguments: ORDER });
    const { structuredContent: approval } = await client.callTool(
      { name: TOOL, arguments: { account_id: ACCOUNT,
        preview_id: preview.preview_id } });

    assert.equal(approval.status, 'approved');
    assert.equal(shown.length, 1);
    assert.ok(shown[0].includes('buy 1 AAPL'), shown[0]);
  } finally {
    await client.close();
    house.remove();
  }
});
