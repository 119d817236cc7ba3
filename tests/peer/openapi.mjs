// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// What leaves for the broker is what the broker's published OpenAPI document
// allows, by Prism: the real program before the simulator, each tool with each
// value of its arguments, orders of each type with what follows them.
//
// The document is no part of the project.  IAG_TEST_OPENAPI names it, else it
// is looked for beside the source tree.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { House, ORDER_SCOPES, READ_SCOPES, Wire, skip as noProgram }
  from './house.mjs';
import { Simulator, noSimulator } from './simulator.mjs';

const source = process.env.IAG_TEST_SRCDIR ?? '.';
const file = process.env.IAG_TEST_OPENAPI ??
  path.join(source, '../shared/data/cpapi-openapi.json');
const prism = await import('@stoplight/prism-http').catch(() => null);
const skip = noProgram || noSimulator ||
  (!fs.existsSync(file) &&
    'the OpenAPI document is not there (IAG_TEST_OPENAPI)') ||
  (!prism && 'Prism is not installed (npm ci in tests/peer)');

const ACCOUNT = 'DU1234567';

// Values that the simulator knows, by the name of the argument.
const KNOWN = {
  account_id: [ACCOUNT],
  query: ['AAPL', 'ES', 'EUR.USD'],
  symbol: ['AAPL', 'SPY', 'ES', 'EUR.USD'],
  contract_id: ['265598', '756733'],
  currency: ['USD', 'EUR'],
  exchange: ['NASDAQ', 'SMART', 'CME'],
  base: ['EUR'],
  quote: ['USD'],
  duration: ['1d', '30min', '2w', '1m', '1y'],
  strike_min: ['190'],
  strike_max: ['210.5'],
  scanner_code: ['TOP_PERC_GAIN', 'MOST_ACTIVE'],
  instrument: ['STK'],
  location: ['STK.US.MAJOR'],
};

const HOUSE = (base) => ({
  scopes: READ_SCOPES.concat(ORDER_SCOPES),
  broker: `backend: client_portal_gateway
  base_url: ${base}/v1/api
  allow_insecure_tls_for_localhost: true
  simulator: true
  pacing: 1000000
  questions: [o163, o10152]`,
  more: `order_preview: {enabled: true}
paper_trading:
  enabled: true
  allowed_accounts: [${ACCOUNT}]
  writer: client-portal
live_trading: {reconciler_interval_seconds: 86400}
`,
});

function valuesOf(name, schema) {
  return KNOWN[name] ?? schema.enum ??
    { boolean: [true, false], integer: [1] }[schema.type] ?? [];
}

// Every argument with each of its values, the others at their first.
function* argumentsOf(tool) {
  const { properties = {}, required = [] } = tool.inputSchema;
  const first = Object.fromEntries(required.map((name) =>
    [name, valuesOf(name, properties[name])[0]]));

  yield first;
  for (const [name, schema] of Object.entries(properties))
    for (const value of valuesOf(name, schema))
      yield { ...first, [name]: value };
}

class Emitter {
  async start() {
    this.sim = await Simulator.start();
    this.house = new House(HOUSE(this.sim.base));
    this.wire = new Wire(this.house);
    this.requests = [];
    this.keys = 0;
  }

  async stop() {
    this.wire?.child.kill('SIGKILL');
    await this.wire?.exit;
    await this.sim?.stop();
    this.house?.remove();
  }

  async call(name, args) {
    const { result } = await this.wire.call(name, args);

    await this.collect();
    return result.isError ? null : result.structuredContent;
  }

  // What has reached the broker since the last time.
  async collect() {
    const since = this.requests.at(-1)?.number ?? 0;
    const { requests } = await this.sim.control('GET',
      `requests?since=${since}`);

    this.requests.push(...requests);
  }

  async reads() {
    const { result } = await this.wire.ask('tools/list', {});
    const chain = await this.call('ibkr_options_chain',
      { symbol: 'AAPL', limit: 500 });
    const options = Object.values(chain).flat()
      .map((row) => row?.contract_id).filter(Boolean);

    assert.ok(options.length > 0, 'no option is known');
    await this.call('ibkr_contract_resolve',
      { symbol: 'EUR.USD', asset_class: 'fx' });
    await this.call('ibkr_option_greeks', { contract_id: options[0] });
    await this.lines();
    for (const tool of result.tools.filter((t) => t.annotations.readOnlyHint))
      for (const args of argumentsOf(tool))
        await this.call(tool.name, args);
  }

