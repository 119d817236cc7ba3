// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// A simulator of a test's own, and its control interface.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import readline from 'node:readline';

const simulator = path.join(process.env.IAG_TEST_BUILDDIR ?? '',
  'ibkr-agent-sim');

export const noSimulator = fs.existsSync(simulator) ? false
  : 'the simulator is not built (IAG_TEST_BUILDDIR)';

export class Simulator {
  // A simulator that listens.
  static async start(...args) {
    const sim = new Simulator();

    sim.child = spawn(simulator, ['--port', '0', '--midnight', 'never',
      '--pacing', '0', '--exit-with-parent', ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] });
    sim.exit = once(sim.child, 'exit');
    sim.agent = new https.Agent({ keepAlive: true,
      rejectUnauthorized: false });
    for await (const line of readline.createInterface(sim.child.stdout)) {
      if (!line.startsWith('listening '))
        continue;
      sim.base = line.slice('listening '.length);
      sim.child.stdout.resume();
      return sim;
    }
    throw new Error('the simulator does not listen');
  }

  // What is kept open ends with it.
  async stop() {
    this.agent.destroy();
    this.child.kill('SIGKILL');
    await this.exit;
  }

  // One control request; the JSON of its answer.
  async control(method, noun, body) {
    const request = https.request(`${this.base}/sim/${noun}`,
      { method, agent: this.agent });
    const parts = [];

    request.end(body && JSON.stringify(body));
    const [response] = await once(request, 'response');

    for await (const part of response)
      parts.push(part);
    const text = Buffer.concat(parts).toString();

    if (response.statusCode !== 200)
      throw new Error(`${method} /sim/${noun}: ${text}`);
    return JSON.parse(text);
  }
}
