// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The relay with the real program at both ends: pairing, reads, what crosses,
// and everything that is refused.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { certificate, clockAhead, Gateway, Guest, noClock, proof, Sidecar, skip,
  TYPE, until } from './ends.mjs';

const ACCOUNT = 'DU1234567';

async function withGateway(options, body) {
  const gateway = await Gateway.start(options);

  try {
    await body(gateway);
  } finally {
    await gateway.remove();
  }
}

// A gateway and a sidecar that are paired; through: where it dials to.
async function withBoth({ through = (gateway) => gateway.port, ...options },
  body) {
  await withGateway(options, async (gateway) => {
    const port = await through(gateway);
    const sidecar = new Sidecar(gateway, { port, ...options.sidecar });

    try {
      sidecar.pairing = await sidecar.pair();
      await sidecar.start();
      await body(gateway, sidecar);
    } finally {
      await sidecar.remove();
    }
  });
}

test('reads go through the sidecar, and the records have hashes alone',
  { skip }, () => withBoth({}, async (gateway, sidecar) => {
    const { accounts } = await gateway.ok('accounts', 'list');
    const { last } = await gateway.ok('market', 'snapshot', '--contract-id',
      '265598');
    const summary = await gateway.run('account', 'summary', '--account',
      ACCOUNT);
    const many = await Promise.all(Array.from({ length: 20 }, () =>
      gateway.run('positions', 'list', '--account', ACCOUNT)));

    assert.equal(accounts[0].account_id, ACCOUNT);
    assert.match(last, /^[0-9.]+$/);
    assert.equal(summary.code, 0, summary.err);
    for (const { code, err } of many)
      assert.equal(code, 0, err);
    for (const end of [gateway, sidecar]) {
      const events = await end.audit('sidecar_relay_forwarded');

      assert.equal(events.length, 23);
      for (const event of events) {
        assert.equal(event.user_id ?? event.principal, 'sidecar-relay');
        assert.match(JSON.stringify(event), /"payload_hash":"[0-9a-f]{64}"/);
        assert.doesNotMatch(JSON.stringify(event), /DU1234567|265598/);
      }
      assert.doesNotMatch(end.err, /DU1234567|265598/);
    }
    const key = fs.statSync(path.join(sidecar.house.store, 'sidecar.key'));

    assert.equal(key.mode & 0o777, 0o600);
  }));

test('what only another end could answer is refused at once', { skip }, () =>
  withGateway({}, async (gateway) => {
    const { code, json } = await gateway.run('accounts', 'list');

    assert.equal(code, 1);
    assert.equal(json.code, 'SIDECAR_UNAVAILABLE');
    assert.match(json.message, /no sidecar is connected/);
  }));

test('a scope that the sidecar does not have is refused there', { skip }, () =>
  withBoth({ sidecar: { scopes: ['ibkr:health:read', 'ibkr:audit:read'] } },
    async (gateway, sidecar) => {
      const { json } = await gateway.run('accounts', 'list');

      assert.equal(json.code, 'AUTH_MISSING_SCOPE');
      assert.match(json.message, /scopes of the sidecar/);
      assert.equal((await sidecar.audit('sidecar_relay_failed')).length, 1);
      assert.equal((await gateway.audit('sidecar_relay_failed')).length, 1);
    }));

for (const end of ['gateway', 'sidecar']) {
  test(`a pairing that is revoked at the ${end} ends the session`, { skip },
    () => withBoth({}, async (gateway, sidecar) => {
      const [where, id] = [end === 'gateway' ? gateway : sidecar,
        sidecar.pairing];

      assert.equal((await gateway.run('accounts', 'list')).code, 0);
      assert.deepEqual(await where.ok('sidecar', 'pairing', 'revoke',
        '--pairing-id', id, '--reason', 'the laptop is lost'),
      { pairing_id: id, status: 'revoked' });
      const [code] = await sidecar.exit;

      assert.equal(code, 1);
      assert.match(sidecar.err, /SIDECAR_PAIRING_REQUIRED/);
      assert.match(sidecar.err, /revoked: the laptop is lost/);
      await until(async () => (await gateway.run('accounts', 'list')).json
        .code === 'SIDECAR_UNAVAILABLE', 'the end of the session');
      await sidecar.start();
      assert.equal(sidecar.sessions.length, 0);
      assert.match(sidecar.err, /revoked: the laptop is lost/);
    }));
}

