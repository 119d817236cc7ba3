// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The program under test in a home of its own, and a client that speaks the
// wire by hand, for what the client libraries never send.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const program = process.env.IAG_TEST_PROGRAM ?? '';
const plugins = process.env.IAG_TEST_PLUGINDIR ?? '';

export const MODERN = '2026-07-28';
export const LEGACY = '2025-11-25';
export const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'peer', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

export const READ_SCOPES = ['health', 'accounts', 'portfolio', 'positions',
  'marketdata', 'marketdata:depth', 'options', 'scanner', 'news',
  'fundamentals', 'calendar', 'currency', 'transfers', 'orders', 'risk',
  'audit'].map((name) => `ibkr:${name}:read`).concat('ibkr:audit:export');

export const ORDER_SCOPES = ['orders:preview', 'orders:paper:submit',
  'orders:paper:cancel', 'orders:paper:modify', 'approvals:create',
  'orders:live:submit', 'orders:live:cancel', 'orders:live:modify']
  .map((name) => `ibkr:${name}`);

// Lines that configure live trading on the fake live account.
export const LIVE = `safety: {live_trading_enabled: true}
live_trading:
  enabled: true
  allowed_accounts: [U7654321]
  risk_policy_id: careful
  paper_to_live_checklist_acknowledged: true
risk_policies:
  careful:
    enabled: true
    allowed_symbols: [AAPL]
    allowed_asset_classes: [stock]
`;

// Why the tests of a file cannot run, or false.
export const skip = fs.existsSync(program) ? false
  : 'the program is not built (IAG_TEST_PROGRAM)';

// One command to its end; its exit code and output.
export async function run(command, ...args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const out = [], err = [];

  child.stdout.on('data', (data) => out.push(data));
  child.stderr.on('data', (data) => err.push(data));
  const [code] = await once(child, 'close');
  return { code, out: Buffer.concat(out).toString(),
    err: Buffer.concat(err).toString() };
}

// A folder with a configuration, by default over the fake backend; nothing
// else in it.
export class House {
  constructor({ scopes = READ_SCOPES, more = '', broker = 'backend: fake' }
    = {}) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'house-'));
    this.config = path.join(this.dir, 'ibkr-agent.yaml');
    this.store = path.join(this.dir, 'store');
    fs.writeFileSync(path.join(this.dir, 'secret'),
      'a secret of the tests, which nobody else uses\n', { mode: 0o600 });
    fs.writeFileSync(this.config, `broker:
  ${broker}
auth:
  enabled_scopes: [${scopes.join(', ')}]
audit:
  path: ${this.store}
  hmac_secret_file: ${path.join(this.dir, 'secret')}
plugins:
  path: [${plugins}]
${more}`, { mode: 0o600 });
  }

  get args() {
    return ['--config', this.config, 'mcp', 'serve', '--transport', 'stdio'];
  }

  // A command without arguments that serves, for clients that take over
  // options of ours.
  launcher() {
    const file = path.join(this.dir, 'serve');

    fs.writeFileSync(file, `#!/bin/sh
exec '${program}' --config '${this.config}' mcp serve --transport stdio
`, { mode: 0o700 });
    return file;
  }

  // Another text in the configuration, for processes that start from now on.
  replace(was, is) {
    fs.writeFileSync(this.config,
      fs.readFileSync(this.config, 'utf8').replace(was, is));
  }

  // Every path below the folder with size and times.
  snapshot() {
    return fs.readdirSync(this.dir, { recursive: true }).sort()
      .map((name) => {
        const st = fs.statSync(path.join(this.dir, name));
        return `${name} ${st.size} ${st.mtimeMs}`;
      }).join('\n');
  }

  // One command of the program; its exit code and output.
  run(...args) {
    return run(program, '--config', this.config, ...args);
  }

  remove() {
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

// A client without manners: sends bytes, hands out whole lines.
export class Wire {
  constructor(house, args = house.args) {
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.exit = once(this.child, 'exit');
    this.lines = [];
    this.waiting = [];
    this.err = '';
    this.id = 0;
    let rest = '';
    this.child.stdout.setEncoding('utf8');
    this.child.stdout.on('data', (text) => {
      const parts = (rest + text).split('\n');

      rest = parts.pop();
      for (const line of parts)
        this.#take(JSON.parse(line));
    });
    this.child.stdout.on('close', () => this.#take(null));
    this.child.stderr.on('data', (data) => { this.err += data; });
    this.child.stdin.on('error', () => {});
  }

  #take(message) {
    const waiter = this.waiting.shift();

    if (waiter)
      waiter(message);
    else
      this.lines.push(message);
  }

  send(bytes) {
    this.child.stdin.write(bytes);
  }

  // The next message; null once the server has closed its output.
  hear() {
    if (this.lines.length > 0)
      return Promise.resolve(this.lines.shift());
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  say(message) {
    this.send(`${JSON.stringify(message)}\n`);
  }

  notify(method, params) {
    this.say({ jsonrpc: '2.0', method, ...(params && { params }) });
  }

  // One request with nothing else under way; the whole answer.
  async ask(method, params, id = ++this.id) {
    this.say({ jsonrpc: '2.0', id, method, ...(params && { params }) });
    return this.hear();
  }

  askModern(method, params = {}, id = ++this.id) {
    return this.ask(method, { ...params, _meta: META }, id);
  }

  call(name, args) {
    return this.ask('tools/call',
      { name, ...(args !== undefined && { arguments: args }) });
  }

  // Close the input and wait; [code, signal].
  async end() {
    this.child.stdin.end();
    return this.exit;
  }
}

// Run body with a fresh house and a client in it, and clean up.
export async function withWire(options, body) {
  const house = new House(options);
  const wire = new Wire(house);

  try {
    await body(wire, house);
  } finally {
    wire.child.kill('SIGKILL');
    await wire.exit;
    house.remove();
  }
}