  // More quotes at once than a login has lines of market data.
  async lines() {
    for (let i = 0; i < 70; i++)
      this.wire.say({ jsonrpc: '2.0', id: `line${i}`, method: 'tools/call',
        params: { name: 'ibkr_market_snapshot',
          arguments: { contract_id: String(900000 + i) } } });
    for (let i = 0; i < 70; i++)
      await this.wire.hear();
  }

  async approve(preview) {
    const { approval_id: approval } = await this.call('ibkr_approvals_create',
      { account_id: ACCOUNT, preview_id: preview });

    return approval;
  }

  // An order that is placed; its id at the broker.
  async place(order) {
    const preview = await this.call('ibkr_order_preview', {
      account_id: ACCOUNT, symbol: 'AAPL', side: 'buy', quantity: '1',
      time_in_force: 'day', ...order });

    assert.ok(preview, JSON.stringify(order));
    const placed = await this.call('ibkr_paper_order_submit', {
      account_id: ACCOUNT, approval_id: await this.approve(preview.preview_id),
      idempotency_key: `k${++this.keys}` });

    assert.ok(placed, JSON.stringify(order));
    return placed.broker_order_id;
  }

  async change(id) {
    const change = { account_id: ACCOUNT, broker_order_id: id,
      limit_price: '198.50', quantity: '2' };
    const { preview_id: preview } = await this.call('ibkr_order_preview', {
      symbol: 'AAPL', side: 'buy', order_type: 'limit', time_in_force: 'day',
      ...change });

    assert.ok(await this.call('ibkr_paper_order_modify', { ...change,
      preview_id: preview, approval_id: await this.approve(preview),
      idempotency_key: `m${id}` }));
  }

  async bracket() {
    const previews = await this.call('ibkr_bracket_order_preview', {
      account_id: ACCOUNT, symbol: 'AAPL', side: 'buy', quantity: '1',
      entry_limit_price: '199.00', take_profit_limit_price: '204.00',
      stop_loss_stop_price: '194.00' });
    const args = { account_id: ACCOUNT, idempotency_key: 'bracket' };

    for (const leg of ['parent', 'take_profit', 'stop_loss'])
      args[`${leg}_approval_id`] = await this.approve(
        previews[leg].preview_id);
    assert.ok(await this.call('ibkr_paper_bracket_order_submit', args));
  }

  async orders() {
    const resting = await this.place({ order_type: 'limit',
      limit_price: '199.00' });

    await this.place({ order_type: 'limit', limit_price: '180.00',
      side: 'sell', time_in_force: 'gtc' });
    await this.change(resting);
    await this.call('ibkr_order_status', { account_id: ACCOUNT,
      broker_order_id: resting });
    assert.ok(await this.call('ibkr_paper_order_cancel', {
      account_id: ACCOUNT, broker_order_id: resting, idempotency_key: 'c1' }));
    await this.place({ order_type: 'stop', stop_price: '210.00' });
    await this.place({ order_type: 'stop_limit', stop_price: '203.00',
      limit_price: '204.00' });
    await this.place({ order_type: 'trailing_stop', trailing_amount: '2.00' });
    await this.bracket();
  }

  // An answer that got lost is looked for, and a refused question dropped.
  async troubles() {
    const order = { order_type: 'limit', limit_price: '199.00' };
    const fault = { method: 'POST', path: '/iserver/account/*/orders',
      effect: 'close', execute: 'first', times: 1 };

    await this.sim.control('POST', 'faults', fault);
    await this.place(order).catch(() => {});
    await this.house.run('reconcile');
    await this.sim.control('POST', 'reactions',
      { questions: [['o163'], ['o451']] });
    await this.place(order).catch(() => {});
    await this.collect();
  }
}

