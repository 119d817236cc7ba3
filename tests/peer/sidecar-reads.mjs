// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// What is read through the relay, by whom, and how it ends.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport }
  from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { everyTool } from './drive.mjs';
import { Gateway, Sidecar, skip, until } from './ends.mjs';
import { READ_SCOPES } from './house.mjs';
import { Issuer, noIssuer } from './issuer.mjs';

const ACCOUNT = 'DU1234567';

// A broker that takes its time, and a sidecar that has it.
const SLOW = { broker: 'backend: fake\n  read_timeout_seconds: 600',
  plugins: '  options: {fake: {delay_ms: 600000}}\n' };

// A gateway and a sidecar that are paired.
async function withBoth(options, body) {
  const gateway = await Gateway.start(options);
  const sidecar = new Sidecar(gateway, options.sidecar);

  try {
    await sidecar.pair();
    await sidecar.start();
    await body(gateway, sidecar);
  } finally {
    await sidecar.remove();
    await gateway.remove();
  }
}

test('a call that is given up ends at the sidecar, too', { skip }, () =>
  withBoth({ broker: '\n  read_timeout_seconds: 1',
    sidecar: SLOW }, async (gateway, sidecar) => {
    const { json } = await gateway.run('accounts', 'list');

    assert.equal(json.code, 'CALL_TIMED_OUT', json.message);
    // its own time is not over for ten minutes
    const [event] = await until(async () => {
      const found = await sidecar.audit('sidecar_relay_failed');

      return found.length > 0 && found;
    }, 'the end of the read');

    assert.equal(event.error_code, 'CALL_CANCELLED', JSON.stringify(event));
    assert.equal(event.tool_name, 'ibkr_accounts_list');
    assert.equal(sidecar.sessions.length, 1);
    assert.equal(sidecar.child.exitCode, null);
  }));

const PREVIEWS = `order_preview: {enabled: true}
paper_trading: {enabled: true, allowed_accounts: [DU1234567],
  writer: local-candidate}
`;
const PREVIEW_SCOPES = [...READ_SCOPES, 'ibkr:orders:preview'];

// A preview of ten shares at the gateway.
function preview(gateway) {
  return gateway.run('orders', 'preview', '--enable-preview', '--account',
    ACCOUNT, '--symbol', 'AAPL', '--side', 'buy', '--quantity', '10',
    '--limit-price', '199.50');
}

test('a preview shows margin and commission of the far side', { skip },
  async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'fixtures-'));
    const told = { commission: { amount: '1.00', currency: 'USD' },
      margin_impact: { amount: '598.50', currency: 'USD' } };

    t.after(() => fs.rmSync(dir, { recursive: true }));
    fs.writeFileSync(path.join(dir, 'order_whatif.json'), JSON.stringify(
      { key: 'account_id', answers: { [ACCOUNT]: told } }));
    await withBoth({ scopes: PREVIEW_SCOPES, more: PREVIEWS, sidecar: {
      scopes: PREVIEW_SCOPES,
      plugins: `  options: {fake: {fixtures: ${dir}}}\n` } },
    async (gateway, sidecar) => {
      const { code, json, err } = await preview(gateway);

      assert.equal(code, 0, err);
      assert.deepEqual(json.estimated_commission, told.commission);
      assert.deepEqual(json.margin_impact, told.margin_impact);
      for (const end of [gateway, sidecar]) {
        const asked = (await end.audit('sidecar_relay_forwarded'))
          .filter((event) => event.tool_name === 'ibkr_order_preview');

        assert.equal(asked.length, 1);
      }
    });
  });

test('a preview says why it has no margin where the far side may not ask',
  { skip }, () => withBoth({ scopes: PREVIEW_SCOPES, more: PREVIEWS },
    async (gateway, sidecar) => {
      const { code, json, err } = await preview(gateway);

      assert.equal(code, 0, err);
      assert.equal(json.margin_impact ?? null, null);
      assert.match(json.warnings.join(), /did not estimate commission/);
      const [event, ...more] = await sidecar.audit('sidecar_relay_failed');

      assert.equal(event.error_code, 'AUTH_MISSING_SCOPE');
      assert.deepEqual(more, []);
    }));

test('a session says what the sidecar can do, as that is there', { skip },
  async () => {
    const none = ['ibkr:audit:read'];

    for (const [scopes, expected] of [[none, ['heartbeat']],
      [READ_SCOPES, ['broker_read', 'heartbeat']],
      [PREVIEW_SCOPES, ['broker_read', 'heartbeat', 'order_whatif']]])
      await withBoth({ sidecar: { scopes } }, async (gateway) => {
        const { pairings } = await gateway.ok('sidecar', 'status');

        assert.deepEqual(pairings[0].session.capabilities, expected);
      });
  });

test('of two sidecars one serves, and the other takes over', { skip }, () =>
  withBoth({}, async (gateway, sidecar) => {
    const second = new Sidecar(gateway);

    try {
      await second.pair();
      second.launch();
      await until(() => /served by another sidecar/.test(second.err),
        'a refusal');
      assert.equal((await gateway.run('accounts', 'list')).code, 0);
      assert.equal(second.sessions.length, 0);
      assert.equal(sidecar.sessions.length, 1);
      // standing by is neither a session nor a refusal on the record
      assert.equal((await gateway.audit('sidecar_session_started')).length, 1);
      assert.equal((await gateway.audit('sidecar_session_refused')).length, 0);
      sidecar.child.kill('SIGTERM');
      await sidecar.exit;
      await until(() => second.sessions.length > 0, 'the other');
      await until(async () =>
        (await gateway.run('accounts', 'list')).code === 0, 'an answer');
      assert.equal((await second.audit('sidecar_relay_forwarded')).length, 1);
    } finally {
      await second.remove();
    }
  }));

test('a client with a token drives every tool through door and relay',
  { skip: skip || noIssuer }, async (t) => {
    const issuer = await Issuer.start();
    const resource = 'https://127.0.0.1/mcp';
    const client = new Client({ name: 'peer', version: '1' });

    t.after(() => issuer.stop());
    await withBoth({ remote: `  resource: ${resource}
  issuer: ${issuer.url}
  jwks_url: ${issuer.url}/jwks
  ca_file: ${issuer.tls.file}
  audiences: [${resource}]
  allowed_scopes: [${READ_SCOPES.join(', ')}]
  rate_limit_max_requests: 100000
` }, async (gateway, sidecar) => {
      const token = issuer.mint(resource,
        { claims: { scope: READ_SCOPES.join(' ') } });

      tls.setDefaultCACertificates([...tls.getCACertificates('default'),
        fs.readFileSync(gateway.tls.chain, 'utf8')]);
      await client.connect(new StreamableHTTPClientTransport(
        new URL(gateway.http), { requestInit:
          { headers: { authorization: `Bearer ${token}` } } }));
      try {
        await everyTool(client);
      } finally {
        await client.close();
      }
      const ready = await fetch(`${gateway.metrics}/readyz`);

      assert.equal(ready.status, 200);
      assert.match(await ready.text(), /^tokens: ok$/m);
      const read = (await sidecar.audit('sidecar_relay_forwarded'))
        .map((event) => event.tool_name);

      assert.ok(new Set(read).size > 20, read.join());
      // what the caller has shown stays at the door
      const said = JSON.stringify(await sidecar.audit()) + sidecar.err;

      assert.ok(!said.includes(token.slice(-20)), 'the token has crossed');
    });
  });
