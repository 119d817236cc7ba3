// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The relay between two machines: each end in a network namespace of its own,
// a cable in between that can be pulled out.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Gateway, Sidecar, skip as unbuilt, until } from './ends.mjs';

const HERE = '10.213.0.1', THERE = '10.213.0.2';

function enter(pid) {
  return ['nsenter', '-t', String(pid), '-U', '-n', '--preserve-credentials'];
}

function run(...words) {
  const { status, stderr, error } = spawnSync(words[0], words.slice(1),
    { encoding: 'utf8' });

  return status === 0 ? '' : stderr || String(error ?? status);
}

// A process that holds a namespace, once it is in it.
async function holder(...words) {
  const child = spawn(words[0], [...words.slice(1), 'sleep', '600'],
    { stdio: 'ignore' });
  const own = fs.readlinkSync('/proc/self/ns/net');
  let ended = false;

  child.on('error', () => { ended = true; });
  child.on('exit', () => { ended = true; });
  await until(() => {
    try {
      return ended ||
        (fs.readFileSync(`/proc/${child.pid}/comm`, 'utf8') === 'sleep\n' &&
          fs.readlinkSync(`/proc/${child.pid}/ns/net`) !== own);
    } catch {
      return ended;
    }
  }, 'a namespace');
  return ended ? null : child;
}

// Two namespaces and a cable; or why there are none.
async function world() {
  const near = await holder('unshare', '-U', '-r', '-n');
  const far = near &&
    await holder(...enter(near.pid), 'unshare', '-n');
  const made = {
    near, far,
    end() {
      far?.kill('SIGKILL');
      near?.kill('SIGKILL');
    },
    cable: (way) => run(...enter(near.pid), 'ip', 'link', 'set', 'near', way),
  };

  if (!far)
    return { ...made, why: 'no network namespaces can be made here' };
  const at = (pid, ...words) => run(...enter(pid), 'ip', ...words);
  const why = at(near.pid, 'link', 'add', 'near', 'type', 'veth', 'peer',
    'name', 'far', 'netns', String(far.pid)) ||
    [[near.pid, 'near', HERE], [far.pid, 'far', THERE]].map(
      ([pid, name, address]) =>
        at(pid, 'addr', 'add', `${address}/24`, 'dev', name) ||
        at(pid, 'link', 'set', name, 'up') ||
        at(pid, 'link', 'set', 'lo', 'up')).find((text) => text);

  return { ...made, why: why && `no cable can be made here: ${why}` };
}

test('two machines: out through the cable alone, also after it was pulled',
  { skip: unbuilt }, async (t) => {
    const net = await world();
    let gateway, sidecar;

    try {
      if (net.why)
        return t.skip(net.why);
      gateway = await Gateway.start({ within: enter(net.far.pid), uid: 0,
        host: THERE, heartbeat: [1, 3] });
      sidecar = new Sidecar(gateway, { within: enter(net.near.pid) });
      await sidecar.pair();
      await sidecar.start();
      const works = () => until(async () =>
        (await gateway.run('accounts', 'list')).code === 0, 'an answer');

      await works();
      // nobody can come to the sidecar: it listens nowhere
      const listening = spawnSync(enter(net.near.pid)[0],
        [...enter(net.near.pid).slice(1), 'cat', '/proc/net/tcp',
          '/proc/net/tcp6'], { encoding: 'utf8' }).stdout
        .split('\n').filter((line) => / 0A /.test(line));

      assert.deepEqual(listening, []);
      // no byte and no word of it
      assert.equal(net.cable('down'), '');
      const { json } = await until(async () => {
        const done = await gateway.run('accounts', 'list');

        return done.json.code === 'SIDECAR_UNAVAILABLE' && done;
      }, 'a refusal');

      assert.equal(json.retryable, true);
      await until(() => /has been silent for/.test(gateway.err),
        'the gateway to say why');
      await until(() => /gateway has been silent/.test(sidecar.err),
        'the sidecar to notice');
      assert.equal(net.cable('up'), '');
      await until(() => sidecar.sessions.length > 1, 'another session');
      await works();
    } finally {
      await sidecar?.remove();
      await gateway?.remove();
      net.end();
    }
  });

// Tests of one machine that hold between two; the start of each name.
const BETWEEN = ['replays, other keys', 'a hello that a newer one',
  'a pairing that is revoked', 'a code for another registered key',
  'a sidecar whose clock is off', 'heartbeats are signed'];

test('two machines: replay, stolen identity, revoked pairing, clocks',
  { skip: unbuilt }, async (t) => {
    const net = await world();

    try {
      if (net.why)
        return t.skip(net.why);
      const env = { ...process.env, IAG_TEST_ENDS: JSON.stringify({
        host: THERE, within: ['nsenter', '-t', String(net.far.pid), '-n'] }) };

      delete env.NODE_TEST_CONTEXT;
      const [command, ...args] = [...enter(net.near.pid), process.execPath,
        '--test-reporter=tap', `--test-name-pattern=^(${BETWEEN.join('|')})`,
        fileURLToPath(new URL('sidecar.mjs', import.meta.url))];
      const child = spawn(command, args,
        { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';

      child.stdout.on('data', (data) => { out += data; });
      const [code] = await once(child, 'close');

      assert.equal(code, 0, out);
      assert.ok(Number(out.match(/^# pass (\d+)/m)[1]) >= BETWEEN.length, out);
    } finally {
      net.end();
    }
  });
