// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// The official conformance suite: whole requirement sets against the build
// with the suite's own fixtures, and what applies to a server of this domain
// against the program as it is shipped.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { Door } from './door.mjs';
import { behind, Front } from './front.mjs';
import { House, LEGACY, MODERN, program, READ_SCOPES, skip as noProgram }
  from './house.mjs';
import { Issuer, noIssuer } from './issuer.mjs';

const build = path.join(process.env.IAG_TEST_BUILDDIR ?? '',
  'tests/conformance/conformance');

function findSuite() {
  try {
    return createRequire(import.meta.url)
      .resolve('@modelcontextprotocol/conformance/dist/index.js');
  } catch {
    return null;
  }
}

const suite = findSuite();

function whyNot() {
  if (noProgram)
    return noProgram;
  if (!suite)
    return 'npm has not installed @modelcontextprotocol/conformance';
  if (Number(process.versions.node.split('.')[0]) < 22)
    return 'the conformance suite needs node 22';
  return false;
}

const skip = whyNot();
const skipBuild = skip || !fs.existsSync(build) &&
  'the conformance build is not made (IAG_TEST_BUILDDIR)';

// One run of the suite's command.
async function run(args, cwd) {
  const child = spawn(process.execPath, [suite, ...args],
    { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';

  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { out += data; });
  const [code] = await once(child, 'close');
  return { code, out };
}

// The scenarios against servers that count for a revision.
async function required(version, cwd) {
  const { out } = await run(['list', '--requirements', version], cwd);
  const [, part] = out.match(/Server scenarios[^\n]*\n([^]*?)\n\n/);

  return part.split('\n').map((line) => line.match(/- (\S+)/)?.[1])
    .filter(Boolean);
}

// Checks by scenario, from the files that a run leaves.
function results(folder) {
  const found = new Map();

  for (const name of fs.readdirSync(folder)) {
    const scenario = name.replace(/^server-/, '')
      .replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');

    found.set(scenario, JSON.parse(fs.readFileSync(
      path.join(folder, name, 'checks.json'), 'utf8')));
  }
  return found;
}

const PASSED = ['SUCCESS', 'SKIPPED', 'INFO'];

// What did not pass, but for the ids that are known.
function wrongs(checks, known) {
  return (checks?.length > 0 ? checks
    : [{ id: 'did not run', status: 'FAILURE' }]).filter(({ id, status }) =>
    !known.includes(id) && !PASSED.includes(status))
    .map(({ id, status, errorMessage }) => `${status} ${id}: ${errorMessage}`);
}

// All of it once; scenarios: what counts, each with the ids that are known
// not to pass.  The suite gives some answers 600 ms, which a busy machine may
// not have: what fails is run again by itself, at most twice.
async function judge(url, version, cwd, scenarios) {
  const folder = path.join(cwd, version);

  await run(['server', '--url', url, '--requirements', version, '-o', folder],
    cwd);
  const checks = results(folder);

  for (const [scenario, known] of Object.entries(scenarios)) {
    for (let i = 1; i < 3 && wrongs(checks.get(scenario), known).length; i++) {
      await run(['server', '--url', url, '--scenario', scenario,
        '--spec-version', version, '-o', `${folder}-${i}`], cwd);
      checks.set(scenario, results(`${folder}-${i}`).get(scenario));
    }
    assert.deepEqual(wrongs(checks.get(scenario), known), [], scenario);
    assert.deepEqual(known.filter((id) => !checks.get(scenario)
      .some((check) => check.id === id && !PASSED.includes(check.status))), [],
    `${scenario} passes more than is known`);
  }
}

// The build with the fixtures; ends with its input.
async function withBuild(body) {
  const house = new House({ scopes: ['ibkr:health:read'],
    more: `remote_mcp:
  rate_limit_max_requests: 100000
  rate_limit_max_requests_per_address: 1000000
` });
  const child = spawn(build, [house.config],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');

  try {
    const [line] = await once(child.stdout, 'data');

    await body(String(line).trim(), house.dir);
    child.stdin.end();
    assert.deepEqual(await exit, [0, null]);
  } finally {
    child.kill('SIGKILL');
    await exit;
    house.remove();
  }
}

// What is left besides success: no fault, and no session.
const SESSIONLESS = ['server-sse-multiple-streams-session'];

for (const [version, count] of [[LEGACY, 30], [MODERN, 37]]) {
  test(`the fixtures pass ${count} of ${count} at ${version}`,
    { skip: skipBuild }, () => withBuild(async (url, dir) => {
      const scenarios = await required(version, dir);

      assert.equal(scenarios.length, count);
      await judge(url, version, dir, Object.fromEntries(scenarios
        .map((scenario) => [scenario, version === LEGACY &&
          scenario === 'server-sse-multiple-streams' ? SESSIONLESS : []])));
    }));
}

// What a server needs no fixtures for, with the checks that it fails for
// want of them.
const SHIPPED = {
  [LEGACY]: {
    'server-initialize': [], ping: [], 'tools-list': [], 'resources-list': [],
    'prompts-list': [], 'dns-rebinding-protection': [],
    'server-sse-multiple-streams': SESSIONLESS,
  },
  [MODERN]: {
    'tools-list': [], 'resources-list': [], 'prompts-list': [], caching: [],
    'sep-2164-resource-not-found': [], 'dns-rebinding-protection': [],
    'server-sse-multiple-streams': [], 'http-header-validation': [],
    'input-required-result-unsupported-methods': [],
    'input-required-result-validate-input': [],
    'input-required-result-missing-input-response':
      ['sep-2322-missing-response-rerequests'],
    'input-required-result-ignore-extra-params':
      ['sep-2322-ignore-unexpected-params'],
    'server-stateless': ['sep-2575-server-rejects-undeclared-capability',
      'sep-2575-missing-capability-http-400',
      'sep-2575-http-server-no-independent-requests-on-stream',
      'sep-2575-server-no-log-without-loglevel'],
  },
};

// The suite sends no tokens: the front puts one into each request.
async function withTokens(body) {
  const issuer = await Issuer.start();
  const front = await Front.start();
  const door = await Door.open(behind(issuer, front, READ_SCOPES));

  try {
    front.to = door.port;
    front.token = issuer.mint(front.resource,
      { claims: { scope: READ_SCOPES.join(' ') } });
    await body(front.resource, door.house.dir);
  } finally {
    await door.remove();
    front.stop();
    await issuer.stop();
  }
}

for (const version of [LEGACY, MODERN]) {
  test(`the program passes what applies at ${version}, behind tokens`,
    { skip: skip || noIssuer }, () => withTokens((url, dir) =>
      judge(url, version, dir, SHIPPED[version])));
}

test('the program has nothing of what only the suite needs', { skip },
  async () => {
    const bytes = fs.readFileSync(program);
    const door = await Door.open();

    try {
      for (const word of ['test_simple_text', 'test_sampling',
        'sampling/createMessage', 'roots/list', 'test://static-text'])
        assert.equal(bytes.indexOf(word), -1, word);
      for (const method of ['logging/setLevel', 'completion/complete',
        'resources/subscribe', 'sampling/createMessage']) {
        const { json } = await door.post({ jsonrpc: '2.0', id: 1, method,
          params: { level: 'info', uri: 'ibkr://kill-switch' } });

        assert.equal(json.error.code, -32601, method);
      }
    } finally {
      await door.remove();
    }
  });