test('the code is good once, and five wrong ones end the pairing', { skip },
  () => withGateway({}, async (gateway) => {
    const guest = new Guest(gateway);
    const { code, pairing_id: id } = await gateway.pair(guest.id);

    for (let left = 4; left > 0; left--) {
      await guest.open();
      guest.join('0000-0000-0000-0000');
      assert.match((await guest.bye()).message,
        new RegExp(`code is wrong; ${left} more`));
    }
    await guest.open();
    guest.join(code);
    const { check } = await guest.joined(code);

    await guest.open();
    guest.join(code);
    assert.match((await guest.bye()).message, /the code was used before/);
    // what changes nothing leaves no record
    assert.equal((await gateway.audit('sidecar_pairing_joined')).length, 5);
    const wrong = await gateway.run('sidecar', 'pairing', 'confirm',
      '--pairing-id', id, '--check', check === '000-000' ? '1' : '000-000');

    assert.equal(wrong.json.code, 'SIDECAR_PAIRING_REQUIRED');
    assert.match(wrong.json.message, /revoked: too many wrong/);
    guest.pairing = id;
    await guest.open();
    guest.hello();
    assert.match((await guest.bye()).message, /revoked: too many wrong/);
  }));

// A gateway by hand, which has the code and names each pairing as it likes.
async function namer(chain, key, code, name) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519');
  const own = publicKey.export({ format: 'der', type: 'spki' })
    .subarray(-32).toString('hex');
  const signer = new Guest(null, { keys: { publicKey, privateKey } });
  const server = tls.createServer({ key: fs.readFileSync(key),
    cert: fs.readFileSync(chain), ALPNProtocols: ['ibkr-agent-relay/1'] },
  (socket) => {
    const nonce = crypto.randomBytes(32).toString('hex');
    let rest = Buffer.alloc(0);

    signer.socket = socket;
    signer.put(TYPE.CHALLENGE, Buffer.from(JSON.stringify({ nonce,
      observed_at: new Date().toISOString(), protocol: 1 })));
    socket.on('error', () => {});
    socket.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      if (rest.length < 5 || rest.length < 5 + rest.readUInt32BE(0))
        return;
      const said = JSON.parse(rest.subarray(69, 5 + rest.readUInt32BE(0)));

      rest = Buffer.alloc(0);
      signer.put(TYPE.JOINED, signer.signed(TYPE.JOINED, {
        nonce: said.nonce, pairing_id: name, public_key: own,
        remote_instance_id: 'gateway-1', sidecar_id: said.sidecar_id,
        user_id: 'alice', proof: proof(code, 'joined', nonce, said.nonce, name,
          'gateway-1', said.public_key, own) }));
    });
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('a gateway cannot name a pairing that is here already', { skip },
  async () => {
    const code = '7K2M-00AB-CDEF-GHJK';
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'namer-'));
    const { key, chain } = certificate(dir);
    const server = await namer(chain, key, code, 'pairing-1');
    const sidecar = new Sidecar({ host: '127.0.0.1',
      port: server.address().port, tls: { chain } });
    const join = () => sidecar.run('sidecar', 'pairing', 'join', '--code',
      code);

    try {
      await sidecar.ok('sidecar', 'identity', 'create');
      const { json: first } = await join();

      assert.equal(first.status, 'active');
      const { code: status, json } = await join();

      assert.notEqual(status, 0);
      assert.equal(json.code, 'SIDECAR_PAIRING_REQUIRED');
      assert.match(json.message, /'pairing-1', which is here already/);
      const { pairings } = await sidecar.ok('sidecar', 'status');

      assert.equal(pairings[0].public_key, first.public_key);
    } finally {
      server.close();
      await sidecar.remove();
      fs.rmSync(dir, { recursive: true });
    }
  });