// The sessions of the supervisor: one that has to be opened, and a tickle.
async function sessions(emitter) {
  await emitter.sim.control('POST', 'session', { event: 'drop' });
  for (let i = 0; i < 600; i++) {
    const { brokerage } = await emitter.sim.control('GET', 'state');

    if (brokerage === 'ready')
      break;
    await emitter.call('ibkr_session_renew', {});
  }
  await emitter.collect();
}

// What the broker serves without documenting it: asked for only where
// broker.undocumented_endpoints is true, which it is not here.
const UNDOCUMENTED = ['/iserver/news/portfolio'];

// Every pattern that a plugin declares, as the document writes it.
function patterns() {
  const texts = ['backend-client-portal-gateway/route.c',
    'writer-client-portal/wire.c'].map((name) =>
    fs.readFileSync(path.join(source, 'plugins', name), 'utf8'));

  return [...texts.join('').matchAll(/"(\/[a-z][^"\s]*)"/g)]
    .map(([, pattern]) => pattern)
    .filter((pattern) => !UNDOCUMENTED.includes(pattern));
}

const fits = (pattern, target) => new RegExp(`^/v1/api${
  pattern.replace(/\{[^}]*\}/g, '[^/]+')}(\\?|$)`).test(target);

class Document {
  async open() {
    const silent = () => {};
    const logger = { info: silent, warn: silent, error: silent, debug: silent,
      trace: silent, success: silent, fatal: silent };

    logger.child = () => logger;
    this.operations = await prism.getHttpOperationsFromSpec(
      JSON.parse(fs.readFileSync(file, 'utf8')));
    this.prism = prism.createInstance({ isProxy: false, validateRequest: true,
      validateResponse: false, checkSecurity: false, errors: false,
      mock: { dynamic: false } }, { logger });
  }

  // What is wrong with a request, in words; '' if nothing is.
  async faults({ method, target, body }) {
    const url = new URL(target, 'https://localhost');
    const query = {};

    for (const [name, value] of url.searchParams)
      query[name] = value;
    const answer = await this.prism.request({ method: method.toLowerCase(),
      url: { path: url.pathname, query },
      headers: body ? { 'content-type': 'application/json',
        'content-length': String(body.length) } : {},
      body: body ? JSON.parse(body) : undefined }, this.operations)();

    if (answer._tag === 'Left')
      return `${answer.left.name} ${answer.left.detail ?? ''} ${
        JSON.stringify(answer.left.validation ?? '')}`;
    return answer.right.validations.input
      .map((fault) => `${fault.path.join('.')}: ${fault.message}`).join('; ');
  }
}

test('the document refuses what it does not know', { skip }, async () => {
  const document = new Document();

  await document.open();
  assert.equal(await document.faults({ method: 'GET',
    target: '/v1/api/iserver/accounts' }), '');
  assert.notEqual(await document.faults({ method: 'GET',
    target: '/v1/api/iserver/no-such-thing' }), '');
  assert.notEqual(await document.faults({ method: 'POST',
    target: `/v1/api/iserver/account/${ACCOUNT}/orders`,
    body: '{"orders":[{"conid":265598,"tIf":"DAY"}]}' }), '');
});

test('every request is one of the broker\'s own document', { skip },
  async (t) => {
    const emitter = new Emitter();
    const document = new Document();

    t.after(() => emitter.stop());
    await document.open();
    await emitter.start();
    await emitter.reads();
    await emitter.orders();
    await emitter.troubles();
    await sessions(emitter);
    const seen = new Map(emitter.requests.map((request) =>
      [`${request.method} ${request.target} ${request.body}`, request]));
    const faults = [];

    for (const [name, request] of seen) {
      const fault = await document.faults(request);

      if (fault)
        faults.push(`${name}: ${fault}`);
    }
    t.diagnostic(`${emitter.requests.length} requests, ${seen.size} of them ` +
      'different');
    assert.deepEqual(faults, []);
    assert.deepEqual(emitter.requests.filter(({ target }) =>
      UNDOCUMENTED.some((pattern) => fits(pattern, target))), []);
    assert.deepEqual(patterns().filter((pattern) =>
      !emitter.requests.some(({ target }) => fits(pattern, target))), []);
  });
