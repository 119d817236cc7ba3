// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Both ends of the relay with the real program, and a guest that speaks the
// relay's frames by hand, for what no sidecar ever sends.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import tls from 'node:tls';
import { House, program, READ_SCOPES, skip as unbuilt } from './house.mjs';

export const skip = unbuilt || (spawnSync('openssl', ['version']).error
  ? 'openssl is not installed' : false);

export const TYPE = { CHALLENGE: 1, HELLO: 2, WELCOME: 3, JOIN: 4, JOINED: 5,
  BEAT: 6, REQUEST: 7, RESPONSE: 8, INNER: 9, BYE: 10 };

// Where the gateway is, for tests that run on one machine or on two: the
// command that goes there, the address that it listens at.
const PLACE = { within: [], host: '127.0.0.1',
  ...JSON.parse(process.env.IAG_TEST_ENDS ?? '{}') };

// A wall clock that a test can set, as the environment of a program.
const CLOCK = `${process.env.IAG_TEST_BUILDDIR}/tests/cli/.libs/skewed-clock.so`;

export const noClock = !fs.existsSync(CLOCK) ? 'skewed-clock.so was not built'
  : /libasan/.test(spawnSync('ldd', [program]).stdout)
    ? 'the address sanitizer wants to be the first library' : false;

// by: seconds ahead, or the file that says so at any time.
export function clockAhead(by) {
  return { LD_PRELOAD: CLOCK,
    ...(typeof by === 'number' ? { IAG_TEST_AHEAD: String(by) }
      : { IAG_TEST_AHEAD_FILE: by }) };
}