test('a pairing that nobody has confirmed lets nobody in', { skip }, () =>
  withGateway({}, async (gateway) => {
    const guest = new Guest(gateway);
    const made = await gateway.pair(guest.id);

    await guest.open();
    guest.join(made.code);
    await guest.joined(made.code);
    guest.pairing = made.pairing_id;
    await guest.open();
    guest.hello();
    const { code, message } = await guest.bye();

    assert.equal(code, 'SIDECAR_PAIRING_REQUIRED');
    assert.match(message, /waits for its check number/);
  }));

test('a code for another registered key is refused', { skip }, () =>
  withGateway({}, async (gateway) => {
    const guest = new Guest(gateway);
    const thief = new Guest(gateway, { id: guest.id });

    await gateway.ok('sidecar', 'identity', 'create', '--public-key',
      guest.public, '--sidecar-id', guest.id);
    const { code } = await gateway.pair(guest.id);

    await thief.open();
    thief.join(code);
    assert.equal((await thief.bye()).code, 'SIDECAR_PAIRING_REQUIRED');
    await guest.open();
    guest.join(code);
    await guest.joined(code);
    guest.close();
  }));

test('replays, other keys, other clocks and copies are refused in words',
  { skip }, () => withGateway({}, async (gateway) => {
    const guest = await new Guest(gateway).pair();
    const refused = async (say) => {
      await guest.open();
      say();
      const bye = await guest.bye();

      guest.close();
      return bye;
    };
    const hour = 3600000;
    let copy;

    // a hello that was heard on another connection
    await guest.open();
    copy = guest.signed(TYPE.HELLO, guest.helloBody());
    guest.close();
    assert.match((await refused(() => guest.put(TYPE.HELLO, copy))).message,
      /answers another challenge .* a replay/);
    // a key that is not the pairing's
    const other = crypto.generateKeyPairSync('ed25519');
    const strange = await refused(() => guest.hello({}, other));

    assert.equal(strange.code, 'SIDECAR_PAIRING_REQUIRED');
    assert.match(strange.message, /no pairing has the key/);
    // the same words for a pairing that is not there
    assert.equal((await refused(() =>
      guest.hello({ pairing_id: 'pairing-none' }))).message, strange.message);
    // another gateway's pairing
    assert.match((await refused(() =>
      guest.hello({ remote_instance_id: 'gateway-2' }))).message,
    /another gateway/);
    for (const [by, word] of [[-hour, 'old'], [hour, 'in the future']]) {
      const { code, message } = await refused(() => guest.hello({
        observed_at: new Date(Date.now() + by).toISOString() }));

      assert.equal(code, 'SIDECAR_SESSION_INVALID');
      assert.match(message, new RegExp(`clocks .* differ.* ${word}`));
    }
    assert.equal((await refused(() =>
      guest.put(TYPE.RESPONSE, Buffer.from('{}')))).code, 'OUTPUT_UNSAFE');
    // a copy of the key that is behind the true one
    await guest.open();
    guest.hello();
    await guest.welcome();
    const clone = Object.assign(new Guest(gateway, { id: guest.id,
      keys: guest.keys }), { pairing: guest.pairing,
      counter: guest.counter - 1 });

    await clone.open();
    clone.hello();
    const { code, message } = await clone.bye();

    assert.equal(code, 'SIDECAR_SESSION_INVALID');
    assert.match(message, /its key is used somewhere else too/);
    // and neither has a pairing any more
    assert.match((await refused(() => guest.hello())).message,
      /revoked: .*used somewhere else/);
    assert.ok((await gateway.audit('sidecar_session_refused')).length >= 5);
    assert.equal((await gateway.audit('sidecar_pairing_revoked')).length, 1);
    assert.match(gateway.err, /a replay/);
  }));

