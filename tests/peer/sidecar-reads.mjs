// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// What is read through the relay, by whom, and how it ends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gateway, Sidecar, skip, until } from './ends.mjs';

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
