#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# install-packages.sh LIST...: installs those of the Debian packages that are
# missing; as root, else with sudo, else says what to run.
set -eu

# node often comes from elsewhere than Debian: then its own npm will do
is_installed() {
    case $1 in
    nodejs) command -v node >/dev/null && return ;;
    npm) command -v npm >/dev/null && return ;;
    esac
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
        installed ]
}

command -v apt-get >/dev/null || {
    echo "this script knows Debian and its children only: install what is in" \
        "$* and run ./bootstrap, ./configure, make" >&2
    exit 1
}
mapfile -t wanted < <(sed -e 's/[ \t]*#.*//' -e '/^$/d' "$@")
missing=()
for package in "${wanted[@]}"; do
    is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "installing ${missing[*]}"
if ! "${as_root[@]}" apt-get update -q ||
    ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"; then
    echo "could not install what is missing; as root, run:" \
        "apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi
