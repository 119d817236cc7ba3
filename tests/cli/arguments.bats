# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# How the command line is read.

load helper

setup() {
    make_config
}

@test "no command is a usage error" {
    iag
    expect 2
    [ -z "$output" ]
    has "$stderr" "INPUT_INVALID: a command is missing" "--help"
}

@test "half a command is a usage error" {
    iag audit
    expect 2
    has "$stderr" "'audit' needs one more word" "ibkr-agent audit --help"
}

@test "an unknown command names the nearest one" {
    iag audit tial
    expect 2
    has "$stderr" "unknown command 'audit tial' (did you mean 'audit tail'?)" \
        "Action: run \`ibkr-agent audit --help\`"
    iag adit tail
    expect 2
    has "$stderr" "unknown command 'adit' (did you mean 'audit'?)"
    iag ibkr_market_snapshot
    expect 2
    has "$stderr" "(did you mean 'market snapshot'?)"
}

@test "an unknown option names the nearest one" {
    iag audit tail --limt 3
    expect 2
    has "$stderr" "audit tail: unknown option '--limt' (did you mean '--limit'?)" \
        "Action: run \`ibkr-agent audit tail --help\`"
}

@test "a prefix of an option is not that option" {
    iag audit tail --lim 3
    expect 2
    has "$stderr" "unknown option '--lim'"
    iag --js config check
    expect 2
    has "$stderr" "unknown option '--js'"
}

@test "all options that are missing are named" {
    iag market bars --duration 1d
    expect 2
    has "$stderr" "missing --contract-id ID --bar-size WORD"
    iag contracts search
    expect 2
    has "$stderr" "missing QUERY"
}

@test "an option without its value is refused" {
    iag mcp serve --transport
    expect 2
    has "$stderr" "option '--transport' needs a value" \
        "Action: run \`ibkr-agent mcp serve --help\`"
}

@test "a flag with a value is refused" {
    iag config check --json=yes
    expect 2
    has "$stderr" "option '--json' takes no value, got 'yes'"
}

@test "an option given twice is refused" {
    iag mcp serve --transport stdio --transport stdio --describe
    expect 2
    has "$stderr" "option '--transport' is given twice"
}

@test "an operand too many is refused" {
    iag config check now
    expect 2
    has "$stderr" "config check: unexpected operand 'now'"
}

@test "a value may follow the option or an equals sign" {
    iag mcp serve --transport stdio --describe
    expect 0
    local first=$output
    iag mcp serve --transport=stdio --describe
    expect 0
    [ "$output" = "$first" ]
}

@test "global options may stand before and behind the command" {
    unset IBKR_AGENT_CONFIG
    iag --config "$config" --json config check
    expect 0
    local first=$output
    has "$first" '"valid": true' "$config"
    iag config check --json --config="$config"
    expect 0
    [ "$output" = "$first" ]
}

@test "with --json an error is JSON on stderr and nothing is on stdout" {
    iag audit tial --json
    expect 2
    [ -z "$output" ]
    [ "$(json 'j.code + j.retryable + j.outcome' <<<"$stderr")" = \
        INPUT_INVALIDfalserefused ]
}

@test "behind two dashes --json is an operand and changes nothing" {
    iag config check -- --json
    expect 2
    has "$stderr" "INPUT_INVALID: config check: unexpected operand '--json'"
}

@test "control characters of an argument do not reach the terminal" {
    iag $'audit\e[31m'
    expect 2
    has "$stderr" 'audit\x1b[31m'
    [[ $stderr != *$'\e'* ]]
}

@test "numbers are whole and within their bounds" {
    local value
    for value in 0 501 -1 1x 1.5 '' 99999999999999999999 ' 1'; do
        iag audit tail "--limit=$value"
        expect 2
        has "$stderr" "--limit: expected 1 to 500, got '$value'"
    done
}

@test "every level has help, without a configuration" {
    export IBKR_AGENT_CONFIG=/nonexistent/ibkr-agent.yaml
    iag --help
    expect 0
    has "$output" "Usage: ibkr-agent COMMAND" "audit tail" "doctor"
    iag audit --help
    expect 0
    has "$output" "audit tail" "audit verify"
    [[ $output != *doctor* ]]
    iag audit tail --help
    expect 0
    has "$output" "Usage: ibkr-agent audit tail" "--limit N" "--store PATH"
}

@test "help has no line over 80 columns" {
    local command
    "$IAG_TEST_PROGRAM" --help | awk 'length > 80 { exit 1 }'
    while read -r command; do
        # shellcheck disable=SC2086
        "$IAG_TEST_PROGRAM" $command --help |
            awk -v c="$command" 'length > 80 {
                print c ": " $0; exit 1 }'
    done < <(list_commands)
}

