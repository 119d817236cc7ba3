// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The official client libraries through the relay: what they see is what
// they would see of a process of their own, and the relay has nothing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 }
  from '@modelcontextprotocol/sdk/client/stdio.js';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 }
  from '@modelcontextprotocol/client/stdio';
import { House, program, READ_SCOPES, skip, Wire } from './house.mjs';

const IDENTITY = { name: 'peer', version: '1' };

class Daemon {
  constructor() {
    this.house = new House({ more: `daemon:
  metrics: false
  principals:
    bot: {users: [${process.getuid()}], scopes: [${READ_SCOPES.join(', ')}]}
` });
    this.socket = path.join(this.house.dir, 'daemon.sock');
    this.house.replace('daemon:\n', `daemon:\n  socket: ${this.socket}\n`);
  }

  get args() {
    return ['--via', this.socket, 'mcp', 'serve'];
  }

  async start() {
    this.child = spawn(program, ['--config', this.house.config, 'serve'],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface(this.child.stdout), 'line');

    assert.match(line, /^serving at /);
  }

  async stop(signal = 'SIGTERM') {
    const exit = once(this.child, 'exit');

    this.child.kill(signal);
    return exit;
  }
}

async function withDaemon(body) {
  const daemon = new Daemon();

  await daemon.start();
  try {
    await body(daemon);
  } finally {
    if (daemon.child.exitCode === null && daemon.child.signalCode === null)
      await daemon.stop('SIGKILL');
    daemon.house.remove();
  }
}

// Environment of a client that has no configuration and no home.
const BARE = { PATH: process.env.PATH, HOME: '/nonexistent' };

for (const [name, Client, Transport] of [['v1', ClientV1, StdioV1],
  ['v2', ClientV2, StdioV2]]) {
  test(`SDK ${name} through the relay, two clients at once`, { skip },
    () => withDaemon(async (daemon) => {
      const clients = await Promise.all([1, 2].map(async () => {
        const client = new Client(IDENTITY);

        await client.connect(new Transport({ command: program,
          args: daemon.args, env: BARE, stderr: 'inherit' }));
        return client;
      }));

      for (const client of clients) {
        const { tools } = await client.listTools();

        assert.equal(tools[0].name, 'ibkr_health');
      }
      const results = await Promise.all(Array.from({ length: 40 }, (_, i) =>
        clients[i % 2].callTool({ name: 'ibkr_accounts_list',
          arguments: {} })));

      for (const result of results)
        assert.equal(result.structuredContent.accounts.length, 3);
      await clients[0].close();
      // the other one goes on
      const health = await clients[1].callTool({ name: 'ibkr_health',
        arguments: {} });

      assert.equal(health.structuredContent.read_only, true);
      await clients[1].close();
      assert.deepEqual(await daemon.stop(), [0, null]);
    }));
}

test('a client learns that its daemon has died', { skip },
  () => withDaemon(async (daemon) => {
    const client = new ClientV2(IDENTITY);
    const closed = new Promise((resolve) => { client.onclose = resolve; });

    await client.connect(new StdioV2({ command: program, args: daemon.args,
      env: BARE, stderr: 'ignore' }));
    await daemon.stop('SIGKILL');
    await closed;
    await assert.rejects(client.callTool({ name: 'ibkr_health',
      arguments: {} }));
  }));

test('the relay opens no file of the gateway', { skip },
  () => withDaemon(async (daemon) => {
    const wire = new Wire(daemon.house, daemon.args);

    assert.ok((await wire.ask('ping')).result);
    const links = fs.readdirSync(`/proc/${wire.child.pid}/fd`)
      .map((fd) => fs.readlinkSync(`/proc/${wire.child.pid}/fd/${fd}`));

    for (const link of links)
      assert.ok(!link.startsWith(daemon.house.dir), link);
    assert.deepEqual(await wire.end(), [0, null]);
  }));

test('what is said while the daemon drains is answered or ended',
  { skip }, () => withDaemon(async (daemon) => {
    const wire = new Wire(daemon.house, daemon.args);
    let answers = 0;

    assert.ok((await wire.ask('ping')).result);
    for (let i = 0; i < 50; i++)
      wire.say({ jsonrpc: '2.0', id: `c${i}`, method: 'tools/call',
        params: { name: 'ibkr_accounts_list', arguments: {} } });
    assert.ok((await wire.hear()).result);
    const exit = daemon.stop();

    while (await wire.hear())
      answers++;
    assert.deepEqual(await exit, [0, null]);
    assert.equal((await wire.exit)[0], 3);
    assert.ok(answers < 50);
  }));

test('who does not read keeps nobody else from being served', { skip },
  () => withDaemon(async (daemon) => {
    const call = (id) => `${JSON.stringify({ jsonrpc: '2.0', id,
      method: 'tools/call',
      params: { name: 'ibkr_accounts_list', arguments: {} } })}\n`;
    const count = 1500;
    const idle = net.connect(daemon.socket);

    idle.pause();
    for (let id = 0; id < count; id++)
      idle.write(call(id));
    // the socket's buffer is full when nothing more comes through
    await new Promise((resolve) => setTimeout(resolve, 2000));

    const wire = new Wire(daemon.house, daemon.args);

    assert.ok((await wire.ask('tools/call', { name: 'ibkr_health',
      arguments: {} })).result);
    assert.deepEqual(await wire.end(), [0, null]);

    // and it finds all of its answers
    const ids = new Set();

    for await (const line of createInterface(idle)) {
      ids.add(JSON.parse(line).id);
      if (ids.size === count)
        break;
    }
    assert.equal(ids.size, count);
    idle.destroy();
    assert.deepEqual(await daemon.stop(), [0, null]);
  }));
