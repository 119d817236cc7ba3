// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Every message that the server sends, held against the protocol's own
// schema in each revision that it speaks.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { House, LEGACY, META, MODERN, Wire, skip } from './house.mjs';
import { answerFaults, knownRevisions, wireFaults } from './schema.mjs';

let house, wire;

before(() => {
  if (skip)
    return;
  house = new House();
  wire = new Wire(house);
});

after(async () => {
  await wire?.end();
  house?.remove();
});

const REQUESTS = [
  ['tools/list', {}],
  ['tools/call', { name: 'ibkr_health' }],
  ['tools/call', { name: 'ibkr_accounts_list', arguments: {} }],
  ['tools/call', { name: 'ibkr_account_summary', arguments: { account_id: '' } }],
  ['tools/call', { name: 'ibkr_order_submit', arguments: {} }],
  ['tools/call', { name: 'ibkr_no_such_tool' }],
  ['tools/call', {}],
  ['resources/list', {}],
  ['resources/templates/list', {}],
  ['resources/read', { uri: 'ibkr://kill-switch' }],
  ['resources/read', { uri: 'ibkr://docs/session' }],
  ['resources/read', { uri: 'ibkr://audit/0' }],
  ['resources/read', { uri: 'ibkr://audit/999999' }],
  ['resources/read', { uri: 'ibkr://orders/DU1234567/none' }],
  ['resources/read', { uri: 'ibkr://nothing' }],
  ['prompts/list', {}],
  ['prompts/get', { name: 'daily-review' }],
  ['prompts/get', { name: 'incident-review', arguments: { event_id: '3' } }],
  ['prompts/get', { name: 'none' }],
  ['no/such/method', {}],
];

test('the suite brings the schemas of four revisions', { skip }, () => {
  assert.deepEqual(knownRevisions.sort(),
    ['2025-03-26', '2025-06-18', LEGACY, MODERN]);
});

for (const version of ['2025-03-26', '2025-06-18', LEGACY]) {
  test(`all answers are messages of ${version}`, { skip }, async () => {
    const hello = await wire.ask('initialize', { protocolVersion: version,
      capabilities: {}, clientInfo: { name: 'peer', version: '1' } });

    assert.equal(hello.result.protocolVersion, version);
    assert.equal(answerFaults(version, 'initialize', hello), '');
    wire.notify('notifications/initialized');
    for (const [method, params] of [['ping', {}], ...REQUESTS]) {
      const answer = await wire.ask(method, params);

      assert.equal(answer.id, wire.id);
      assert.equal(answerFaults(version, method, answer), '',
        `${method} ${JSON.stringify(params)}: ${JSON.stringify(answer)}`);
      assert.ok(!answer.result?.resultType);
    }
  });
}

test(`all answers are messages of ${MODERN}`, { skip }, async () => {
  for (const [method, params] of [['server/discover', {}], ...REQUESTS]) {
    const answer = await wire.askModern(method, params);

    assert.equal(answer.id, wire.id);
    assert.equal(answerFaults(MODERN, method, answer), '',
      `${method} ${JSON.stringify(params)}: ${JSON.stringify(answer)}`);
    if (answer.result)
      assert.equal(answer.result._meta['io.modelcontextprotocol/serverInfo']
        .name, 'ibkr-agent-gateway');
  }
});

test('an error without a readable id is a message, too', { skip }, async () => {
  wire.send('garbage\n[]\n');
  for (let i = 0; i < 2; i++) {
    const answer = await wire.hear();

    assert.ok(!('id' in answer));
    assert.equal(wireFaults(MODERN, 'JSONRPCErrorResponse', answer), '');
    assert.equal(wireFaults(LEGACY, 'JSONRPCErrorResponse', answer), '');
  }
});

test('an unsupported version is the error of that name', { skip }, async () => {
  const answer = await wire.ask('tools/list', { _meta: { ...META,
    'io.modelcontextprotocol/protocolVersion': '2099-01-01' } });

  assert.equal(wireFaults(MODERN, 'UnsupportedProtocolVersionError', answer),
    '');
  assert.deepEqual(answer.error.data,
    { supported: [MODERN], requested: '2099-01-01' });
});

test('forbidden names are error results, unknown ones protocol errors',
  { skip }, async () => {
    for (const name of ['ibkr_order_intent_validate',
      'ibkr_order_preview_explain', 'ibkr_order_submit', 'ibkr_order_cancel',
      'ibkr_order_modify', 'ibkr_order_approve']) {
      const { result } = await wire.call(name, { anything: 1 });
      const error = JSON.parse(result.content[0].text);

      assert.equal(result.isError, true);
      assert.ok(!result.structuredContent);
      assert.equal(error.code, 'READONLY_WRITE_FORBIDDEN');
      assert.match(error.audit_event_id, /^[0-9a-f-]{36}$/);
    }
    const { error } = await wire.call('ibkr_no_such_tool', {});

    assert.equal(error.code, -32602);
    assert.match(error.data.code, /^[A-Z_]+$/);
    assert.match(error.data.audit_event_id, /^[0-9a-f-]{36}$/);
  });

test('an audit record can be read by its sequence', { skip }, async () => {
  const { result } = await wire.ask('resources/read',
    { uri: 'ibkr://audit/1' });

  assert.equal(JSON.parse(result.contents[0].text).sequence_id, 1);
  const missing = await wire.ask('resources/read',
    { uri: 'ibkr://audit/123456789' });

  assert.equal(missing.error.code, -32002);
  const modern = await wire.askModern('resources/read',
    { uri: 'ibkr://audit/123456789' });

  assert.equal(modern.error.code, -32602);
  assert.equal(modern.error.data.uri, 'ibkr://audit/123456789');
});

test('an order that the broker does not know is no resource', { skip },
  async () => {
    const uri = 'ibkr://orders/DU1234567/none';
    const { error } = await wire.ask('resources/read', { uri });

    assert.equal(error.code, -32002);
    assert.equal(error.data.error.code, 'BROKER_CAPABILITY_UNAVAILABLE');
    assert.match(error.message, /no order 'none'/);
  });

test('an order can be read by account and id', { skip }, async () => {
  const { result: list } = await wire.call('ibkr_orders_list',
    { account_id: 'DU1234567' });
  const [order] = list.structuredContent.orders;
  const uri = `ibkr://orders/DU1234567/${order.broker_order_id}`;
  const { result } = await wire.askModern('resources/read', { uri });

  assert.equal(result.contents[0].uri, uri);
  assert.equal(JSON.parse(result.contents[0].text).broker_order_id,
    order.broker_order_id);
  assert.equal(result.cacheScope, 'private');
});
