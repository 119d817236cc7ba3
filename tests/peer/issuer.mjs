// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// An identity provider (npm oidc-provider) behind TLS with a certificate of
// its own, whose keys change on demand; a user who logs in without a browser;
// and tokens that no provider would make, signed with the provider's key.

import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

// The provider says on every start that it is only fit for tests.
console.warn = console.info = () => {};
const { Provider } = await import('oidc-provider').catch(() => ({}));

export const SCOPES = ['ibkr:health:read', 'ibkr:orders:read',
  'ibkr:audit:read', 'ibkr:orders:preview', 'ibkr:orders:paper:submit',
  'ibkr:approvals:create', 'ibkr:operator'];
export const CALLBACK = 'http://127.0.0.1:9/callback'; // never opened

// A certificate for this machine, which everything here then trusts.
function certificate(dir) {
  const key = path.join(dir, 'key.pem'), cert = path.join(dir, 'ca.pem');

  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
    '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key,
    '-out', cert], { stdio: 'ignore' });
  return { key: fs.readFileSync(key), cert: fs.readFileSync(cert, 'utf8'),
    file: cert, keyFile: key };
}

// Why none can be had, or false.
export const noIssuer = (() => {
  if (!Provider)
    return 'oidc-provider is not installed (npm ci)';
  if (!tls.setDefaultCACertificates)
    return 'node 22.19 or later is needed';
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'openssl is not installed';
  }
})();

let count = 0;

export function makeKey(kind = 'RS256', bits = 2048) {
  const { privateKey } = kind === 'ES256'
    ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : crypto.generateKeyPairSync('rsa', { modulusLength: bits });

  return { ...privateKey.export({ format: 'jwk' }), kid: `k-${++count}`,
    alg: kind, use: 'sig' };
}

const publicPart = ({ kty, n, e, crv, x, y, kid, alg, use }) =>
  JSON.parse(JSON.stringify({ kty, n, e, crv, x, y, kid, alg, use }));

const encode = (value) => Buffer.from(
  typeof value === 'string' ? value : JSON.stringify(value))
  .toString('base64url');

// A token by hand; sign makes the last part from the text before it.
export function mint(key, header, claims, sign = (text) =>
  crypto.sign('sha256', Buffer.from(text),
    { key: crypto.createPrivateKey({ key, format: 'jwk' }) })) {
  const text = `${encode(header)}.${encode(claims)}`;

  return `${text}.${sign(text).toString('base64url')}`;
}

export class Issuer {
  static async start() {
    const issuer = new Issuer();

    issuer.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'issuer-'));
    issuer.tls = certificate(issuer.dir);
    tls.setDefaultCACertificates(
      [...tls.getCACertificates('default'), issuer.tls.cert]);
    issuer.extra = [];  // entries of the key set besides the provider's
    issuer.fetches = 0; // of the key set
    issuer.odd = [];    // requests for what there is nothing
    issuer.server = https.createServer(
      { key: issuer.tls.key, cert: issuer.tls.cert },
      (request, response) => issuer.#answer(request, response));
    issuer.server.listen(0, '127.0.0.1');
    await once(issuer.server, 'listening');
    issuer.port = issuer.server.address().port;
    issuer.url = `https://127.0.0.1:${issuer.port}`;
    issuer.use([makeKey(), makeKey('ES256')]);
    return issuer;
  }

  // From now on it signs with the first RS256 key of these.
  use(keys) {
    this.keys = keys;
    this.provider = new Provider(this.url, {
      jwks: { keys }, scopes: ['openid', 'offline_access', ...SCOPES],
      cookies: { keys: ['of the tests'] },
      clients: [
        { client_id: 'svc', client_secret: 'svc-secret',
          grant_types: ['client_credentials'], redirect_uris: [],
          response_types: [], scope: SCOPES.join(' ') },
        { client_id: 'cli', token_endpoint_auth_method: 'none',
          application_type: 'native', response_types: ['code'],
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: [CALLBACK],
          scope: ['openid', 'offline_access', ...SCOPES].join(' ') }],
      findAccount: async (_, id) =>
        ({ accountId: id, claims: async () => ({ sub: id }) }),
      features: {
        devInteractions: { enabled: true },
        clientCredentials: { enabled: true },
        registration: { enabled: true },
        resourceIndicators: { enabled: true,
          defaultResource: () => undefined, useGrantedResource: () => true,
          getResourceServerInfo: (_, resource) => ({
            scope: SCOPES.join(' '), audience: resource,
            accessTokenTTL: 600, accessTokenFormat: 'jwt',
            jwt: { sign: { alg: this.algorithm ?? 'RS256' } } }) } } });
    this.callback = this.provider.callback();
  }

  #answer(request, response) {
    if (this.down)
      return response.socket.destroy();
    if (request.url === '/jwks') {
      this.fetches++;
      if (this.keySet)
        return this.keySet(response);
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({
        keys: [...this.keys.map(publicPart), ...this.extra] }));
    }
    if (request.url.startsWith('/odd')) {
      this.odd.push(request.url);
      return response.end('{}');
    }
    return this.callback(request, response);
  }

  // An access token of the service; without a resource it is an opaque one.
  async token(resource, scope) {
    const answer = await fetch(`${this.url}/token`, { method: 'POST',
      headers: { authorization:
        `Basic ${Buffer.from('svc:svc-secret').toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials',
        ...(resource && { resource }), ...(scope && { scope }) }) });
    const json = await answer.json();

    if (!json.access_token)
      throw new Error(JSON.stringify(json));
    return json.access_token;
  }

  // What a token of the provider would say, to be changed.
  claims(resource, more = {}) {
    const now = Math.floor(Date.now() / 1000);

    return { iss: this.url, aud: resource, sub: 'svc', client_id: 'svc',
      jti: crypto.randomUUID(), iat: now, exp: now + 600,
      scope: 'ibkr:health:read', ...more };
  }

  header(more = {}) {
    return { alg: 'RS256', typ: 'at+jwt', kid: this.keys[0].kid, ...more };
  }

  // Signed as the provider signs, header and claims with changes.
  mint(resource, { header, claims } = {}) {
    return mint(this.keys[0], this.header(header),
      this.claims(resource, claims));
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

// One step of a browser: what it gets, and where that leads.
async function visit(jar, url, form) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`)
    .join('; ');
  const answer = await fetch(url, { redirect: 'manual',
    headers: { cookie }, ...(form && { method: 'POST',
      body: new URLSearchParams(form) }) });

  for (const line of answer.headers.getSetCookie()) {
    const [name, value] = line.split(';')[0].split('=');

    jar.set(name, value);
  }
  const to = answer.headers.get('location');

  return { text: await answer.text(), to: to && new URL(to, url) };
}

// Log in as this user and agree to everything; the parameters that come back.
export async function authorize(url, user = 'alice') {
  const jar = new Map();
  let page = { to: url };

  for (let step = 0; step < 20; step++) {
    if (page.to?.href.startsWith(CALLBACK))
      return page.to.searchParams;
    if (page.to) {
      page = { ...await visit(jar, page.to), at: page.to };
      continue;
    }
    const action = page.text.match(/action="([^"]+)"/)?.[1];
    const prompt = page.text.match(/name="prompt" value="([^"]+)"/)?.[1];

    if (!action || !prompt)
      throw new Error(`no form: ${page.text.slice(0, 500)}`);
    const at = new URL(action, page.at);

    page = { ...await visit(jar, at, prompt === 'login'
      ? { prompt, login: user, password: 'x' } : { prompt }), at };
  }
  throw new Error('the provider goes round in circles');
}
