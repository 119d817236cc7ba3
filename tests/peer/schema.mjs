// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Validators: for tool schemas and for the protocol's own messages.  The
// latter's schemas stand, as object literals, in the conformance suite.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import vm from 'node:vm';
import { LEGACY, MODERN } from './house.mjs';

const require = createRequire(import.meta.url);
const Ajv2020 = require('ajv/dist/2020.js').default;
const Ajv = require('ajv').default;
const addFormats = require('ajv-formats').default;

// Compiles the schema of a tool; strict, so a typo in it is an error.
export function compiler() {
  const ajv = new Ajv2020({ strict: true, validateSchema: true,
    allowUnionTypes: true, allErrors: true });

  addFormats(ajv);
  return ajv;
}

// The object literal that starts at text[at], template strings included.
function literal(text, at) {
  let depth = 0;

  for (let i = at; i < text.length; i++) {
    if (text[i] === '`') {
      for (i++; text[i] !== '`'; i++) {
        if (text[i] === '\\')
          i++;
      }
    } else if (text[i] === '{' || text[i] === '[') {
      depth++;
    } else if ((text[i] === '}' || text[i] === ']') && --depth === 0) {
      return text.slice(at, i + 1);
    }
  }
  throw new Error('the conformance suite has no end');
}

function revision(defs) {
  if (defs.DiscoverResult)
    return MODERN;
  if (defs.JSONRPCBatchRequest)
    return '2025-03-26';
  return defs.Icon ? LEGACY : '2025-06-18';
}

function load() {
  const text = fs.readFileSync(
    require.resolve('@modelcontextprotocol/conformance/dist/index.js'), 'utf8');
  const found = new Map();

  for (const at of text.matchAll(/=\{\$schema:`[^`]*`,(\$defs|definitions):/g)) {
    const schema = vm.runInNewContext(`(${literal(text, at.index + 1)})`);
    const plain = JSON.parse(JSON.stringify(schema));
    const key = plain.$defs ? '$defs' : 'definitions';
    const ajv = plain.$defs ? new Ajv2020({ strict: false })
      : new Ajv({ strict: false });

    addFormats(ajv);
    ajv.addSchema(plain, 'mcp');
    found.set(revision(plain[key]), { ajv, key, defs: plain[key] });
  }
  return found;
}

const revisions = load();
export const knownRevisions = [...revisions.keys()];

const RESULTS = {
  'server/discover': 'DiscoverResult',
  initialize: 'InitializeResult',
  ping: 'EmptyResult',
  'tools/list': 'ListToolsResult',
  'tools/call': 'CallToolResult',
  'resources/list': 'ListResourcesResult',
  'resources/templates/list': 'ListResourceTemplatesResult',
  'resources/read': 'ReadResourceResult',
  'prompts/list': 'ListPromptsResult',
  'prompts/get': 'GetPromptResult',
};

// What is wrong with value as the named type of a revision; '' if nothing.
export function wireFaults(version, type, value) {
  const { ajv, key } = revisions.get(version);
  const validate = ajv.getSchema(`mcp#/${key}/${type}`);

  if (!validate)
    return `revision ${version} has no ${type}`;
  return validate(value) ? '' : `${type}: ${ajv.errorsText(validate.errors)}`;
}

// The same for a whole answer to a request of that method.
export function answerFaults(version, method, answer) {
  const error = version === MODERN || version === LEGACY
    ? 'JSONRPCErrorResponse' : 'JSONRPCError';
  const result = version === MODERN || version === LEGACY
    ? 'JSONRPCResultResponse' : 'JSONRPCResponse';

  if (answer.error)
    return wireFaults(version, error, answer);
  return wireFaults(version, result, answer) ||
    wireFaults(version, RESULTS[method], answer.result);
}
