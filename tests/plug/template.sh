#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# What authors of plugins are given is copied from an installed prefix, or from
# IAG_TEST_ROOT, where packages were unpacked, and built with nothing but what
# is installed there: the template, as
# ibkr-agent-plugin(3) has it word for word, and the two examples.  The
# installed program runs them through its contract kit and carries orders with
# them, over the fake broker.
set -u

for tool in autoreconf libtoolize pkg-config; do
    command -v $tool >/dev/null 2>&1 && continue
    echo "1..0 # SKIP $tool is not installed"
    exit 0
done

n=0
claim() {
    n=$((n + 1))
    text=$1
    shift
    if "$@" >out 2>&1; then
        echo "ok $n - $text"
    else
        echo "not ok $n - $text"
        sed 's/^/# /' out
    fi
}

# make of its own: the outer one's options and jobs are not its business
plain_make() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make "$@"
}

says() {
    want=$1
    shift
    "$@" >said 2>&1
    grep -F -e "$want" said || {
        cat said
        return 1
    }
}

cd "$TMPDIR" || exit 99
umask 022
root=$TMPDIR/root
echo 1..36
if [ -n "${IAG_TEST_ROOT-}" ]; then
    root=$IAG_TEST_ROOT
    claim "the packages are unpacked" test -d "$root/usr"
else
    claim "the program installs" plain_make -C "$IAG_TEST_BUILDDIR" install \
        DESTDIR="$root"
fi
pc=$(find "$root" -name ibkr-agent.pc)
examples=$(dirname "$(find "$root" -type d -name plugin-template)")
program=$(find "$root" -type f -path '*/bin/ibkr-agent')
macro=$(find "$root" -name ibkr-agent.m4)
plugins=$(find "$root" -type d -name plugins-1)
# a staged tree: paths in the .pc file begin with the stage
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$root
ACLOCAL_PATH=$(dirname "$macro")
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR ACLOCAL_PATH
unset CFLAGS CPPFLAGS LDFLAGS

# the commands of the page, one file for each of its blocks
find "$root" -name 'ibkr-agent-plugin.3*' -exec zcat -f {} + >page
awk '/^\.Ss Build/ { on = 1 }
    /^\.Sh FILES AND NAMES/ { on = 0 }
    /^\.Bd -literal/ { inside = on; n += on; next }
    /^\.Ed/ { inside = 0 }
    inside { print >("block-" n) }' page
sed -i -e 's/\\e/\\/g' -e 's/^\\&//' -e "s,PREFIX,$TMPDIR/own,g" block-*

