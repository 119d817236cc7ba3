// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Every read tool before the simulator of the broker's gateway, by the
// official client: each answer held against what the tool says of itself,
// also when the broker writes its values another way.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import { test } from 'node:test';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { ACCOUNT } from './arguments.mjs';
import { everyTool } from './drive.mjs';
import { House, program, skip } from './house.mjs';
import { Simulator, noSimulator } from './simulator.mjs';

// What the broker's interface does not have.
const REFUSED = ['ibkr_market_depth', 'ibkr_transfer_history'];

async function place(sim, order) {
  const send = async (method, where, body) => {
    const request = https.request(`${sim.base}/v1/api${where}`,
      { method, agent: sim.agent, headers: { 'User-Agent': 'test' } });

    request.end(body && JSON.stringify(body));
    const [response] = await once(request, 'response');

    response.resume();
    await once(response, 'end');
    assert.equal(response.statusCode, 200, where);
  };

  await send('GET', '/iserver/accounts');
  await send('POST', `/iserver/account/${ACCOUNT}/orders`,
    { orders: [order] });
}

const options = { skip: skip || noSimulator };

// The supervisor asks for the accounts of the portfolio, and the broker allows
// that once in five seconds: a first quote does not ask for them again.
test('a first quote waits for nobody', options, async (t) => {
  const sim = await Simulator.start();
  const house = new House({ broker: `backend: client_portal_gateway
  base_url: ${sim.base}/v1/api
  allow_insecure_tls_for_localhost: true
  simulator: true
  pacing: 1000000` });
  const client = new Client({ name: 'peer', version: '1' });

  t.after(async () => {
    await client.close();
    await sim.stop();
    house.remove();
  });
  // whoever comes first meets it
  await sim.control('POST', 'faults', { path: '/portfolio/accounts',
    effect: 'delay', ms: 1500, times: 0 });
  await client.connect(new StdioClientTransport({ command: program,
    args: house.args, stderr: 'ignore' }));
  assert.ok(!(await client.callTool({ name: 'ibkr_market_snapshot',
    arguments: { contract_id: '265598' } })).isError);
  const { requests } = await sim.control('GET', 'requests?since=0');

  assert.ok(requests.filter(({ target }) =>
    target.endsWith('/portfolio/accounts')).length <= 1);
});

// More quotes than a login has lines of market data: the one that was not asked
// for longest is closed, and a line that the broker does not know does no harm.
test('market data lines are closed when there are many', options, async (t) => {
  const sim = await Simulator.start();
  const house = new House({ broker: `backend: client_portal_gateway
  base_url: ${sim.base}/v1/api
  allow_insecure_tls_for_localhost: true
  simulator: true
  pacing: 1000000` });
  const client = new Client({ name: 'peer', version: '1' });
  const quote = (id) => client.callTool({ name: 'ibkr_market_snapshot',
    arguments: { contract_id: String(id) } });

  t.after(async () => {
    await client.close();
    await sim.stop();
    house.remove();
  });
  await client.connect(new StdioClientTransport({ command: program,
    args: house.args, stderr: 'ignore' }));
  await Promise.all(Array.from({ length: 70 }, (_, i) => quote(900000 + i)));
  const { requests } = await sim.control('GET', 'requests?since=0');
  const closed = requests.filter(({ target }) =>
    target.endsWith('/iserver/marketdata/unsubscribe'));
  const ids = new Set(closed.map(({ body }) => JSON.parse(body).conid));

  assert.equal(closed.length, 10);
  assert.equal(ids.size, 10);
  assert.ok(closed.some(({ status }) => status === 500));
  assert.ok(!(await quote(265598)).isError);
});

test('every read tool answers what it promises', options, async (t) => {
  const sim = await Simulator.start();
  const house = new House({ broker: `backend: client_portal_gateway
  base_url: ${sim.base}/v1/api
  allow_insecure_tls_for_localhost: true
  simulator: true
  pacing: 1000000
  undocumented_endpoints: true` });
  const client = new Client({ name: 'peer', version: '1' });

  t.after(async () => {
    await client.close();
    await sim.stop();
    house.remove();
  });
  await place(sim, { acctId: ACCOUNT, conid: 265598, cOID: 'first',
    orderType: 'LMT', price: 195, side: 'BUY', tif: 'DAY', quantity: 1 });
  await client.connect(new StdioClientTransport({ command: program,
    args: house.args, stderr: 'ignore' }));
  await everyTool(client, { refused: REFUSED });
  for (const effect of ['strings', 'numbers', 'extra']) {
    await t.test(`also with ${effect} in every answer`, async () => {
      await sim.control('POST', 'faults', { effect, times: 0 });
      await everyTool(client, { refused: REFUSED });
      await sim.control('DELETE', 'faults');
    });
  }
});
