#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# fresh-root.sh prepare ROOT DEB...: a new Debian in ROOT that has nothing but
# what the packages depend on; where that cannot be made (no root, no mounts),
# ROOT stays empty.
# fresh-root.sh check ROOT DEB...: installs them there and tries them as an
# unprivileged user: the demonstration, an upgrade, a downgrade, the removal;
# then the system is booted, where that can be done, and its service is tried.
# In an empty ROOT they are only unpacked, and the demonstration is run.
# fresh-root.sh rpms ROOT RPM...: the same system, after that, with these.
set -euo pipefail
cd "$(dirname "$0")/.."
command=$1
root=$2
shift 2
packages=("$@")
plugins=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/ibkr-agent/plugins-1

booted=(systemd dbus libpam-systemd)

# inside COMMAND...: in ROOT, with processes and mounts of its own
inside() {
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount --pid --fork sh -ec '
        root=$1; shift
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"' - "$root" "$@"
}

# as USER COMMAND...
as() {
    local user=$1 home
    shift
    home=$(chroot "$root" getent passwd "$user" | cut -d: -f6)
    inside setpriv --reuid="$user" --regid="$user" --clear-groups \
        env HOME="$home" USER="$user" LOGNAME="$user" "$@"
}

say() {
    echo "fresh-root: $*"
}

fail() {
    say "$*" >&2
    exit 1
}

can_make_one() {
    [ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null &&
        unshare --mount --pid --fork true 2>/dev/null && chroot / true 2>/dev/null
}

# the packages that they need, without themselves; of a choice the one that is
# enough without systemd
needed() {
    local deb
    for deb in "${packages[@]}"; do
        dpkg-deb -f "$deb" Depends
        echo
    done | tr ',' '\n' | sed -E -e 's/.*\|? *(systemd-standalone-[a-z]+).*/\1/' \
        -e 's/ *\|.*//' -e 's/\(.*//' -e 's/ //g' |
        grep -Ev '^$|ibkr-agent' | sort -u
}

prepare() {
    local suite mirror include
    mkdir -p "$root"
    can_make_one || {
        say "no new system can be made here: the packages are only unpacked"
        return
    }
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # shellcheck disable=SC2016 # apt fills it in
    mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' \
        "Created-By: Packages" 2>/dev/null |
        awk -v s="$suite" '$1 == s { print $2; exit }')
    include=$(needed | paste -sd,)
    debootstrap --variant=minbase --merged-usr \
        --include="jq,$include" "$suite" "$root" \
        "${mirror:-http://deb.debian.org/debian}"
    # nothing here outlives the check
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe"
    # for the boot after everything else was seen without systemd
    inside apt-get install -qq -y --download-only --no-install-recommends \
        "${booted[@]}"
    chroot "$root" useradd -m alice
    mkdir "$root/demo"
    cp -r scripts "$root/demo/"
}

# what packages may leave behind is not dpkg's own book-keeping
files() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp \
        -o -path ./var/lib/dpkg -o -path ./var/cache -o -path ./var/log \
        -o -path ./var/lib/apt -o -path ./home -o -path ./debs \
        -o -path ./root/.rpmdb -o -path ./var/lib/rpm \) -prune \
        -o -print | LC_ALL=C sort)
}

# again VERSION: the packages once more, as if they had that version
again() {
    local deb tree=$root/debs/tree
    mkdir -p "$root/debs/$1"
    for deb in "${packages[@]}"; do
        case $deb in *dbgsym*) continue ;; esac
        rm -rf "$tree"
        dpkg-deb -R "$deb" "$tree"
        sed -i "s/^Version: .*/Version: $1/;s/(= [^)]*)/(= $1)/g" \
            "$tree/DEBIAN/control"
        dpkg-deb --root-owner-group -Znone -b "$tree" "$root/debs/$1" >/dev/null
    done
    rm -rf "$tree"
}

# the service's own store has the same record as before and goes on
record_holds() {
    as ibkr-agent ibkr-agent --config /etc/ibkr-agent/ibkr-agent.yaml \
        accounts list >/dev/null
    as ibkr-agent ibkr-agent --config /etc/ibkr-agent/ibkr-agent.yaml \
        audit verify --state
    as alice ibkr-agent audit verify
}