example_folder() {
    PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=exampledir ibkr-agent \
        >said && [ "$root$(cat said)" = "$examples" ]
}
claim "the .pc file says where the examples are" example_folder
# where the README is installed, its links lead to what is there, too
readme_links() (
    cd "$examples/.." && ! grep -E "quickstart|docs/|make -C" README.md &&
        sed -n 's/](\([^):]*\))/\n&\n/gp' README.md |
        sed -n 's/^](\(.*\))$/\1/p' >"$TMPDIR/links"
    [ "$(wc -l <"$TMPDIR/links")" -gt 12 ] || return
    while read -r link; do
        [ -e "$link" ] || {
            echo "$link is not there"
            return 1
        }
    done <"$TMPDIR/links"
)
claim "the installed README's links lead somewhere" readme_links
without_macro() (
    mkdir -p without && cp "$examples/plugin-template/"* without/ &&
        cd without && mkdir -p m4 && unset ACLOCAL_PATH || return
    aclocal --print-ac-dir >ac-dir
    [ ! -e "$(cat ac-dir)/ibkr-agent.m4" ] || return 0
    says "ACLOCAL_PATH" autoreconf -fi && ! autoreconf -fi
)
claim "without the macro it says where to look" without_macro
PATH=$(dirname "$program"):$PATH
[ -z "${IAG_TEST_CC-}" ] || export CC="$IAG_TEST_CC"
# follow BLOCK: of the page
follow() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL sh -eu "$TMPDIR/block-$1"
}
# the folder is that of the stage
sed -i "s,\$(pkg-config[^)]*),$examples," block-2
claim "the page builds the template, and the kit passes it" follow 2
cd my || exit 99
claim "... and one compiler call makes a plugin" follow 3
claim "it installs" plain_make install
# the fake broker lies in the stage, too
sed -i "s|path: \\[.libs\\]|path: [.libs, $plugins]|" ../block-4
IBKR_AUDIT_HMAC_SECRET=0123456789abcdef0123456789abcdef0123456789abcdef
export IBKR_AUDIT_HMAC_SECRET IBKR_AGENT_CONFIG="$PWD/gateway.yaml"
claim "the page configures a gateway that finds both" follow 4
page_order() {
    sed -n 1,2p ../block-5 >x && sh -eu x >answered || return
    preview=$(sed -n 's/^preview id *//p' answered)
    sed -n 3p ../block-5 | sed "s/PREVIEW/$preview/" >x &&
        sh -eu x >answered || return
    approval=$(sed -n 's/^approval id *//p' answered)
    sed -n '4,$p' ../block-5 | sed "s/APPROVAL/$approval/" >x &&
        says "submitted" sh -eu x
}
claim "inv1 the page places an order" page_order
page_fill() {
    follow 6 >answered && grep filled answered &&
        grep "audit chain verified" answered
}
claim "... has it filled, and verifies the record" page_fill
# the operator's steps under a terminal, then the ids of this run
page_live() {
    sed -n '1,/--live-broker/p' ../block-7 >x &&
        script -qec "sh -eu x" /dev/null >answered 2>&1 || return
    preview=$(sed -n 's/^preview id *//p' answered | tr -d '\r')
    sed -n '/approvals create/p' ../block-7 | sed "s/PREVIEW/$preview/" >x &&
        sh -eu x >approved || return
    approval=$(sed -n 's/^approval id *//p' approved)
    sed -n '/live-submit/,$p' ../block-7 |
        sed "s/PREVIEW/$preview/;s/APPROVAL/$approval/" >x || return
    sed 's/ --live-broker spool//;s/live-1/live-0/' x >other
    sed -i 's/writer: spool$/writer: refusing/' gateway.yaml
    ibkr-agent live activate >said 2>&1 && ! sh -eu other >said 2>&1 &&
        grep -F -e "(--live-broker spool)" said && says "submitted" sh -eu x
}
if command -v script >/dev/null; then
    claim "inv7 ... and a live one, by the same writer" page_live
else
    n=$((n + 1))
    echo "ok $n - live # SKIP script(1) is not installed"
fi
# checked under another name, it is told that no gateway would find it so
misnamed() {
    cp .libs/writer-spool.so mine.so &&
        says "only as 'writer-spool.so'" ibkr-agent --json \
            plugins check ./mine.so
}
claim "the kit tells how the file must be called" misnamed
unset IBKR_AGENT_CONFIG
cd ..
own=$TMPDIR/own/lib/ibkr-agent/plugins-1

# example NAME: built and checked in a copy, installed beside the others
example() {
    cp -R "$examples/$1" . && chmod -R u+w "$1" || return
    plain_make -C "$1" IBKR_AGENT="$program" inner="$plugins/store-lmdb.so" \
        ${IAG_TEST_CC:+CC="$IAG_TEST_CC"} CFLAGS="-O1 -Wall -Wextra -Werror" \
        all check &&
        plain_make -C "$1" plugindir="$own" install
}
claim "the paper simulator builds, and keeps the contract" example paper-sim
claim "the mirror builds, and keeps the contract" example audit-mirror

