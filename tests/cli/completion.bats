# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The installed completion in real shells at a terminal: what is typed with
# tabs in it is what the program gets.

load helper

setup() {
    local made=$IAG_TEST_SRCDIR/contrib/completion
    command -v zsh >/dev/null || skip "zsh, which has terminals, is missing"
    make_config
    mkdir -p "$BATS_TEST_TMPDIR/bin" "$HOME/fish/vendor_completions.d"
    # the program, but for what it is asked: which plugins there are
    cat >"$BATS_TEST_TMPDIR/bin/ibkr-agent" <<END
#!/bin/sh
[ "\$1 \$2" != "plugins list" ] || exec "$IAG_TEST_PROGRAM" "\$@"
printf 'got'
printf ' <%s>' "\$@"
echo .
END
    chmod 755 "$BATS_TEST_TMPDIR/bin/ibkr-agent"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
    export TERM=xterm
    {
        echo "PS1='ready> '"
        echo ". '$made/ibkr-agent'"
    } >"$HOME/bashrc"
    # found by its name, as when it is installed
    {
        echo "PS1='ready> '"
        echo "fpath=('$made' \$fpath)"
        echo "autoload -U compinit && compinit -u -D"
    } >"$HOME/.zshrc"
    cp "$made/ibkr-agent.fish" "$HOME/fish/vendor_completions.d/"
    echo "function fish_prompt; echo -n 'ready> '; end" >"$HOME/prompt.fish"
}

# type_in SHELL KEYS WORD...
type_in() {
    local keys=$2 start
    case $1 in
    bash) start=(bash --rcfile "$HOME/bashrc" -i) ;;
    zsh) start=(env ZDOTDIR="$HOME" zsh -d -i) ;;
    fish)
        command -v fish >/dev/null || skip "fish is not installed"
        start=(env XDG_DATA_DIRS="$HOME" fish -C "source $HOME/prompt.fish"
            -i)
        ;;
    esac
    shift 2
    zsh "$BATS_TEST_DIRNAME/terminal.zsh" 'ready> ' "$keys" "$@" -- \
        "${start[@]}"
}

completes() {
    type_in "$1" 'ibkr-agent aud\tver\t--sto\t/x\n' \
        'got <audit> <verify> <--store> </x>.'
    type_in "$1" 'ibkr-agent mcp client-config --client claude-c\t\n' \
        'got <mcp> <client-config> <--client> <claude-code>.'
    type_in "$1" 'ibkr-agent plugins show lm\t\n' 'got <plugins> <show> <lmdb>.'
    type_in "$1" "ibkr-agent plugins check $IAG_TEST_SRCDIR/HACK\t\n" \
        "got <plugins> <check> <$IAG_TEST_SRCDIR/HACKING.md>."
}

@test "bash completes at a terminal" {
    completes bash
}

@test "zsh completes at a terminal, from the first tab on" {
    completes zsh
}

@test "fish completes at a terminal" {
    completes fish
}
