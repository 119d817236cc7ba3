#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# check-packages.sh: builds the packages out of the tarball, as an ordinary
# user, and looks at them the way that their users do:
#   Debian's twice, in two places, umasks and zones: the same bytes
#   lintian finds nothing, not even what is pedantic
#   the list of parts (SPDX) has what the files are linked with
#   installed in a fresh system: demo, upgrade, downgrade, removal
#   RPM's once
# They are left in BUILDDIR/packages.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${BUILDDIR:=build}" "${MAKE:=make}"
BUILDDIR=$(cd "$BUILDDIR" && pwd)
export LC_ALL=C.UTF-8
for tool in dpkg-buildpackage lintian rpmbuild debootstrap jq; do
    command -v $tool >/dev/null || {
        echo "check-packages: $tool is not installed:" \
            "scripts/packages-ci.txt has what is needed" >&2
        exit 1
    }
done
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf --one-file-system "$work"' EXIT
start=$SECONDS

say() {
    echo "check-packages: $* ($((SECONDS - start)) s)"
}

fail() {
    say "$*" >&2
    exit 1
}

# as_user DIR COMMAND...: nobody for root, so that root's rights are not needed
as_user() {
    local dir=$1 as=()
    shift
    if [ "$(id -u)" -eq 0 ]; then
        chown -R nobody:nogroup "$dir"
        as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    fi
    (cd "$dir" && "${as[@]}" env HOME="$dir" "$@")
}

# build_debs DIR UMASK ZONE: packages of the tarball into DIR
build_debs() {
    mkdir -p "$work/$1"
    tar -C "$work/$1" -xf "$tarball"
    if ! (
        umask "$2"
        as_user "$work/$1" env TZ="$3" DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" \
            sh -c 'cd ibkr-agent-gateway-* && exec dpkg-buildpackage -us -uc -b'
    ) >"$work/$1.log" 2>&1; then
        tail -n 40 "$work/$1.log" >&2
        fail "dpkg-buildpackage in $1 failed"
    fi
    say "Debian packages built in $1"
}

build_rpms() {
    mkdir -p "$work/rpm"
    cp "$tarball" "$work/rpm/"
    # unoptimized: this is about the spec
    if ! as_user "$work/rpm" rpmbuild --quiet --nodeps -tb \
        --define "_topdir $work/rpm" --define "optflags -O0 -g" \
        --define "_smp_mflags -j$(nproc)" \
        "${tarball##*/}" >"$work/rpm.log" 2>&1; then
        tail -n 40 "$work/rpm.log" >&2
        fail "rpmbuild failed"
    fi
    say "$(find "$work/rpm/RPMS" -name '*.rpm' | wc -l) RPM packages built"
}

sums_of() {
    (cd "$work/$1" && sha256sum ./*.deb)
}

# Every library that a file needs is in the list of parts, and none else.
check_parts() {
    local root=$work/parts list
    for deb in "$work"/a/*.deb; do
        dpkg-deb -x "$deb" "$root"
    done
    list=$root/usr/share/doc/ibkr-agent/ibkr-agent-gateway.spdx.json
    jq -e '.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and
        ([.packages[].SPDXID] + ["SPDXRef-DOCUMENT"]) as $ids |
        all(.relationships[]; [.spdxElementId, .relatedSpdxElement] - $ids == [])
        and all(.packages[]; .versionInfo != "NOASSERTION")' "$list" >/dev/null ||
        fail "the list of parts is not sound"
    diff <(jq -r '.relationships[] | select(.relationshipType == "DYNAMIC_LINK") |
            .relatedSpdxElement | sub("SPDXRef-Library-"; "")' "$list" | sort -u) \
        <(find "$root/usr/bin" "$root/usr/lib" -type f \( -perm -100 -o -name '*.so*' \) \
            ! -name '*.debug' -exec readelf -d {} + |
            sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u) ||
        fail "the list of parts and what is linked differ"
    say "$(jq '.packages | length' "$list") parts listed"
}

check_units() {
    local unit=$work/parts/lib/systemd/system/ibkr-agent.service
    if command -v systemd-analyze >/dev/null; then
        systemd-analyze security --offline=yes --threshold=15 "$unit" |
            tail -n 1 || fail "the service is more exposed than it may be"
    fi
    if command -v apparmor_parser >/dev/null; then
        apparmor_parser -QK "$work/parts/etc/apparmor.d/ibkr-agent" ||
            fail "the AppArmor profile is not sound"
    fi
}

version=$(sed -n 's/^AC_INIT(\[ibkr-agent-gateway\], \[\(.*\)\])$/\1/p' configure.ac)
[ "$(dpkg-parsechangelog -S Version)" = "$version" ] ||
    fail "debian/changelog is not at $version"
grep -qx "Version: *$version" contrib/ibkr-agent-gateway.spec ||
    fail "contrib/ibkr-agent-gateway.spec is not at $version"

mkdir "$work/dist"
(cd "$work/dist" && "$OLDPWD/configure" -q && $MAKE dist) >"$work/dist.log" 2>&1 || {
    tail "$work/dist.log" >&2
    fail "make dist failed"
}
tarball=$(ls "$work"/dist/*.tar.xz)

build_debs a 022 UTC
bash scripts/fresh-root.sh prepare "$work/root" "$work"/a/*.deb \
    >"$work/root.log" 2>&1 &
root_job=$!
build_debs deeper/below 027 Asia/Tokyo
diff <(sums_of a) <(sums_of deeper/below) ||
    fail "two builds of one tarball differ"
say "$(sums_of a | wc -l) Debian packages, twice the same"
build_rpms
as_user "$work/a" sh -c 'exec lintian --pedantic -I \
    --fail-on error,warning,info,pedantic ./*.changes' || fail "lintian has something to say"
say "lintian finds nothing"
check_parts
check_units
wait $root_job || {
    tail -n 20 "$work/root.log" >&2
    fail "no fresh system could be made"
}
say "a fresh system stands"
bash scripts/fresh-root.sh check "$work/root" "$work"/a/*.deb ||
    fail "the packages do not behave"
rm -rf "$BUILDDIR/packages"
mkdir -p "$BUILDDIR/packages"
cp "$tarball" "$work"/a/*.{deb,changes,buildinfo} \
    "$work"/rpm/RPMS/*/*.rpm "$BUILDDIR/packages/"
say "all is well; the packages are in $BUILDDIR/packages"
