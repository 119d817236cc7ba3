// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// A gateway over the fake broker and an identity provider for it, both with
// TLS on this machine, to look at: make -C build try-remote.

import { execFileSync, spawn } from 'node:child_process';
import net from 'node:net';
import { once } from 'node:events';
import { House, program } from './house.mjs';
import { Issuer, noIssuer, SCOPES } from './issuer.mjs';

const SECRET = 'only for a look around, and thrown away after it';

if (noIssuer) {
  process.stderr.write(`try-remote: ${noIssuer}\n`);
  process.exit(1);
}

// A port that is free now; the resource is named by it.
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');

  await once(server, 'listening');
  const { port } = server.address();

  server.close();
  await once(server, 'close');
  return port;
}

const issuer = await Issuer.start();
const bind = `127.0.0.1:${await freePort()}`;
const url = `https://${bind}/mcp`;
const house = new House({ scopes: SCOPES.slice(0, -1),
  more: `safety:
  remote_mcp_enabled: true
remote_mcp:
  enabled: true
  bind_address: "${bind}"
  tls_certificate_file: ${issuer.tls.file}
  tls_key_file: ${issuer.tls.keyFile}
  resource: ${url}
  issuer: ${issuer.url}
  jwks_url: ${issuer.url}/jwks
  ca_file: ${issuer.tls.file}
  audiences: [${url}]
  allowed_scopes: [${SCOPES.join(', ')}]
order_preview:
  enabled: true
` });
const env = { ...process.env, IBKR_REMOTE_TOKEN_HMAC_SECRET: SECRET };

execFileSync(program, ['--config', house.config, 'config', 'check'],
  { env, stdio: ['ignore', 'ignore', 'inherit'] });
const gateway = spawn(program, ['--config', house.config, 'mcp', 'serve',
  '--transport', 'http', '--enable-remote-mcp'],
{ env, stdio: ['ignore', 'pipe', 'inherit'] });
const ended = once(gateway, 'exit');

for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => gateway.kill('SIGTERM'));
gateway.stdout.on('data', () => {});
await Promise.race([once(gateway.stdout, 'data'), ended]);
const token = await issuer.token(url,
  'ibkr:health:read ibkr:orders:read ibkr:audit:read');
const ask = `curl -sS --cacert ${issuer.tls.file} ${url} \\
  -H 'Content-Type: application/json' \\
  -H 'Accept: application/json, text/event-stream' \\
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":` +
  `"ibkr_health"}}'`;

process.stdout.write(`gateway   ${url}
provider  ${issuer.url}, for any name with any password
authority ${issuer.tls.file}

Without a token, the challenge:
${ask} -i

With one that reads:
TOKEN=${token}
${ask} -H "Authorization: Bearer $TOKEN"

A client that logs you in by itself:
NODE_EXTRA_CA_CERTS=${issuer.tls.file} \\
  claude mcp add --transport http ibkr ${url}

Who came, and who was refused:
${program} --config ${house.config} audit tail

Ctrl-C ends it all and removes it.
`);
const [code] = await ended;

await issuer.stop();
house.remove();
process.exit(code ?? 1);
