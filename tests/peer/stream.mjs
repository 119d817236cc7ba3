// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// What subscriptions/listen says, one event at a time.

import http from 'node:http';
import { modern, modernHeaders } from './door.mjs';

export const LISTEN = 'subscriptions/listen';

// A stream whose messages are heard one by one; null: it is over.
export class Stream {
  static open(door, id, uris, { headers = {},
    notifications = { resourceSubscriptions: uris }, meta = {} } = {}) {
    const stream = new Stream();
    const message = modern(LISTEN, { notifications }, id);

    message.params._meta = { ...message.params._meta, ...meta };
    stream.events = [];
    stream.waiting = [];
    return new Promise((resolve, reject) => {
      stream.request = http.request({ host: door.host, port: door.port,
        method: 'POST', path: '/mcp', agent: false, headers: {
          'content-type': 'application/json', accept: 'text/event-stream',
          ...modernHeaders(LISTEN), ...headers } }, (response) => {
        let rest = '';

        stream.status = response.statusCode;
        response.setEncoding('utf8');
        response.on('data', (text) => {
          const parts = (rest + text).split('\n\n');

          rest = parts.pop();
          for (const part of parts) {
            if (!part.startsWith(':'))
              stream.take(JSON.parse(part.match(/^data: (.*)$/m)[1]));
          }
        });
        response.on('close', () => stream.take(null));
        response.on('error', () => {});
        resolve(stream);
      });
      stream.request.on('error', reject);
      stream.request.end(JSON.stringify(message));
    });
  }

  take(event) {
    const waiter = this.waiting.shift();

    if (waiter)
      waiter(event);
    else
      this.events.push(event);
  }

  hear() {
    return this.events.length > 0 ? Promise.resolve(this.events.shift())
      : new Promise((resolve) => this.waiting.push(resolve));
  }
}
