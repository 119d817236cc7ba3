#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The plugin template is copied from an installed prefix, built with nothing
# but what is installed there, and its backend is run by the installed
# program.
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
echo 1..9
claim "the program installs" plain_make -C "$IAG_TEST_BUILDDIR" install \
    DESTDIR="$root"
pc=$(find "$root" -name ibkr-agent.pc)
template=$(find "$root" -type d -name plugin-template)
program=$(find "$root" -type f -path '*/bin/ibkr-agent')
macro=$(find "$root" -name ibkr-agent.m4)
plugins=$(find "$root" -type d -name plugins-1)
# a staged tree: paths in the .pc file begin with the stage
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$root
ACLOCAL_PATH=$(dirname "$macro")
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR ACLOCAL_PATH
unset CFLAGS CPPFLAGS LDFLAGS

cp -R "$template" mine && chmod -R u+w mine && cd mine && mkdir -p m4 ||
    exit 99
without_macro() (
    unset ACLOCAL_PATH
    aclocal --print-ac-dir >ac-dir
    [ ! -e "$(cat ac-dir)/ibkr-agent.m4" ] || return 0
    says "ACLOCAL_PATH" autoreconf -fi && ! autoreconf -fi
)
claim "without the macro it says where to look" without_macro
claim "the template bootstraps with the installed macro" autoreconf -fi
claim "the template configures with the installed .pc file" \
    ./configure --prefix="$TMPDIR/own" IBKR_AGENT="$program" \
    ${IAG_TEST_CC:+CC="$IAG_TEST_CC"}
claim "the template builds" plain_make
claim "it keeps the contract, by the installed kit" plain_make check
claim "it installs" plain_make install

cat >config.yaml <<END
broker:
  backend: example
plugins:
  path: ["$TMPDIR/own/lib/ibkr-agent/plugins-1", "$plugins"]
  options:
    example:
      account: DU0000002
auth:
  enabled_scopes: ["ibkr:accounts:read"]
audit:
  path: $TMPDIR/store
END
IBKR_AUDIT_HMAC_SECRET=0123456789abcdef0123456789abcdef0123456789abcdef
export IBKR_AUDIT_HMAC_SECRET
chmod 600 config.yaml
claim "the installed program lists it" says '"example"' \
    "$program" --config config.yaml --json plugins list
claim "a tool answers through it" says 'DU0000002' \
    "$program" --config config.yaml --json accounts list