# configure WRITER: for a store of its own that the mirror wraps
configure() {
    writer=$1
    spool=$TMPDIR/spool-$writer
    mirror=$TMPDIR/mirror-$writer
    mkdir "$spool"
    cat >"$TMPDIR/config.yaml" <<END
broker: {backend: ${2-fake}}
auth:
  enabled_scopes: [ibkr:health:read, ibkr:accounts:read,
    ibkr:marketdata:read, ibkr:audit:read, ibkr:audit:export,
    ibkr:orders:read, ibkr:orders:preview, ibkr:approvals:create,
    ibkr:orders:paper:submit, ibkr:orders:paper:cancel,
    ibkr:orders:paper:modify, ibkr:orders:live:submit]
audit: {path: $TMPDIR/store-$writer, store: mirror, live_write_retention_days: 2555}
order_preview: {enabled: true}
safety: {live_trading_enabled: true}
paper_trading: {enabled: true, allowed_accounts: [DU1234567], writer: $writer}
live_trading:
  enabled: true
  allowed_accounts: [U7654321]
  allowed_writers: [refusing, $writer]
  risk_policy_id: small
  paper_to_live_checklist_acknowledged: true
risk_policies:
  small:
    enabled: true
    max_notional: {amount: "5000", currency: USD}
    max_quantity: "20"
    allowed_symbols: [AAPL]
    allowed_asset_classes: [stock]
    max_price_deviation_bps: 1000
    max_quote_age_seconds: 30
plugins:
  path: ["$own", "$plugins"]
  options:
    example: {account: DU0000002}
    spool: {folder: $spool}
    paper-sim: {depth: 3}
    mirror: {mirror: $mirror}
END
    chmod 600 "$TMPDIR/config.yaml"
}

# ask ARGUMENT...: the answer in ./answer
ask() {
    "$program" --config "$TMPDIR/config.yaml" --json "$@" >answer 2>&1
}

# field NAME: the first of that name in the answer
field() {
    sed -n "s/^.*\"$1\": \"\([^\"]*\)\".*/\1/p" answer | head -n 1
}

# is FIELD VALUE: of the answer
is() {
    [ "$(field "$1")" = "$2" ] || {
        cat answer
        return 1
    }
}

# approve ACCOUNT PRICE [OPTION...]: ids of 5 AAPL in $preview and $approval
approve() {
    account=$1 price=$2
    shift 2
    ask orders preview --enable-preview --account "$account" --symbol AAPL \
        --side buy --quantity 5 --limit-price "$price" "$@" || {
        cat answer
        return 1
    }
    preview=$(field preview_id)
    ask approvals create --account "$account" --preview-id "$preview"
    approval=$(field approval_id)
}

# paper KEY PRICE STATUS: a whole paper order
paper() {
    approve DU1234567 "$2" &&
        ask orders submit --enable-paper --account DU1234567 \
            --approval-id "$approval" --idempotency-key "$1"
    is status "$3"
}

# state_of ID STATUS: what the gateway knows of it
state_of() {
    ask orders status --account DU1234567 --broker-order-id "$1"
    is status "$2"
}

live() {
    flag="--live-broker $writer"
    # shellcheck disable=SC2086 # two words
    approve U7654321 199.50 $flag &&
        ask live checklist acknowledge --account U7654321 \
            paper_trading_validated approvals_reviewed limits_reviewed \
            kill_switch_tested incident_runbook_reviewed &&
        script -qec "'$program' --config '$TMPDIR/config.yaml' kill-switch \
            open --reason test" /dev/null &&
        ask orders live-submit --enable-live --account U7654321 \
            --preview-id "$preview" --approval-id "$approval" \
            --idempotency-key live-1 $flag
    is writer "$writer"
}

cancel() {
    ask orders cancel --enable-paper --account DU1234567 \
        --broker-order-id "$1" --idempotency-key "$2"
    is status "$3"
}

verified() {
    ask audit verify --state && grep '"chain_valid": true' answer
}

# the mirror is what an export is; what came after it is in the mirror, too
mirrored() {
    rm -f trail trail.manifest
    ask audit export --since 2020-01-01T00:00:00Z \
        --until 2100-01-01T00:00:00Z --out trail || {
        cat answer
        return 1
    }
    head -n "$(wc -l <trail)" "$mirror/audit.jsonl" | cmp - trail
}

configure spool example
claim "the installed program lists the backend" says '"example"' \
    "$program" --config config.yaml --json plugins list
claim "a tool answers through it" says 'DU0000002' \
    "$program" --config config.yaml --json accounts list
rm -rf store-spool mirror-spool spool-spool