list_commands() {
    "$IAG_TEST_PROGRAM" --help | sed -n '/^Commands:/,/^$/{
        s/^  \([a-z].*\)  .*/\1/p
        /^  [a-z][a-z -]*$/s/^  //p
    }' | sed 's/  .*//'
}

@test "the version is one line, how it was built many" {
    iag --version
    expect 0
    [[ $output =~ ^"ibkr-agent "[0-9]+\.[0-9]+\.[0-9]+$ ]]
    iag --version --verbose
    expect 0
    has "$output" "plugin abi       1" "gnutls" "hardening"
    has "$output" "$(sha256sum <"$IAG_TEST_PROGRAM" | cut -c1-64)"
    iag --version --verbose --json
    expect 0
    [[ $(json 'j.loaded.gnutls' <<<"$output") =~ ^3\. ]]
    iag --version --json
    expect 0
    [[ $(json 'j.version' <<<"$output") =~ ^[0-9.]+$ ]]
}

@test "a full disk behind stdout is an error" {
    [ -w /dev/full ] || skip "there is no /dev/full"
    run bash -c '"$IAG_TEST_PROGRAM" --help >/dev/full'
    [ "$status" -eq 1 ]
    has "$output" "cannot write to standard output"
}

@test "completion offers commands and options" {
    local shell
    iag completion bash
    expect 0
    complete_words "" | grep -qx doctor
    complete_words audit "" | grep -qx rotate-key
    complete_words audit tail --l | grep -qx -- --limit
    complete_words --config /x audit tail --s | grep -qx -- --store
    complete_words mcp serve --transport "" | grep -qx stdio
    [ -z "$(complete_words audit tail --nothing)" ]
    complete_words mcp client-config --client cl | grep -qx claude-code
    complete_words completion f | grep -qx fish
    complete_words plugins check "$IAG_TEST_SRCDIR/READ" |
        grep -qx "$IAG_TEST_SRCDIR/README.md"
    iag completion tcsh
    expect 2
    has "$stderr" "expected bash, zsh or fish, got 'tcsh'"
}

# The program under its name, for completion that asks it.
program_in_path() {
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s "$IAG_TEST_PROGRAM" "$BATS_TEST_TMPDIR/bin/ibkr-agent"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

@test "completion offers the plugins that there are" {
    make_config
    program_in_path
    complete_words plugins show f | grep -qx fake
    complete_words plugins show "" | grep -qx lmdb
    [ -z "$(complete_words plugins show x)" ]
}

@test "fish completes commands, options, choices and plugins" {
    command -v fish >/dev/null || skip "fish is not installed"
    make_config
    program_in_path
    fish_words() {
        fish --no-config -c 'ibkr-agent completion fish | source
            complete -C $argv[1] | string replace -r "\t.*" ""' "$1"
    }
    fish_words "ibkr-agent " | grep -qx doctor
    fish_words "ibkr-agent audit " | grep -qx rotate-key
    fish_words "ibkr-agent --config /x audit ve" | grep -qx verify
    fish_words "ibkr-agent audit tail --limit 3 --st" | grep -qx -- --store
    fish_words "ibkr-agent mcp client-config --client cl" |
        grep -qx claude-code
    fish_words "ibkr-agent completion z" | grep -qx zsh
    fish_words "ibkr-agent plugins show l" | grep -qx lmdb
    [ -z "$(fish_words "ibkr-agent audit tail --nothing")" ]
}

@test "zsh completes commands, options, choices and plugins" {
    command -v zsh >/dev/null || skip "zsh is not installed"
    make_config
    program_in_path
    # as zsh asks a function that was made for bash
    zsh_words() {
        zsh -f -c 'autoload -U compinit && compinit -u -D
            eval "$(ibkr-agent completion zsh)"
            COMP_WORDS=(ibkr-agent "$@")
            COMP_CWORD=$#
            compgen -F _ibkr_agent -- "${@[-1]}"' zsh "$@"
    }
    zsh_words "" | grep -qx doctor
    zsh_words audit "" | grep -qx rotate-key
    zsh_words --config /x audit ve | grep -qx verify
    zsh_words audit tail --limit 3 --st | grep -qx -- --store
    zsh_words mcp client-config --client cl | grep -qx claude-code
    zsh_words completion z | grep -qx zsh
    zsh_words plugins show l | grep -qx lmdb
}

complete_words() {
    (
        eval "$("$IAG_TEST_PROGRAM" completion bash)"
        COMP_WORDS=(ibkr-agent "$@")
        COMP_CWORD=$#
        COMPREPLY=()
        _ibkr_agent
        printf '%s\n' "${COMPREPLY[@]}"
    )
}

@test "the shipped completion is what the program prints" {
    local shell
    for shell in bash/ibkr-agent zsh/_ibkr-agent fish/ibkr-agent.fish; do
        iag completion "${shell%/*}"
        expect 0
        diff "$IAG_TEST_SRCDIR/contrib/completion/${shell#*/}" \
            <(echo "$output")
    done
}
