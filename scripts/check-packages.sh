#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# check-packages.sh: builds the packages out of the tarball, as an ordinary
# user, and looks at them the way that their users do:
#   Debian's twice, in two places, umasks and zones: the same bytes
#   lintian finds nothing, not even what is pedantic
#   the list of parts (SPDX) has what the files are linked with
#   every file is named by a manual page, and systemd takes the units
#   template and examples are built from what they have, and carry an order
#   installed in a fresh system: first steps, demo, upgrade, downgrade, removal
#   RPM's once, and the demo from them; without rpmbuild they are left out
# What does not wait for each other runs at the same time.  The packages are
# left in BUILDDIR/packages.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${BUILDDIR:=build}" "${MAKE:=make}"
BUILDDIR=$(cd "$BUILDDIR" && pwd)
export LC_ALL=C.UTF-8
for tool in dpkg-buildpackage lintian debootstrap jq; do
    command -v $tool >/dev/null || {
        echo "check-packages: $tool is not installed:" \
            "scripts/packages-ci.txt has what is needed" >&2
        exit 1
    }
done
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_jobs; rm -rf --one-file-system "$work"' EXIT
start=$SECONDS
declare -A jobs=()
set -m # each job is a process group

say() {
    echo "check-packages: $* ($((SECONDS - start)) s)"
}

fail() {
    say "$*" >&2
    exit 1
}

# begin NAME COMMAND...: in the background; end NAME waits for it
begin() {
    local name=$1
    shift
    "$@" >"$work/$name.out" 2>&1 </dev/null &
    jobs[$name]=$!
}

end() {
    local pid=${jobs[$1]}
    unset "jobs[$1]"
    wait "$pid" || {
        tail -n 40 "$work/$1.out" >&2
        fail "$1 failed"
    }
    grep '^check-packages:' "$work/$1.out" || true
}

stop_jobs() {
    local pid
    for pid in "${jobs[@]}"; do
        kill -- "-$pid" 2>/dev/null || true
    done
    wait
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
    say "RPM packages built"
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
            ! -name '*.debug' ! -name '*.socket' -exec readelf -d {} + |
            sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u) ||
        fail "the list of parts and what is linked differ"
    say "$(jq '.packages | length' "$list") parts listed"
}

# A file is named by its own name, that of its folder, or a library's soname.
check_pages() {
    local pages path name folder
    pages=$(find "$work/parts/usr/share/man" -name '*.gz' -exec zcat {} +)
    find "$work/parts" -type f ! -path '*/share/doc*' ! -path '*/man/*' \
        ! -path '*/lib/debug/*' ! -path '*/lintian/*' -printf '%P\n' |
        while read -r path; do
            name=$(sed -E 's/(\.so\.[0-9]+)\..*/\1/' <<<"${path##*/}")
            folder=${path%/*}
            [[ $pages == *"$name"* || $pages == *"/${folder##*/}/"* ]] ||
                echo "$path"
        done >"$work/unnamed"
    [ ! -s "$work/unnamed" ] || {
        cat "$work/unnamed" >&2
        fail "no manual page names these files"
    }
    say "the manual names every file"
}

# verify_units FOLDER OPTION...: as systemd reads them, with programs from here
verify_units() {
    local unit copy=$work/units/$1
    mkdir -p "$copy"
    for unit in "$work/parts/$1"/ibkr-agent*; do
        sed "s,=/usr/bin/,=$work/parts/usr/bin/," "$unit" \
            >"$copy/${unit##*/}"
    done
    XDG_RUNTIME_DIR=$copy systemd-analyze verify --man=no "${@:2}" "$copy"/ibkr-agent* ||
        fail "systemd does not take the units of $1"
}

check_units() {
    local unit system=lib/systemd/system user=usr/lib/systemd/user
    if command -v systemd-analyze >/dev/null; then
        verify_units $system
        verify_units $user --user
        for unit in ibkr-agent ibkr-agent-sidecar; do
            systemd-analyze security --offline=yes --threshold=15 \
                "$work/parts/$system/$unit.service" |
                tail -n 1 || fail "$unit is more exposed than it may be"
        done
        # what a user's own manager cannot take away counts, too
        systemd-analyze security --offline=yes --threshold=65 \
            "$work/parts/$user/ibkr-agent.service" |
            tail -n 1 || fail "the user's service is more exposed than it may be"
    fi
    if command -v apparmor_parser >/dev/null; then
        apparmor_parser -QK "$work/parts/etc/apparmor.d/ibkr-agent" ||
            fail "the AppArmor profile is not sound"
    fi
}

# the test of authors' files, with those of the packages
check_authors() {
    local log=$work/authors.log passed
    mkdir "$work/authors"
    env HOME="$work/authors" TMPDIR="$work/authors" IAG_TEST_SRCDIR="$PWD" \
        IAG_TEST_ROOT="$work/parts" sh tests/plug/template.sh >"$log" 2>&1 || true
    passed=$(grep -c '^ok' "$log" || true)
    grep -qx "1..$passed" "$log" || {
        grep -A 20 '^not ok' "$log" >&2
        fail "authors cannot work with the packages"
    }
    say "$passed checks of what authors do with the packages alone"
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
begin root bash scripts/fresh-root.sh prepare "$work/root" "$work"/a/*.deb
begin second build_debs deeper/below 027 Asia/Tokyo
if command -v rpmbuild >/dev/null; then
    begin rpms build_rpms
else
    say "rpmbuild is not installed: no RPM packages are built"
fi
as_user "$work/a" sh -c 'exec lintian --pedantic -I \
    --fail-on error,warning,info,pedantic ./*.changes' || fail "lintian has something to say"
say "lintian finds nothing"
check_parts
begin authors check_authors
check_pages
check_units
end root
say "a fresh system stands"
bash scripts/fresh-root.sh check "$work/root" "$work"/a/*.deb ||
    fail "the packages do not behave"
end authors
if [ -n "${jobs[rpms]-}" ]; then
    end rpms
    bash scripts/fresh-root.sh rpms "$work/root" "$work"/rpm/RPMS/*/*.rpm ||
        fail "the RPM packages do not behave"
fi
end second
diff <(sums_of a) <(sums_of deeper/below) ||
    fail "two builds of one tarball differ"
say "$(sums_of a | wc -l) Debian packages, twice the same"
rm -rf "$BUILDDIR/packages"
mkdir -p "$BUILDDIR/packages"
cp "$tarball" "$work"/a/*.{deb,changes,buildinfo} "$BUILDDIR/packages/"
find "$work" -path "$work/rpm/RPMS/*.rpm" -exec cp {} "$BUILDDIR/packages/" \;
say "all is well; the packages are in $BUILDDIR/packages"
