# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# terminal.zsh PROMPT KEYS WORD... -- SHELL ARGUMENT...: starts the shell at a
# terminal of its own, waits for PROMPT, types KEYS (as zsh's $'...' reads
# them) and waits until every WORD has been shown.
emulate -R zsh
zmodload zsh/zpty zsh/datetime
typeset -F end=$((EPOCHREALTIME + ${IAG_TEST_PATIENCE:-30}))
prompt=$1
keys=${(g::)2}
shift 2
words=(${@[1,${@[(i)--]}-1]})
shell=(${@[${@[(i)--]}+1,-1]})
seen=

# wait_for TEXT: reads until it is there
wait_for() {
    local chunk
    while [[ $seen != *"$1"* ]]; do
        if zpty -rt terminal chunk; then
            seen+=$chunk
        elif ((EPOCHREALTIME > end)) || ! zpty -t terminal; then
            print -r -- "not shown: $1; what was:"
            print -r -- ${(V)seen}
            exit 1
        else
            zselect -t 2
        fi
    done
}

zmodload zsh/zselect
zpty -b terminal ${(q)shell}
wait_for $prompt
zpty -wn terminal $keys
for word in $words; do
    wait_for $word
done
zpty -d terminal
