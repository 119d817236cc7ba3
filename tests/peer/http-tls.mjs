// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The HTTP door over TLS: what it speaks, and another certificate while it
// runs.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { Door, modern, modernHeaders, withDoor } from './door.mjs';
import { skip as unbuilt } from './house.mjs';

const skip = unbuilt || (spawnSync('openssl', ['version']).error
  ? 'openssl is not installed' : false);

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tls-'));

process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));

const CURVE = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

// A key and its certificate, at NAME.key and NAME.pem.
function certificate(name, kind = CURVE) {
  const key = path.join(dir, `${name}.key`);
  const chain = path.join(dir, `${name}.pem`);
  const { status, stderr } = spawnSync('openssl', ['req', '-x509', '-newkey',
    ...kind, '-nodes', '-days', '2', '-subj', `/CN=${name}`,
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', chain]);

  assert.equal(status, 0, String(stderr));
  fs.chmodSync(key, 0o600);
  return { key, chain };
}

function remote({ key, chain }) {
  return `remote_mcp:
  rate_limit_max_requests: 100000
  tls_certificate_file: ${chain}
  tls_key_file: ${key}
`;
}

// One handshake; the name on the certificate, or the error's code.
function handshake(door, options) {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: '127.0.0.1', port: door.port,
      rejectUnauthorized: false, ...options }, () => {
      resolve({ name: socket.getPeerCertificate().subject.CN,
        protocol: socket.getProtocol() });
      socket.destroy();
    });

    socket.on('error', ({ code }) => resolve({ code }));
  });
}

// As files are replaced by those who renew certificates.
function replace(from, to) {
  for (const kind of ['chain', 'key']) {
    fs.copyFileSync(from[kind], `${to[kind]}.new`);
    fs.chmodSync(`${to[kind]}.new`, 0o600);
    fs.renameSync(`${to[kind]}.new`, to[kind]);
  }
}

async function until(door, name) {
  const deadline = Date.now() + 20000;

  while ((await handshake(door)).name !== name)
    assert.ok(Date.now() < deadline, door.err);
}

test('the door speaks TLS 1.2 and 1.3 and nothing older', { skip }, () => {
  const first = certificate('first');

  return withDoor({ remote: remote(first) }, async (door) => {
    assert.match(door.url, /^https:/);
    const ca = fs.readFileSync(first.chain);

    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const { json, status } = await door.modern('tools/list', {}, {},
        { ca, minVersion: version, maxVersion: version });

      assert.equal(status, 200);
      assert.ok(json.result.tools.length > 30);
    }
    const old = { ciphers: 'DEFAULT:@SECLEVEL=0', minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1' };

    assert.ok((await handshake(door, old)).code);
    // no word without TLS
    assert.equal(await door.raw('POST /mcp HTTP/1.1\r\nHost: a\r\n\r\n'), '');
    assert.equal((await handshake(door)).protocol, 'TLSv1.3');
  });
});

test('another certificate is shown once it is there', { skip }, () => {
  const used = certificate('one');
  const two = certificate('two');
  const three = certificate('three');

  return withDoor({ remote: remote(used) }, async (door) => {
    const agent = new https.Agent({ keepAlive: true,
      rejectUnauthorized: false, maxSockets: 1 });
    const kept = () => door.post(modern('tools/list'),
      modernHeaders('tools/list'), { agent });

    assert.equal((await kept()).status, 200);
    assert.equal((await handshake(door)).name, 'one');
    replace(two, used);
    await until(door, 'two');
    // half of a pair: the old one stays in use, and it is said
    fs.copyFileSync(three.chain, used.chain);
    while (!/the old certificate stays in use/.test(door.err))
      assert.equal((await handshake(door)).name, 'two');
    replace(three, used);
    await until(door, 'three');
    // who was there before is still served
    assert.equal((await kept()).status, 200);
    agent.destroy();
  });
});

test('a certificate that cannot be used is refused at the start', { skip },
  async () => {
    const good = certificate('good');
    const other = certificate('other');
    const open = path.join(dir, 'open.key');
    const cases = [
      [{ ...good, key: other.key }, /is not that of the first certificate/],
      [{ ...good, key: path.join(dir, 'none') }, /No such file/],
      [{ ...good, key: good.chain }, /cannot use the private key/],
      [{ ...good, chain: good.key }, /cannot use the certificate/],
      [{ ...good, key: open }, /everybody may read/],
    ];

    fs.copyFileSync(good.key, open);
    fs.chmodSync(open, 0o644);
    fs.chmodSync(good.chain, 0o600);
    for (const [files, text] of cases) {
      const { code, err } = await Door.fails(['--enable-remote-mcp',
        '--without-auth', '--bind', '127.0.0.1:0'], { more: remote(files) });

      assert.equal(code, 7, err);
      assert.match(err, text);
    }
  });

const noScanner = skip || (spawnSync('sslscan', ['--version']).error
  ? 'sslscan is not installed' : false);

// What sslscan finds: the attributes of each element of that name.
async function scan(door) {
  const child = spawn('sslscan', ['--xml=-', '--no-colour',
    `${door.host}:${door.port}`], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exit = once(child, 'exit');
  let text = '';

  for await (const part of child.stdout.setEncoding('utf8'))
    text += part;
  assert.deepEqual(await exit, [0, null], text);
  return { text, all: (name) => [...text.matchAll(
    new RegExp(`<${name} ([^>]*)/>`, 'g'))].map(([, attributes]) =>
    Object.fromEntries([...attributes.matchAll(/(\w+)="([^"]*)"/g)]
      .map(([, key, value]) => [key, value]))) };
}

function assertStrong(found) {
  const protocols = found.all('protocol').filter(({ enabled }) =>
    enabled === '1').map(({ type, version }) => `${type} ${version}`);
  const ciphers = found.all('cipher');

  assert.deepEqual(protocols, ['tls 1.2', 'tls 1.3'], found.text);
  for (const version of ['TLSv1.2', 'TLSv1.3'])
    assert.ok(ciphers.some(({ sslversion }) => sslversion === version));
  // encrypted and authenticated at once, and each time with a fresh key
  for (const { cipher, bits, sslversion } of ciphers) {
    assert.match(cipher, /GCM|POLY1305/, found.text);
    assert.ok(Number(bits) >= 128, cipher);
    assert.ok(sslversion === 'TLSv1.3' || cipher.startsWith('ECDHE-'), cipher);
  }
  for (const { bits, name } of found.all('group'))
    assert.ok(Number(bits) >= 128, name);
  for (const { vulnerable } of found.all('heartbleed'))
    assert.equal(vulnerable, '0');
  assert.doesNotMatch(found.text,
    /<(renegotiation supported|compression supported)="1"/);
}

test('a scanner finds nothing weak, whatever the certificate',
  { skip: noScanner }, () => {
    const used = certificate('elliptic');
    const other = certificate('factored', ['rsa:2048']);

    return withDoor({ remote: `${remote(used)}  max_connections: 512
  max_connections_per_address: 512
` }, async (door) => {
      const first = await scan(door);

      assertStrong(first);
      assert.match(first.text, /CDATA\[elliptic\]/);
      replace(other, used);
      await until(door, 'factored');
      const second = await scan(door);

      assertStrong(second);
      assert.match(second.text, /CDATA\[factored\]/);
      assert.ok(second.all('cipher').some(({ cipher }) =>
        cipher.startsWith('ECDHE-RSA-')), second.text);
      assert.equal((await door.modern('tools/list', {}, {},
        { rejectUnauthorized: false })).status, 200);
    });
  });
