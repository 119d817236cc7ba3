# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# For demonstrations, which source it: a command and what it prints, a message
# to an MCP server and its answer.  $build has the program: a build directory,
# or the folder of an installed one, which knows where its plugins are.
# shellcheck shell=bash disable=SC2154,SC2119,SC2120

bold=
plain=
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
    bold=$(printf '\033[1m')
    plain=$(printf '\033[0m')
fi

# the line of the configuration that names the plugins of a build directory
built_plugins() {
    if [ -d "$build/stage" ]; then
        echo "  path: [$build/stage/plugins-1]"
    else
        echo "  path: []"
    fi
}

title() {
    printf '\n%s== %s%s\n' "$bold" "$*" "$plain"
}

# show ARGUMENT...: the command, then what it prints
show() {
    printf '\n%s$ ibkr-agent %s%s\n' "$bold" "$*" "$plain"
    "$build/ibkr-agent" "$@"
}

# fails EXIT-CODE ARGUMENT...: the same for a command that must fail
fails() {
    local want=$1 rc=0
    shift
    show "$@" || rc=$?
    if [ "$rc" -ne "$want" ]; then
        echo "demo: exit code $want was expected, not $rc" >&2
        exit 1
    fi
    echo "(exit code $rc)"
}

# say JSON: one message to the server, printed; answer: its next line
say() {
    printf '\n%s-->%s %s\n' "$bold" "$plain" "$1"
    printf '%s\n' "$1" >&"${mcp[1]}"
}

answer() {
    local line
    if ! IFS= read -r -t 20 line <&"${mcp[0]}"; then
        echo "demo: the server did not answer" >&2
        exit 1
    fi
    printf '%s<--%s %.600s' "$bold" "$plain" "$line"
    [ ${#line} -le 600 ] || printf '... (%d bytes)' ${#line}
    echo
    case $line in
    *'"error":'* | *'"isError":true'*)
        [ "${1-}" = refused ] && return
        echo "demo: that was an error" >&2
        exit 1
        ;;
    esac
}

# serve: an MCP server on pipes; unserve: its input ends, and so does it
serve() {
    coproc mcp { "$build/ibkr-agent" mcp serve --transport stdio; }
    server=$mcp_PID
    say '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"demo","version":"1"}}}'
    answer
    say '{"jsonrpc":"2.0","method":"notifications/initialized"}'
}

unserve() {
    local pid=$server
    server=
    eval "exec ${mcp[1]}>&-"
    wait "$pid"
    echo "(the server ended with its input)"
}
