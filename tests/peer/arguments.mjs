// SPDX-License-Identifier: MIT
// Copyright (C) 2026 the ibkr-agent-gateway authors

// Arguments that the fake broker knows, and arguments made from a schema: at
// each bound, past it, and of every wrong type.

export const ACCOUNT = 'DU1234567';

// Values by the name of the argument; ids come from other tools' answers.
const KNOWN = {
  account_id: ACCOUNT,
  query: 'AAPL',
  symbol: 'AAPL',
  contract_id: '265598',
  duration: '1d',
  exchange: 'NASDAQ',
  base: 'EUR',
  quote: 'USD',
};

// ask(name, args) gives the result object of a tool.
export async function knownValues(ask, tools) {
  const values = { ...KNOWN };
  const news = await ask('ibkr_news_list', { symbol: values.symbol });
  const orders = await ask('ibkr_orders_list', { account_id: ACCOUNT });
  const chain = await ask('ibkr_options_chain', { symbol: values.symbol });
  const scanner = tools.find((tool) => tool.name === 'ibkr_scanner_run');

  values.article_id = Object.values(news).flat()
    .find((row) => row?.article_id)?.article_id;
  values.broker_order_id = orders.orders[0].broker_order_id;
  values.option_id = Object.values(chain).flat()
    .find((row) => row?.contract_id)?.contract_id;
  values.scanner_code = scanner.inputSchema.properties.scanner_code.enum?.[0] ??
    'TOP_PERC_GAIN';
  return values;
}

// The required arguments of a tool.
export function required(tool, values) {
  const args = {};

  for (const name of tool.inputSchema.required ?? []) {
    const schema = tool.inputSchema.properties[name];

    if (tool.name === 'ibkr_option_greeks' && name === 'contract_id')
      args[name] = values.option_id;
    else
      args[name] = values[name] ?? schema.enum?.[0] ?? schema.default;
  }
  return args;
}

const WRONG = [null, true, 1.5, 'x', [], {}, -1, 99999999999, '', ' ', 'a\nb',
  'x'.repeat(5000), '\u001b', '\ud83d\ude00', '1e5', '-', '0x1', '1,000',
  '--1', '01', '+1', '2026-02-30', '2026-13-01T00:00:00Z', [1], { a: 1 }];

function atLength(length) {
  return length >= 0 ? ['A'.repeat(length), '1'.repeat(length)] : [];
}

function bounds(schema) {
  const found = [];

  for (const key of ['minimum', 'maximum']) {
    if (key in schema)
      found.push(schema[key] - 1, schema[key], schema[key] + 1);
  }
  for (const key of ['minLength', 'maxLength']) {
    if (key in schema)
      found.push(...atLength(schema[key] - 1), ...atLength(schema[key]),
        ...atLength(schema[key] + 1));
  }
  // a pattern's own repetition bounds, {m,n}
  for (const [, min, max] of
    (schema.pattern ?? '').matchAll(/\{(\d+)(?:,(\d+))?\}/g)) {
    for (const length of [+min, +(max ?? min)])
      found.push(...atLength(length - 1), ...atLength(length),
        ...atLength(length + 1), ...atLength(length + 2));
  }
  for (const value of schema.enum ?? [])
    found.push(value, value.toUpperCase(), `${value} `, value.slice(1));
  if (schema.type === 'integer')
    found.push(0, 1, '1', 2 ** 31, 2 ** 53 - 1);
  return found;
}

// [what, arguments] for every argument, each differing in one from good.
export function* variants(tool, good) {
  const { properties = {} } = tool.inputSchema;

  for (const [name, schema] of Object.entries(properties)) {
    const seen = new Set();

    for (const value of [...bounds(schema), ...WRONG]) {
      const text = JSON.stringify(value);

      if (seen.has(text))
        continue;
      seen.add(text);
      yield [`${name}=${text.slice(0, 60)}`, { ...good, [name]: value }];
    }
  }
  for (const name of tool.inputSchema.required ?? []) {
    const { [name]: _, ...rest } = good;

    yield [`without ${name}`, rest];
  }
  yield ['an unknown argument', { ...good, no_such_argument: 1 }];
}