test('a hello that a newer one has overtaken is refused, no more', { skip },
  () => withGateway({}, async (gateway) => {
    const guest = await new Guest(gateway).pair();
    const late = Object.assign(new Guest(gateway, { id: guest.id,
      keys: guest.keys }), { pairing: guest.pairing });

    await late.open();
    guest.counter = 1;
    await guest.open();
    guest.hello();
    await guest.welcome();
    late.hello();
    const { code, message } = await late.bye();

    assert.equal(code, 'SIDECAR_SESSION_INVALID');
    assert.match(message, /a newer session has overtaken/);
    // one whose inner session never came up ends, too
    guest.close();
    await until(async () =>
      (await gateway.audit('sidecar_session_ended')).length === 1, 'an end');
    await guest.open();
    guest.hello();
    await guest.welcome();
    guest.close();
    assert.equal((await gateway.audit('sidecar_pairing_revoked')).length, 0);
  }));

test('one run alone has the identity of a machine', { skip }, () =>
  withBoth({}, async (gateway, sidecar) => {
    const { code, json } = await sidecar.run('sidecar', 'run');

    assert.notEqual(code, 0);
    assert.equal(json.code, 'CONFIG_INVALID');
    assert.match(json.message, /another `ibkr-agent sidecar run`/);
    assert.equal((await gateway.run('accounts', 'list')).code, 0);
    assert.equal(sidecar.sessions.length, 1);
  }));

test('a sidecar whose clock is off is told so, and goes on when it is not',
  { skip: skip || noClock }, () =>
    withGateway({}, async (gateway) => {
      const sidecar = new Sidecar(gateway);

      try {
        await sidecar.pair();
        sidecar.launch([], clockAhead(600));
        await until(() => /clocks of gateway and sidecar differ: the .* old/
          .test(sidecar.err), 'words about the clock');
        assert.equal(sidecar.sessions.length, 0);
        sidecar.child.kill('SIGTERM');
        assert.equal((await sidecar.exit)[0], 0);
        await sidecar.start();
        assert.equal(sidecar.sessions.length, 1);
      } finally {
        await sidecar.remove();
      }
    }));

test('heartbeats are signed, counted and awaited', { skip }, () =>
  withGateway({ heartbeat: [1, 2] }, async (gateway) => {
    const guest = await new Guest(gateway).pair();
    const refused = async (say) => {
      await guest.open();
      guest.hello();
      await guest.welcome();
      guest.beats = 0;
      guest.beat();
      const { data } = await guest.frame(TYPE.BEAT);

      assert.equal(JSON.parse(data.subarray(64)).counter, 1);
      say();
      const bye = await guest.bye();

      guest.close();
      return bye;
    };
    const other = crypto.generateKeyPairSync('ed25519');

    assert.match((await refused(() => guest.beat({}, other))).message,
      /key has not signed/);
    assert.match((await refused(() => guest.beat({ counter: 1 }))).message,
      /heartbeat 1 came after 1: a replay/);
    assert.match((await refused(() =>
      guest.beat({ relay_session_id: 'relay-0' }))).message, /another session/);
    const future = await refused(() => guest.beat({
      observed_at: new Date(Date.now() + 3600000).toISOString() }));

    assert.equal(future.code, 'SIDECAR_UNAVAILABLE');
    assert.match(future.message, /in the future/);
  }));

// A gate between the two that can be shut without a word.
async function gate(port) {
  const pairs = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    const pair = { near, far };

    pairs.add(pair);
    for (const socket of [near, far])
      socket.on('error', () => {});
    near.pipe(far);
    far.pipe(near);
    near.on('close', () => { far.destroy(); pairs.delete(pair); });
    far.on('close', () => near.destroy());
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    // no byte goes on, and nobody is told
    shut() {
      for (const { near, far } of pairs) {
        near.unpipe();
        far.unpipe();
        near.pause();
        far.pause();
      }
      pairs.clear();
    },
    cut() {
      for (const { near } of pairs)
        near.destroy();
    },
    close: () => server.close(),
  };
}