service_config() {
    cat >"$root/etc/ibkr-agent/ibkr-agent.yaml" <<END
broker: {backend: fake}
auth: {enabled_scopes: [ibkr:health:read, ibkr:accounts:read, ibkr:audit:read]}
audit:
  path: /var/lib/ibkr-agent/store
  hmac_secret_file: /etc/ibkr-agent/audit-hmac-secret
END
    head -c 48 /dev/urandom | base64 >"$root/etc/ibkr-agent/audit-hmac-secret"
    chroot "$root" chown ibkr-agent: /etc/ibkr-agent/audit-hmac-secret
    chmod 400 "$root/etc/ibkr-agent/audit-hmac-secret"
}

install_all() {
    inside sh -c "apt-get install -qq -o Dpkg::Use-Pty=0 -y \
        --allow-downgrades --no-install-recommends $* </dev/null" \
        >>"$root/debs/apt.log" 2>&1 || {
        tail -n 30 "$root/debs/apt.log"
        fail "apt-get install $* failed"
    }
}

# the first page of the manual and of the book, typed by a newcomer
first_page() {
    local page=$root/debs/first
    zcat "$root/usr/share/man/man1/ibkr-agent.1.gz" |
        sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/{/^\.Bd/,/^\.Ed/{/^\./!p}}' >"$page"
    sed -n '/^## First calls/,/^## A conf/s/^    //p' \
        "$root/usr/share/doc/ibkr-agent/getting-started.md" >>"$page"
    grep -q "audit verify" "$page" || fail "the first page has no verify"
    if ! as alice sh -exc 'cd && . /debs/first' >"$page.log" 2>&1 ||
        ! grep -q "audit chain verified" "$page.log"; then
        tail -n 30 "$page.log"
        fail "the first page does not lead to a verified audit trail"
    fi
    say "the first page: $(wc -l <"$page") commands, and the trail is verified"
}

demonstrations() {
    local name
    for name in demo demo-orders; do
        as alice bash "/demo/scripts/$name.sh" /usr/bin \
            >"$root/debs/$name.log" 2>&1 || {
            tail -n 30 "$root/debs/$name.log"
            fail "$name.sh failed"
        }
        say "$name.sh: $(wc -l <"$root/debs/$name.log") lines"
    done
}

check_system() {
    local version first
    version=$(dpkg-deb -f "${packages[0]}" Version)
    mkdir "$root/debs" "$root/debs/$version"
    files >"$root/debs/before"
    for first in "${packages[@]}"; do
        case $first in *dbgsym*) ;; *) cp "$first" "$root/debs/$version/" ;; esac
    done

    install_all "/debs/$version/ibkr-agent_*.deb"
    [ ! -e "$root/$plugins/writer-client-portal.so" ] ||
        fail "the package ibkr-agent can place orders"
    ! as alice ibkr-agent plugins show writer-client-portal >/dev/null 2>&1 ||
        fail "the package ibkr-agent has the writer of another"
    find "$root/etc/systemd" -name 'ibkr-agent*' 2>/dev/null | grep . &&
        fail "the installation has enabled the service"
    install_all "/debs/$version/*.deb"
    as alice ibkr-agent plugins show writer-client-portal >/dev/null
    say "installed; as alice:"
    first_page
    demonstrations
    service_config
    record_holds

    again "$version+1"
    install_all "/debs/$version+1/*.deb"
    record_holds
    say "upgraded, and the record holds"
    install_all "/debs/$version/*.deb"
    record_holds
    say "downgraded, and the record holds"

    # shellcheck disable=SC2016 # for the inner shell
    inside sh -c 'dpkg -P $(dpkg-query -W -f "\${Package}\n" "*ibkr-agent*")' >/dev/null
    [ -s "$root/var/lib/ibkr-agent/store/data.mdb" ] ||
        fail "the removal took the store along"
    [ -s "$root/etc/ibkr-agent/ibkr-agent.yaml" ] ||
        fail "the removal took the operator's configuration along"
    files | comm -13 "$root/debs/before" - |
        grep -Ev '^\./(var/lib|etc|run)/ibkr-agent(/|$)' &&
        fail "the removal has left these behind"
    say "removed, without residue but store and configuration"
}