// What a condition waits for, however slow the machine is.
export async function until(condition, what) {
  const deadline = Date.now() + 60000;

  for (;;) {
    const found = await condition();

    if (found)
      return found;
    assert.ok(Date.now() < deadline, `${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function certificate(dir, ...addresses) {
  const key = path.join(dir, 'relay.key');
  const chain = path.join(dir, 'relay.pem');
  const names = [...new Set(['127.0.0.1', ...addresses])]
    .map((a) => `IP:${a}`).join(',');
  const { status, stderr } = spawnSync('openssl', ['req', '-x509', '-newkey',
    'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=relay', '-addext', `subjectAltName=${names}`,
    '-keyout', key, '-out', chain]);

  assert.equal(status, 0, String(stderr));
  fs.chmodSync(key, 0o600);
  return { key, chain };
}

// Tokens of an issuer that is not there: nobody comes in over HTTP.
const NOBODY = `  resource: https://gateway.example.org/mcp
  issuer: https://id.example.org
  jwks_url: https://id.example.org/keys
  audiences: [gateway]
  allowed_scopes: [ibkr:health:read]
`;

export class Gateway {
  static async start({ heartbeat = [1, 20], host = PLACE.host,
    within = PLACE.within, uid = process.getuid(), scopes = READ_SCOPES,
    broker = '', more = '', remote = NOBODY, env = {} } = {}) {
    const gateway = new Gateway();
    const house = new House({ broker: `backend: sidecar${broker}`, scopes });

    gateway.house = house;
    gateway.within = within;
    gateway.env = env;
    gateway.host = host;
    gateway.tls = certificate(house.dir, host);
    gateway.socket = path.join(house.dir, 'daemon.sock');
    fs.appendFileSync(house.config, `${more}safety:
  remote_mcp_enabled: true
  sidecar_enabled: true
remote_mcp:
  enabled: true
  bind_address: 127.0.0.1:0
${remote}  tls_certificate_file: ${gateway.tls.chain}
  tls_key_file: ${gateway.tls.key}
  token_id_hmac_secret_file: ${path.join(house.dir, 'secret')}
daemon:
  socket: ${gateway.socket}
  metrics_address: 127.0.0.1:0
  principals:
    me: {kind: operator, users: [${uid}],
      scopes: [${scopes.join(', ')}]}
sidecar:
  enabled: true
  bind_address: ${host}:0
  remote_relay_url: https://relay.example.org
  local_client_portal_base_url: https://localhost:5000
  heartbeat_interval_seconds: ${heartbeat[0]}
  heartbeat_timeout_seconds: ${heartbeat[1]}
`);
    await gateway.#spawn();
    return gateway;
  }

  async #spawn() {
    const [command, ...args] = [...this.within, program, '--config',
      this.house.config, 'serve'];

    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.env } });
    this.err = '';
    this.child.stderr.on('data', (data) => { this.err += data; });
    this.exit = once(this.child, 'exit');
    const line = await Promise.race([
      once(createInterface(this.child.stdout), 'line').then(([text]) => text),
      this.exit.then(() => '')]);

    assert.match(line, /sidecars at /, this.err);
    this.port = Number(line.match(/sidecars at \S+:(\d+)/)[1]);
    this.http = line.match(/ and (https:\S+?)(,|$)/)?.[1];
    this.metrics = line.match(/metrics at (\S+),/)?.[1];
  }

  // One command of the operator, through the daemon.
  async run(...args) {
    const [command, ...rest] = [...this.within, program, '--via', this.socket,
      '--json', ...args];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const text = { out: '', err: '' };

    child.stdout.on('data', (data) => { text.out += data; });
    child.stderr.on('data', (data) => { text.err += data; });
    const [code] = await once(child, 'close');
    let json = null;

    try {
      json = JSON.parse(code === 0 ? text.out : text.err);
    } catch { /* none */ }
    return { code, ...text, json };
  }

  async ok(...args) {
    const done = await this.run(...args);

    assert.equal(done.code, 0, done.err);
    return done.json;
  }

  pair(sidecarId, ...args) {
    return this.ok('sidecar', 'pairing', 'create', '--remote-instance-id',
      'gateway-1', '--sidecar-id', sidecarId, '--user-id', 'alice', ...args);
  }

  async audit(type) {
    const { events } = await this.ok('audit', 'tail', '--limit', '500');

    return events.map((row) => row.event)
      .filter((event) => !type || event.event_type === type);
  }

  async remove() {
    this.child.kill('SIGKILL');
    await this.exit;
    this.house.remove();
  }
}

export class Sidecar {
  constructor(gateway, { host = gateway.host, port = gateway.port, within = [],
    broker = 'backend: fake', scopes = READ_SCOPES, plugins = '' } = {}) {
    this.house = new House({ broker, scopes, more: `${plugins}safety:
  sidecar_enabled: true
sidecar:
  enabled: true
  role: sidecar
  remote_relay_url: https://${host}:${port}
  ca_file: ${gateway.tls.chain}
` });
    this.gateway = gateway;
    this.within = within;
  }

  async run(...args) {
    const [command, ...rest] = [...this.within, program, '--config',
      this.house.config, '--json', ...args];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const text = { out: '', err: '' };

    child.stdout.on('data', (data) => { text.out += data; });
    child.stderr.on('data', (data) => { text.err += data; });
    const [code] = await once(child, 'close');
    let json = null;

    try {
      json = JSON.parse(code === 0 ? text.out : text.err);
    } catch { /* none */ }
    return { code, ...text, json };
  }

  async ok(...args) {
    const done = await this.run(...args);

    assert.equal(done.code, 0, done.err);
    return done.json;
  }

  // The whole way of the two operators; the pairing's id.
  async pair() {
    const { sidecar_id: id } = await this.ok('sidecar', 'identity', 'create');
    const { code, pairing_id: pairing } = await this.gateway.pair(id);
    const { check } = await this.ok('sidecar', 'pairing', 'join', '--code',
      code);

    await this.gateway.ok('sidecar', 'pairing', 'confirm', '--pairing-id',
      pairing, '--check', check);
    return pairing;
  }

  // Run it; resolved once it has a session, or has ended.
  async start(...args) {
    this.launch(args);
    await until(() => this.sessions.length > 0 ||
      this.child.exitCode !== null, 'a session');
    return this;
  }

  launch(args = [], env = {}) {
    const [command, ...rest] = [...this.within, program, '--config',
      this.house.config, 'sidecar', 'run', ...args];

    this.child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env } });
    this.exit = once(this.child, 'exit');
    this.err = '';
    this.sessions = [];
    this.child.stderr.on('data', (data) => { this.err += data; });
    createInterface(this.child.stdout).on('line', (line) =>
      this.sessions.push(line.match(/session (\S+)/)[1]));
  }

  async audit(type) {
    const { events } = await this.ok('audit', 'tail', '--limit', '500');

    return events.map((row) => row.event)
      .filter((event) => !type || event.event_type === type);
  }

  async remove() {
    if (this.child && this.child.exitCode === null) {
      this.child.kill('SIGKILL');
      await this.exit;
    }
    this.house.remove();
  }
}

const DIGITS = /[^0-9A-Z]/g;

function hkdf(code) {
  return Buffer.from(crypto.hkdfSync('sha256', code.replace(DIGITS, ''),
    Buffer.alloc(0), 'ibkr-agent sidecar code 1', 32));
}

export function proof(code, ...parts) {
  return crypto.createHmac('sha256', hkdf(code))
    .update(Buffer.from(parts.map((part) => `${part}\0`).join('')))
    .digest('hex');
}

// A sidecar by hand: Ed25519 keys, frames over TLS, no inner session.
export class Guest {
  constructor(gateway, { id = `sidecar-${crypto.randomUUID()}`, keys } = {}) {
    this.gateway = gateway;
    this.id = id;
    this.keys = keys ?? crypto.generateKeyPairSync('ed25519');
    this.counter = 0;
    this.beats = 0;
  }

  get public() {
    return this.keys.publicKey.export({ format: 'der', type: 'spki' })
      .subarray(-32).toString('hex');
  }

  // Connect and wait for the challenge.
  async open() {
    const state = { frames: [], ended: false };

    this.state = state;
    this.socket = tls.connect({ host: this.gateway.host,
      port: this.gateway.port,
      ca: fs.readFileSync(this.gateway.tls.chain),
      ALPNProtocols: ['ibkr-agent-relay/1'], minVersion: 'TLSv1.3' });
    let rest = Buffer.alloc(0);

    this.socket.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(0)) {
        const size = rest.readUInt32BE(0);

        state.frames.push({ type: rest[4], data: rest.subarray(5, 5 + size) });
        rest = rest.subarray(5 + size);
      }
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => { state.ended = true; });
    const { data } = await this.frame(TYPE.CHALLENGE);

    this.challenge = JSON.parse(data);
    this.nonce = crypto.randomBytes(32).toString('hex');
    return this;
  }

  close() {
    this.socket?.destroy();
  }

  put(type, data) {
    const head = Buffer.alloc(5);

    head.writeUInt32BE(data.length, 0);
    head[4] = type;
    this.socket.write(Buffer.concat([head, data]));
  }

  signed(type, body, keys = this.keys) {
    const text = Buffer.from(JSON.stringify(body));
    const signature = crypto.sign(null, Buffer.concat([
      Buffer.from('ibkr-agent sidecar 1\0'), Buffer.from([type]), text]),
    keys.privateKey);

    return Buffer.concat([signature, text]);
  }

  // The next frame of that type; frames of others are an error.
  async frame(type) {
    const found = await until(() => this.state.frames.shift() ?? this.state.ended,
      `a frame of type ${type}`);

    assert.notEqual(found, true, 'the gateway has closed the connection');
    if (found.type === TYPE.BYE && type !== TYPE.BYE)
      assert.fail(`refused: ${found.data}`);
    assert.equal(found.type, type);
    return found;
  }

  // What it is refused with.
  async bye() {
    for (;;) {
      const found = await until(() => this.state.frames.shift() ?? this.state.ended,
        'a refusal');

      assert.notEqual(found, true, 'closed without a word');
      if (found.type === TYPE.BYE)
        return JSON.parse(found.data);
    }
  }

  body(more = {}) {
    return { gateway_nonce: this.challenge.nonce, nonce: this.nonce,
      observed_at: new Date().toISOString(), ...more };
  }

  join(code, more = {}) {
    this.put(TYPE.JOIN, this.signed(TYPE.JOIN, this.body({
      sidecar_id: this.id, public_key: this.public,
      proof: proof(code, 'join', this.challenge.nonce, this.nonce, '', '',
        this.public, ''), ...more })));
  }

  // The check number that an operator would see.
  async joined(code) {
    const { data } = await this.frame(TYPE.JOINED);
    const body = JSON.parse(data.subarray(64));
    const parts = [this.challenge.nonce, this.nonce, body.pairing_id,
      body.remote_instance_id, this.public, body.public_key];

    assert.equal(body.proof, proof(code, 'joined', ...parts));
    const number = parseInt(proof(code, 'check', ...parts).slice(0, 8), 16)
      % 1000000;
    const text = String(number).padStart(6, '0');

    return { ...body, check: `${text.slice(0, 3)}-${text.slice(3)}` };
  }

  async pair() {
    const made = await this.gateway.pair(this.id);

    await this.open();
    this.join(made.code);
    const { check } = await this.joined(made.code);

    this.close();
    this.pairing = made.pairing_id;
    await this.gateway.ok('sidecar', 'pairing', 'confirm', '--pairing-id',
      this.pairing, '--check', check);
    return this;
  }

  helloBody(more = {}) {
    return this.body({ pairing_id: this.pairing, sidecar_id: this.id,
      remote_instance_id: 'gateway-1', counter: ++this.counter, ...more });
  }

  hello(more = {}, keys = this.keys) {
    this.put(TYPE.HELLO, this.signed(TYPE.HELLO, this.helloBody(more), keys));
  }

  async welcome() {
    const { data } = await this.frame(TYPE.WELCOME);

    this.session = JSON.parse(data.subarray(64)).relay_session_id;
    return this.session;
  }

  beat(more = {}, keys = this.keys) {
    this.put(TYPE.BEAT, this.signed(TYPE.BEAT, { counter: ++this.beats,
      observed_at: new Date().toISOString(), relay_session_id: this.session,
      sidecar_id: this.id, ...more }, keys));
  }
}