test('a link that is cut, or silent, is made anew', { skip }, async () => {
  let between;

  await withBoth({ heartbeat: [1, 3],
    async through(gateway) {
      between = await gate(gateway.port);
      return between.port;
    } }, async (gateway, sidecar) => {
    const works = () => until(async () =>
      (await gateway.run('accounts', 'list')).code === 0, 'an answer');

    await works();
    between.cut();
    await until(() => sidecar.sessions.length === 2, 'a second session');
    await works();
    between.shut();
    await until(() => sidecar.sessions.length === 3, 'a third session');
    await works();
    assert.match(sidecar.err, /the gateway has been silent/);
    assert.match(gateway.err, /silent for|newer session/);
  }).finally(() => between?.close());
});

test('reads that nobody waits for any more have their place', { skip }, () =>
  withBoth({ heartbeat: [1, 300], broker: '\n  read_timeout_seconds: 1' },
    async (gateway, sidecar) => {
      const codes = new Set();
      const ask = async () => {
        const { json } = await gateway.run('accounts', 'list');

        codes.add(json.code);
        return /still reads for 64 requests/.test(json.message);
      };

      sidecar.child.kill('SIGSTOP');
      try {
        await until(async () => (await Promise.all(
          Array.from({ length: 16 }, ask))).some((is) => is), 'a refusal');
      } finally {
        sidecar.child.kill('SIGCONT');
      }
      // nobody has cancelled anything
      assert.ok(!codes.has('CALL_CANCELLED'), [...codes].join());
      const text = await (await fetch(`${gateway.metrics}/metrics`)).text();

      assert.ok(Number(text.match(/requests_failed_total (\d+)/)[1]) >= 64);
      await until(async () =>
        (await gateway.run('accounts', 'list')).code === 0, 'an answer');
      assert.equal(sidecar.sessions.length, 1);
    }));