configure spool
claim "inv1 the template's writer carries a paper order" paper a-1 199.50 submitted
claim "... into its folder" grep -F '"quantity":"5","limit_price":"199.50"' \
    spool-spool/DU1234567/a-1.order
echo "5 199.40" >spool-spool/DU1234567/a-1.filled
claim "... and tells that it was filled" state_of spool-a-1 filled
claim "a second order by it" paper a-2 199.50 submitted
claim "... is cancelled" cancel spool-a-2 c-2 pending_cancel
claim "... by a file" test -e spool-spool/DU1234567/a-2.cancel
if command -v script >/dev/null; then
    claim "--live-broker chooses it for a live order" live
else
    n=$((n + 1))
    echo "ok $n - live # SKIP script(1) is not installed"
fi
claim "the audit trail holds" verified
claim "the mirror is the trail" mirrored

configure paper-sim
claim "the paper simulator fills what the quote allows" paper b-1 201 open
claim "... its depth at a look" is filled_quantity 3
claim "... and the rest at the next" state_of paper-b-1 filled
claim "what the quote does not allow rests" paper b-2 199.50 open
claim "... and is cancelled" cancel paper-b-2 c-2 cancelled
claim "the audit trail holds, with these orders" verified

# a crash in the middle of a line
torn() {
    head -c 40 "$mirror/audit.jsonl" >part
    cat part >>"$mirror/audit.jsonl"
    ask health && grep -F -x -v -e "$(cat part)" "$mirror/audit.jsonl" >whole &&
        [ "$(wc -l <whole)" -lt "$(wc -l <"$mirror/audit.jsonl")" ] &&
        mv whole "$mirror/audit.jsonl" && mirrored
}
claim "a line that was torn is written once more" torn
# what is missing at the end, is told until a call writes it
lagging() {
    cp "$mirror/audit.jsonl" kept
    sed -i '$d' "$mirror/audit.jsonl"
    says "lags behind: the newest records are not in it" "$program" \
        --config config.yaml doctor || return
    mv "$mirror/audit.jsonl" away
    says "lags behind: No such file" "$program" --config config.yaml \
        doctor || return
    mv away "$mirror/audit.jsonl"
    # who looks changes nothing
    [ "$(wc -l <"$mirror/audit.jsonl")" -lt "$(wc -l <kept)" ] || return
    ask health && mirrored && ! says "lags behind" "$program" \
        --config config.yaml doctor
}
claim "doctor tells of a mirror that lags behind" lagging
# the store of before, under a mirror that has more
behind() {
    rm -rf store-paper-sim
    ask health
    says "the store lacks what the mirror has" "$program" \
        --config config.yaml health
}
claim "a store that lacks what the mirror has is told" behind
# the inner store in a folder where others could put another
loose() {
    inner=$TMPDIR/loose/store-lmdb.so
    mkdir loose && cp "$plugins/store-lmdb.so" loose/ || return
    chmod 775 loose
    sed "s,mirror: {,&inner: $inner\, ," config.yaml >loose.yaml
    chmod 600 loose.yaml
    says "neither can be written by anybody else" "$program" \
        --config loose.yaml health
}
claim "a store in a folder that others can write is not loaded" loose
must() {
    "$program" --config required.yaml "$@"
}
# a mirror without room stops what is written, until there is room again
required() {
    sed -e "s,mirror: {mirror: [^}]*,mirror: {mirror: $TMPDIR/must\, required: true," \
        -e "s,path: $TMPDIR/store-$writer,path: $TMPDIR/store-must," \
        config.yaml >required.yaml
    chmod 600 required.yaml
    mkdir must
    must health >answer 2>&1 || return
    mv must/audit.jsonl kept
    ln -s /dev/full must/audit.jsonl
    says "option 'required' is set" must health || return
    rm must/audit.jsonl
    cp kept must/audit.jsonl
    # what was refused has left no record
    says "audit chain verified: $(wc -l <kept) records" must audit verify ||
        return
    must health >answer 2>&1 &&
        [ "$(wc -l <must/audit.jsonl)" -gt "$(wc -l <kept)" ]
}
claim "a mirror that is required and full refuses, and goes on later" required
