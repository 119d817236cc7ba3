#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# demo.sh DIRECTORY: the main job over the embedded fake broker, shown
# step by step: a person reads, an agent reads over MCP, and the audit trail
# tells of both and shows when somebody has changed it.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(cd "${1:-build}" && pwd)

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
umask 077
export IBKR_AGENT_CONFIG=$work/ibkr-agent.yaml
. scripts/show.sh
head -c 48 /dev/urandom | base64 -w0 >"$work/secret"
cat >"$IBKR_AGENT_CONFIG" <<END
broker:
  backend: fake
auth:
  enabled_scopes:
    - ibkr:health:read
    - ibkr:accounts:read
    - ibkr:portfolio:read
    - ibkr:positions:read
    - ibkr:marketdata:read
    - ibkr:orders:read
    - ibkr:audit:read
    - ibkr:audit:export
audit:
  path: $work/store
  hmac_secret_file: $work/secret
plugins:
$(built_plugins)
END

title "The program, its configuration, its plugins"
show --version --verbose
show config check
show plugins list

title "An operator reads"
show health
show accounts list
show positions list --account DU1234567
show market snapshot --contract-id 265598
show --json contracts resolve AAPL

title "An agent reads, over MCP on standard input and output"
serve
say '{"jsonrpc":"2.0","id":2,"method":"tools/list"}'
answer
say '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"ibkr_accounts_list","arguments":{}}}'
answer
say '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"ibkr_market_snapshot","arguments":{"contract_id":"265598"}}}'
answer
echo
echo "A name that must never exist is refused, on the record:"
say '{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"ibkr_order_submit","arguments":{}}}'
answer refused
unserve

if [ -d tests/peer/node_modules/@modelcontextprotocol/sdk ] &&
    command -v node >/dev/null; then
    title "The same with the SDK that most agents are built with"
    cat >"$work/client.mjs" <<END
const dir = "file://$PWD/tests/peer/node_modules/@modelcontextprotocol/sdk";
const { Client } = await import(dir + "/dist/esm/client/index.js");
const { StdioClientTransport } =
    await import(dir + "/dist/esm/client/stdio.js");
const client = new Client({ name: "demo", version: "1" });
await client.connect(new StdioClientTransport({
    command: "$build/ibkr-agent",
    args: ["--config", "$IBKR_AGENT_CONFIG", "mcp", "serve",
        "--transport", "stdio"],
}));
const { tools } = await client.listTools();
console.log(\`\${tools.length} tools, the first is \${tools[0].name}\`);
const result = await client.callTool({ name: "ibkr_positions_list",
    arguments: { account_id: "DU1234567" } });
console.log(JSON.stringify(result.structuredContent).slice(0, 300));
await client.close();
END
    node "$work/client.mjs"
fi

title "Every call is on the record"
show audit tail --limit 8
show audit verify --state
show audit export --out "$work/trail.jsonl"
show audit verify --file "$work/trail.jsonl"

title "One changed byte in a copy of the export, one in a copy of the store"
cp "$work/trail.jsonl" "$work/changed.jsonl"
cp "$work/trail.jsonl.manifest" "$work/changed.jsonl.manifest"
sed -i '3s/ibkr_[a-z]*/ibkr_nothing/' "$work/changed.jsonl"
fails 2 audit verify --file "$work/changed.jsonl"
cp -r "$work/store" "$work/copy"
LC_ALL=C sed -i '0,/DU1234567\|ibkr_accounts_list/s/ibkr_accounts_list/ibkr_accounts_lost/' \
    "$work"/copy/data.mdb
fails 2 audit verify --store "$work/copy"

title "Is everything well?"
show doctor

title "Done"
echo "Next: docs/getting-started.md, or"
echo "  $build/ibkr-agent --help"
