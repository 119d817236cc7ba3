// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The program with its HTTP door, and requests to it, whole or byte by byte.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { House, META, MODERN, program } from './house.mjs';

const JSON_TYPE = 'application/json';

export function modern(method, params = {}, id = 1) {
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta: META } };
}

// The headers that go with a modern message.
export function modernHeaders(method, params = {}) {
  const name = params.name ?? params.uri;

  return { 'mcp-protocol-version': MODERN, 'mcp-method': method,
    ...(name && { 'mcp-name': name }) };
}

// Limits that no test reaches unless it wants to.
const WIDE = `remote_mcp:
  rate_limit_max_requests: 100000
  rate_limit_max_requests_per_address: 1000000
`;

export class Door {
  // remote: lines of remote_mcp in place of WIDE.
  static async open({ remote = WIDE, args = ['--without-auth'],
    bind = '127.0.0.1:0', env = {}, more = '', ...options } = {}) {
    const door = new Door();

    door.house = new House({ ...options, more: remote + more });
    door.child = spawn(program, ['--config', door.house.config, 'mcp', 'serve',
      '--transport', 'http', '--enable-remote-mcp', ...args, '--bind', bind],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    door.exit = once(door.child, 'exit');
    door.err = '';
    door.child.stderr.on('data', (data) => { door.err += data; });
    door.child.stdout.setEncoding('utf8');
    door.url = await new Promise((resolve, reject) => {
      let text = '';

      door.child.stdout.on('data', (data) => {
        text += data;
        const found = text.match(/listening at (\S+)\n/);

        if (found)
          resolve(found[1]);
      });
      door.child.once('exit', (code) =>
        reject(new Error(`exit ${code}: ${door.err}`)));
    });
    const { hostname, port } = new URL(door.url);

    door.host = hostname.replace(/[[\]]/g, '');
    door.port = Number(port);
    return door;
  }

  // A start that does not come about.
  static async fails(args, options = {}) {
    const house = new House(options);

    try {
      return await house.run('mcp', 'serve', '--transport', 'http', ...args);
    } finally {
      house.remove();
    }
  }

  // One request; agent: a connection of its own unless given; begun: told
  // when the server has the head of a request with Expect: 100-continue.
  ask(method, path, message, headers = {}, { begun, ...options } = {}) {
    const body = message === undefined ? undefined
      : typeof message === 'string' ? message : JSON.stringify(message);
    const all = { host: `${this.host}:${this.port}`,
      ...(body !== undefined && { 'content-type': JSON_TYPE,
        accept: `${JSON_TYPE}, text/event-stream` }), ...headers };

    for (const [name, value] of Object.entries(all)) {
      if (value === undefined)
        delete all[name];
    }
    return new Promise((resolve, reject) => {
      const kind = this.url.startsWith('https:') ? https : http;
      const request = kind.request({ host: this.host, port: this.port, method,
        path, headers: all, agent: false, ...options }, (response) => {
        let text = '';

        response.setEncoding('utf8');
        response.on('data', (data) => { text += data; });
        response.on('error', reject);
        response.on('end', () => {
          let json;

          try {
            json = JSON.parse(text);
          } catch { /* none */ }
          resolve({ status: response.statusCode, headers: response.headers,
            text, json });
        });
      });

      request.on('error', reject);
      if (begun)
        request.on('continue', begun);
      request.end(body);
    });
  }

  post(message, headers = {}, options = {}) {
    return this.ask('POST', new URL(this.url).pathname, message, headers,
      options);
  }

  modern(method, params = {}, headers = {}, options = {}) {
    return this.post(modern(method, params),
      { ...modernHeaders(method, params), ...headers }, options);
  }

  // Send bytes as they are; what comes back until the end.
  raw(bytes, { end = false } = {}) {
    return new Promise((resolve) => {
      const socket = net.connect(this.port, this.host);
      let text = '';

      socket.setEncoding('latin1');
      socket.on('data', (data) => { text += data; });
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
      socket.write(bytes, 'latin1');
      if (end)
        socket.end();
    });
  }

  // Tell it to stop; [code, signal].
  stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.exit;
  }

  async remove() {
    this.child.kill('SIGKILL');
    await this.exit;
    this.house.remove();
  }
}

// Run body with a door, and clean up.
export async function withDoor(options, body) {
  const door = await Door.open(options);

  try {
    await body(door);
  } finally {
    await door.remove();
  }
}