// Whoever ends the outer TLS, as a proxy does: sees frames, may change them,
// and may leave what the sidecar sends where it is (up.pause()).
async function eavesdrop(gateway, { key, chain }) {
  const seen = [];
  const spy = { change: (frame) => frame, seen };
  const through = (from, to, way) => {
    let rest = Buffer.alloc(0);

    from.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(0)) {
        const size = 5 + rest.readUInt32BE(0);
        const frame = Buffer.from(rest.subarray(0, size));

        rest = rest.subarray(size);
        seen.push({ way, type: frame[4], data: frame.subarray(5) });
        to.write(spy.change(frame, way));
      }
    });
    from.on('close', () => to.destroy());
    from.on('error', () => {});
  };
  const server = tls.createServer({ key: fs.readFileSync(key),
    cert: fs.readFileSync(chain), ALPNProtocols: ['ibkr-agent-relay/1'] },
  (near) => {
    const far = tls.connect({ host: '127.0.0.1', port: gateway.port,
      rejectUnauthorized: false, ALPNProtocols: ['ibkr-agent-relay/1'] });

    spy.up = near;
    through(near, far, 'up');
    through(far, near, 'down');
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  spy.port = server.address().port;
  spy.close = () => server.close();
  return spy;
}

test('a relay in between sees names and hashes, and can change nothing',
  { skip }, async () => {
    let spy;

    await withBoth({ async through(gateway) {
      spy = await eavesdrop(gateway, gateway.tls);
      return spy.port;
    } }, async (gateway, sidecar) => {
      const ask = () => gateway.run('account', 'summary', '--account',
        ACCOUNT);

      assert.equal((await ask()).code, 0);
      const all = Buffer.concat(spy.seen.map(({ data }) => data))
        .toString('latin1');
      const [request] = spy.seen.filter(({ type }) => type === TYPE.REQUEST);
      const envelope = JSON.parse(request.data);

      assert.deepEqual(Object.keys(envelope), ['created_at', 'payload_hash',
        'relay_session_id', 'request_id', 'scope', 'sequence', 'tool_name']);
      assert.equal(envelope.tool_name, 'ibkr_account_summary');
      assert.doesNotMatch(all, /DU1234567|account_id|net_liquidation/);
      // no hash of what can be guessed
      const guess = crypto.createHash('sha256')
        .update(JSON.stringify({ account_id: ACCOUNT })).digest('hex');

      assert.notEqual(envelope.payload_hash, guess);
      // one byte of the inner session
      for (const [type, words] of [[TYPE.INNER, /inner TLS session/],
        [TYPE.REQUEST, /do not belong together|envelope|another session/]]) {
        // the gateway may see a session later than the sidecar
        await until(async () => (await ask()).code === 0, 'an answer');
        const before = sidecar.sessions.length;
        let first = true;

        spy.change = (frame, way) => {
          if (first && way === 'down' && frame[4] === type) {
            first = false;
            if (type === TYPE.INNER)
              frame[frame.length - 1] ^= 1;
            else
              return Buffer.from(frame.toString('latin1')
                .replace('ibkr:portfolio:read', 'ibkr:positions:read'),
              'latin1');
          }
          return frame;
        };
        const { json } = await ask();

        assert.equal(json.code, 'SIDECAR_UNAVAILABLE');
        await until(() => sidecar.sessions.length > before, 'a new session');
        assert.match(sidecar.err, words);
      }
      await until(async () => (await ask()).code === 0, 'an answer');
    }).finally(() => spy?.close());
  });

test('heartbeats do not wait behind answers that nobody takes', { skip },
  async (t) => {
    const READS = 12; // of most of a megabyte: more than the kernel keeps
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'fixtures-'));
    let spy;

    t.after(() => { fs.rmSync(dir, { recursive: true }); spy?.close(); });
    fs.writeFileSync(path.join(dir, 'news_article.json'), JSON.stringify({
      key: 'article_id', answers: { 'news-1': { article_id: 'news-1',
        headline: 'Long', provider: 'X', body: 'word '.repeat(180000) } } }));
    await withBoth({ heartbeat: [1, 300],
      broker: '\n  read_timeout_seconds: 300',
      sidecar: { plugins: `  options: {fake: {fixtures: ${dir}}}\n` },
      async through(gateway) {
        spy = await eavesdrop(gateway, gateway.tls);
        return spy.port;
      } }, async (gateway, sidecar) => {
      await until(async () => (await gateway.run('health')).code === 0 &&
        (await gateway.run('accounts', 'list')).code === 0, 'an answer');
      spy.up.pause();
      const before = spy.seen.length;
      const answers = Array.from({ length: READS }, () => gateway.run('news',
        'article', '--article-id', 'news-1'));
      const done = async () => (await sidecar.audit('sidecar_relay_forwarded'))
        .filter(({ tool_name: name }) => name === 'ibkr_news_article').length;

      await until(async () => await done() === READS, 'all reads');
      const beaten = Date.now() + 1100;

      // nobody can see the sidecar's heartbeats meanwhile
      await until(() => Date.now() > beaten, 'a heartbeat');
      spy.up.resume();
      assert.ok((await Promise.all(answers)).every(({ code }) => code === 0));
      const types = spy.seen.slice(before).filter(({ way }) => way === 'up')
        .map(({ type }) => type);

      assert.equal(types.filter((type) => type === TYPE.RESPONSE).length,
        READS);
      assert.ok(types.indexOf(TYPE.BEAT, types.indexOf(TYPE.RESPONSE)) <
        types.lastIndexOf(TYPE.RESPONSE) - 2, types.filter((type) =>
        type !== TYPE.INNER).join());
      assert.equal(sidecar.sessions.length, 1);
    });
  });

test('strangers of one address have four places, for ten seconds', { skip },
  () => withBoth({}, async (gateway) => {
    const strangers = [];

    const refused = await until(() => new Guest(gateway).open()
      .then((guest) => !strangers.push(guest), (error) => error),
    'a closed door');

    assert.match(refused.message, /closed the connection/);
    assert.ok(strangers.length >= 4);
    // the sidecar is at the same address, and has its own
    assert.equal((await gateway.run('accounts', 'list')).code, 0);
    for (const stranger of strangers)
      assert.match((await stranger.bye()).message, /took more than 10 s/);
    const next = await new Guest(gateway).open();

    for (const guest of [next, ...strangers])
      guest.close();
  }));