# try_unpacked DIR PLUGINS: the demonstration from there
try_unpacked() {
    mkdir -p "$1/demo/stage"
    ln -s "$1/usr/bin/ibkr-agent" "$1/demo/ibkr-agent"
    ln -s "$1/$2" "$1/demo/stage/plugins-1"
    bash scripts/demo.sh "$1/demo" >"$1/demo.log" 2>&1 || {
        tail -n 30 "$1/demo.log"
        fail "the demonstration failed"
    }
    say "unpacked only, since no new system can be made here; the" \
        "demonstration runs"
}

check_unpacked() {
    local deb
    for deb in "${packages[@]}"; do
        dpkg-deb -x "$deb" "$root"
    done
    try_unpacked "$root" "$plugins"
}

# boot: what check-service.sh does is the service that ends the system, with
# its own exit code
boot() {
    local name=ibkr-agent-check-$$ registered=()
    [ -d /run/systemd/system ] || registered=(--register=no --keep-unit)
    cat >"$root/etc/systemd/system/check-service.service" <<END
[Unit]
After=multi-user.target
Wants=multi-user.target
SuccessAction=exit
FailureAction=exit

[Service]
Type=oneshot
ExecStart=sh -c 'exec bash /demo/scripts/check-service.sh alice /debs/$1/*.deb'
StandardOutput=file:/debs/service.log
StandardError=inherit
TimeoutStartSec=180
END
    timeout -k 10 240 systemd-nspawn -q --boot -D "$root" -M "$name" \
        "${registered[@]}" --private-network --console=pipe \
        systemd.unit=check-service.service </dev/null >"$root/debs/boot.log" 2>&1
}

check_booted() {
    local version start rc=0
    version=$(dpkg-deb -f "${packages[0]}" Version)
    command -v systemd-nspawn >/dev/null || {
        say "systemd-nspawn is not installed: the service is not tried"
        return
    }
    install_all "${booted[@]}"
    install_all "/debs/$version/*.deb"
    start=$SECONDS
    boot "$version" || rc=$?
    if [ "$rc" -eq 0 ]; then
        grep '^check-service:' "$root/debs/service.log"
        say "booted, and the service tried ($((SECONDS - start)) s)"
    elif [ "$rc" -eq 77 ]; then
        say "systemd cannot confine a service here, so it is not tried:" \
            "$(tail -n 1 "$root/debs/service.log")"
    elif [ -s "$root/debs/service.log" ]; then
        tail -n 80 "$root/debs/service.log"
        fail "the service does not behave under systemd"
    else
        say "no system can be booted here, so the service is not tried:" \
            "$(tail -n 1 "$root/debs/boot.log")"
    fi
    # shellcheck disable=SC2016 # for the inner shell
    inside sh -c 'dpkg -P $(dpkg-query -W -f "\${Package}\n" "*ibkr-agent*")' >/dev/null
}

# rpm ARGUMENT...: on a system of dpkg's, which has what they need
rpm_there() {
    rpm --root "$root" --force-debian --nodeps "$@" >"$root/rpm.log" 2>&1 || {
        cat "$root/rpm.log"
        fail "rpm $1 failed"
    }
}

rpms_system() {
    local names
    files >"$root/debs/before-rpms"
    names=$(rpm -qp --qf '%{name}\n' "${packages[@]}" 2>/dev/null)
    rpm_there -i "${packages[@]}"
    as alice ibkr-agent plugins show writer-client-portal >/dev/null
    demonstrations
    # shellcheck disable=SC2086 # names of packages
    rpm_there -e $names
    rm -f "$root/rpm.log"
    # folders that RPM's own distributions have stay
    files | comm -13 "$root/debs/before-rpms" - |
        while read -r path; do
            [ -d "$root/$path" ] || echo "$path"
        done | grep . &&
        fail "the removal of the RPM packages has left these behind"
    say "RPM packages installed, tried, removed without residue"
}

rpms_unpacked() {
    local file top=$root/rpms
    mkdir "$top"
    for file in "${packages[@]}"; do
        rpm2archive - <"$file" | tar -xz -C "$top"
    done
    file=$(cd "$top" && find . -name plugins-1)
    try_unpacked "$top" "$file"
}

case $command in
prepare)
    prepare
    ;;
check)
    if [ -d "$root/etc" ]; then
        check_system
        check_booted
    else
        check_unpacked
    fi
    ;;
rpms)
    if [ -d "$root/debs" ]; then
        rpms_system
    else
        rpms_unpacked
    fi
    ;;
esac
