// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The relay when the machine beneath it gives way: connections that are reset,
// no descriptor to be had, a clock that is set.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { clockAhead, Gateway, Guest, noClock, Sidecar, skip, until }
  from './ends.mjs';

async function withGateway(options, body) {
  const gateway = await Gateway.start(options);

  try {
    await body(gateway);
  } finally {
    await gateway.remove();
  }
}

const descriptors = ({ child }) => fs.readdirSync(`/proc/${child.pid}/fd`)
  .map(Number).sort((a, b) => a - b);

// Sockets to other places; a library may keep local ones of its own.
function connections({ child }) {
  const local = new Set(fs.readFileSync('/proc/net/unix', 'utf8').split('\n')
    .map((line) => `socket:[${line.trim().split(/\s+/)[6]}]`));

  return descriptors({ child })
    .map((fd) => {
      try {
        return fs.readlinkSync(`/proc/${child.pid}/fd/${fd}`);
      } catch {
        return ''; // it is closed meanwhile
      }
    })
    .filter((link) => link.startsWith('socket:') && !local.has(link)).length;
}

test('connections that are reset leave no descriptor', { skip }, () =>
  withGateway({}, async (gateway) => {
    const before = connections(gateway);

    // those that are reset before anybody has looked, too
    for (const signal of ['SIGCONT', 'SIGSTOP']) {
      const sockets = [];

      gateway.child.kill(signal);
      for (let i = 0; i < 30; i++)
        sockets.push(net.connect(gateway.port, '127.0.0.1'));
      for (const socket of sockets)
        socket.on('error', () => {});
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      for (const socket of sockets)
        socket.resetAndDestroy();
      gateway.child.kill('SIGCONT');
      await until(() => connections(gateway) <= before, 'an end');
    }
    const guest = await new Guest(gateway).open();

    guest.close();
  }));

test('without a descriptor the door waits, and opens again',
  { skip: skip || (spawnSync('prlimit', ['--version']).error &&
    'prlimit is not installed') }, () =>
    withGateway({}, async (gateway) => {
      const limit = (most) => assert.equal(spawnSync('prlimit', ['--pid',
        gateway.child.pid, `--nofile=${most}:`]).status, 0);
      const told = () => gateway.err.match(/cannot let a sidecar in/g)?.length;
      const soft = fs.readFileSync(`/proc/${gateway.child.pid}/limits`, 'utf8')
        .match(/Max open files +(\d+)/)[1];
      const before = connections(gateway);
      let guest;

      // whoever is accepted has found one that was in use when they were counted
      for (let isIn = true; isIn;) {
        const used = descriptors(gateway);
        const free = used.findIndex((fd, i) => fd !== i);

        limit(free < 0 ? used.length : free);
        guest = new Guest(gateway).open();
        // once a second, and not as often as it can
        isIn = await Promise.race([
          guest.then((inside) => inside.close(), () => {}).then(() =>
            until(() => connections(gateway) <= before, 'an end')),
          until(() => told() >= 2, 'a second attempt').then(() => false)]);
      }
      assert.ok(told() < 200, `${told()} attempts`);
      limit(soft);
      (await guest).close();
    }));

test('a clock that is set does not end a session that lives',
  { skip: skip || noClock }, async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'clock-'));
    const file = path.join(dir, 'ahead');
    const set = (by) => {
      fs.writeFileSync(`${file}.new`, String(by));
      fs.renameSync(`${file}.new`, file);
    };

    set(0);
    try {
      await withGateway({ heartbeat: [1, 3], env: clockAhead(file) },
        async (gateway) => {
          const sidecar = new Sidecar(gateway);

          try {
            await sidecar.pair();
            await sidecar.start();
            // more than the silence that is allowed, less than the skew; on
            // and back
            for (const by of [25, 0, -25]) {
              set(by);
              for (let i = 0; i < 5; i++) {
                const { code, err } = await gateway.run('accounts', 'list');

                assert.equal(code, 0, err);
              }
            }
            assert.equal(sidecar.sessions.length, 1);
            // more than that is told, and heals
            set(600);
            await until(() => /clocks of gateway and sidecar differ/
              .test(sidecar.err + gateway.err), 'words about the clock');
            set(0);
            await until(async () =>
              (await gateway.run('accounts', 'list')).code === 0, 'an answer');
          } finally {
            await sidecar.remove();
          }
        });
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  });