test('frames that are none end the connection, and nothing else', { skip },
  () => withBoth({}, async (gateway) => {
    const texts = [Buffer.from([0xff, 0xff, 0xff, 0xff, 2]),
      Buffer.from([0, 0, 0, 1, 99, 0]), Buffer.from([0, 0, 0, 2, 2, 1, 2]),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.from([0, 0, 0, 1, 9, 1])];

    for (const text of texts) {
      const guest = await new Guest(gateway).open();

      guest.socket.write(text);
      assert.equal((await guest.bye()).code, 'OUTPUT_UNSAFE');
      guest.close();
    }
    assert.equal((await gateway.run('accounts', 'list')).code, 0);
  }));

test('who knocks without end does not fill the log', { skip },
  () => withBoth({}, async (gateway) => {
    for (let i = 0; i < 100; i++) {
      const socket = net.connect(gateway.port, '127.0.0.1');

      // it may be a reset
      socket.on('error', () => {});
      socket.resume();
      socket.write('GET / HTTP/1.1\r\n\r\n');
      await new Promise((resolve) => socket.on('close', resolve));
    }
    assert.equal((await gateway.run('accounts', 'list')).code, 0);
    const { length } = gateway.err.match(/TLS handshake failed/g);

    assert.ok(length > 10 && length <= 60, `${length} lines`);
    assert.match(gateway.err, /more refusals are not told in this minute/);
  }));

test('a planned session is taken up and ends when it was to', { skip }, () =>
  withGateway({}, async (gateway) => {
    const sidecar = new Sidecar(gateway);

    try {
      const names = ['--remote-instance-id', 'gateway-1', '--sidecar-id'];
      const none = await gateway.run('sidecar', 'session', 'create', ...names,
        'sidecar-none');

      assert.equal(none.json.code, 'SIDECAR_PAIRING_REQUIRED');
      await sidecar.pair();
      const { pairings } = await gateway.ok('sidecar', 'status');
      const planned = await gateway.ok('sidecar', 'session', 'create', ...names,
        pairings[0].sidecar_id, '--ttl-seconds', '4');

      assert.deepEqual(planned.capabilities, ['broker_read', 'heartbeat']);
      await sidecar.start();
      assert.equal(sidecar.sessions[0], planned.relay_session_id);
      await until(() => sidecar.sessions.length > 1, 'another session');
      assert.match(sidecar.err, /the session has expired/);
    } finally {
      await sidecar.remove();
    }
  }));

test('relay accept holds a request to every rule', { skip }, () =>
  withGateway({}, async (gateway) => {
    const guest = await new Guest(gateway).pair();
    const names = ['sidecar', 'relay', 'accept', '--remote-instance-id',
      'gateway-1', '--sidecar-id', guest.id];
    const accept = (tool, scope, payload) => gateway.run(...names,
      '--tool-name', tool, '--scope', scope, '--payload-json',
      JSON.stringify(payload));
    const payload = { account_id: ACCOUNT };
    const { code, json, out } = await accept('ibkr_account_summary',
      'ibkr:portfolio:read', payload);

    assert.equal(code, 0);
    assert.equal(json.forwarded_request.payload_hash, crypto
      .createHash('sha256').update(JSON.stringify(payload)).digest('hex'));
    assert.doesNotMatch(out, /DU1234567/);
    for (const [args, expected] of [
      [['ibkr_account_summary', 'ibkr:orders:read', {}], 'AUTH_MISSING_SCOPE'],
      [['ibkr_live_order_submit', 'ibkr:orders:live:submit', {}],
        'READONLY_WRITE_FORBIDDEN'],
      [['ibkr_none', 'ibkr:orders:read', {}], 'INPUT_INVALID'],
      [['ibkr_account_summary', 'ibkr:portfolio:read',
        { a: [{ Session_Cookie: 1 }] }], 'OUTPUT_UNSAFE'],
      [['ibkr_account_summary', 'ibkr:portfolio:read',
        { note: 'Bearer abcdefghijklmnop' }], 'OUTPUT_UNSAFE']]) {
      const refused = await accept(...args);

      assert.equal(refused.json.code, expected, refused.err);
    }
  }));
