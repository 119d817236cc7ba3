// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// A proxy with an address that is known before the door has one; with a token
// it adds that to every request, for clients that cannot.

import http from 'node:http';
import { once } from 'node:events';

export class Front {
  static async start() {
    const front = new Front();

    front.server = http.createServer((request, response) => {
      const headers = { ...request.headers,
        ...(front.token && { authorization: `Bearer ${front.token}` }) };
      const on = http.request({ host: '127.0.0.1', port: front.to,
        method: request.method, path: request.url, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });

      // a client that leaves has left there, too
      response.on('close', () => on.destroy());
      on.on('error', () => response.destroy());
      request.pipe(on);
    });
    front.server.listen(0, '127.0.0.1');
    await once(front.server, 'listening');
    front.resource =
      `http://127.0.0.1:${front.server.address().port}/mcp`;
    return front;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export const TOKEN_SECRET =
  'a secret for the ids of tokens, of the tests alone';

// Options of Door.open() for a door behind this issuer and front.
export function behind(issuer, front, scopes, { remote = '', more = '' }
  = {}) {
  return { args: [], scopes: scopes.filter((name) => name !== 'ibkr:operator'),
    env: { IAG_TEST_TOKEN_SECRET: TOKEN_SECRET },
    remote: `safety:
  remote_mcp_enabled: true
remote_mcp:
  enabled: true
  resource: ${front.resource}
  issuer: ${issuer.url}
  jwks_url: ${issuer.url}/jwks
  ca_file: ${issuer.tls.file}
  audiences: [${front.resource}]
  allowed_scopes: [${scopes.join(', ')}]
  token_id_hmac_secret_env: IAG_TEST_TOKEN_SECRET
  rate_limit_max_requests: 100000
  rate_limit_max_requests_per_address: 1000000
${remote}${more}` };
}
