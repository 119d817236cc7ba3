#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# check-service.sh USER: the units under a systemd that runs, in a new system
# that has the packages and a configuration with a file for its secret.  What
# ibkr-agent.service(8) says is tried, as the service of the system and as that
# of USER.  fresh-root.sh boots such a system and runs this in it.  Ends with 77
# where no service can be confined.
set -euo pipefail
user=$1
socket=/run/ibkr-agent/daemon.sock
config=/etc/ibkr-agent/ibkr-agent.yaml
dropins=/run/systemd/system/ibkr-agent.service.d

say() {
    echo "check-service: $*"
}

fail() {
    say "$*"
    journalctl --no-pager -n 40 || true
    # 200 to 243: systemd could not give the unit what it asks for
    [[ $(systemctl show -P ExecMainStatus ibkr-agent.service) != 2[0-4][0-9] ]] ||
        exit 77
    exit 1
}

# as USER COMMAND...
as() {
    local user=$1 home
    shift
    home=$(getent passwd "$user" | cut -d: -f6)
    setpriv --reuid="$user" --regid="$user" --init-groups env HOME="$home" \
        USER="$user" XDG_RUNTIME_DIR="/run/user/$(id -u "$user")" \
        timeout 60 "$@"
}

# is UNIT NAME VALUE: a property of the service, within a minute; UNIT is
# empty or --user
is() {
    local seen='' i
    for ((i = 0; i < 300; i++)); do
        if [ "$1" = --user ]; then
            seen=$(as "$user" systemctl --user show -P "$2" ibkr-agent.service)
        else
            seen=$(systemctl show -P "$2" ibkr-agent.service)
        fi
        [ "$seen" != "$3" ] || return 0
        sleep 0.2
    done
    fail "$2 of the service is '$seen', not '$3'"
}

answers() {
    as "$1" ibkr-agent --via "$2" accounts list >/dev/null ||
        fail "$1 gets no answer at $2"
}

configure() {
    # booting has given this system a name of its own: a copy, to the store
    as ibkr-agent ibkr-agent --config $config store adopt \
        --reason "the system was booted" >/dev/null ||
        fail "the store is not adopted"
    install -d -m 700 /etc/credstore
    mv /etc/ibkr-agent/audit-hmac-secret \
        /etc/credstore/ibkr-agent.audit-hmac-secret
    chown root: /etc/credstore/ibkr-agent.audit-hmac-secret
    sed -i '/hmac_secret_file/d' $config
    cat >>$config <<END
daemon:
  principals:
    $user:
      kind: operator
      users: [$user]
      scopes: [ibkr:health:read, ibkr:accounts:read, ibkr:audit:read]
END
    usermod -aG ibkr-agent-clients "$user"
}

places() {
    [ "$(stat -c '%n %U:%G %a' /etc/ibkr-agent /var/lib/ibkr-agent \
        /run/ibkr-agent $socket)" = "/etc/ibkr-agent root:ibkr-agent 750
/var/lib/ibkr-agent ibkr-agent:ibkr-agent 700
/run/ibkr-agent ibkr-agent:ibkr-agent 755
$socket ibkr-agent:ibkr-agent-clients 660" ] || {
        ls -ld /etc/ibkr-agent /var/lib/ibkr-agent /run/ibkr-agent $socket
        fail "the places have other owners or modes"
    }
}

started() {
    systemctl enable --now ibkr-agent.socket ibkr-agent.service 2>&1
    is '' ActiveState active
    places
    answers "$user" $socket
    ! as nobody ibkr-agent --via $socket accounts list >/dev/null 2>&1 ||
        fail "who is not in the group comes to the socket"
    as "$user" ibkr-agent --via $socket audit verify >/dev/null ||
        fail "the record of before does not hold with the credential"
    say "active once ready, with the credential; its group comes in, others not"
}

confined() {
    local pid status
    pid=$(systemctl show -P MainPID ibkr-agent.service)
    status=$(grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$pid/status")
    [ "$(tr -d ' \t\n' <<<"$status")" = \
        "CapEff:0000000000000000CapBnd:0000000000000000NoNewPrivs:1Seccomp:2" ] ||
        fail "it may do more than it should: $status"
    systemctl reload ibkr-agent.service
    is '' MainPID "$pid"
    is '' ActiveState active
    systemd-analyze security --no-pager --threshold=15 ibkr-agent.service |
        tail -n 1 || fail "the service is more exposed than it may be"
}

# stopped and called: UNIT SOCKET
activated() {
    local ctl=(systemctl)
    [ -z "$1" ] || ctl=(as "$user" systemctl --user)
    "${ctl[@]}" stop ibkr-agent.service 2>&1
    is "$1" ActiveState inactive
    is "$1" Result success
    is "$1" ExecMainStatus 0
    answers "$user" "$2"
    is "$1" ActiveState active
    say "stopped with 0, and started by a call at $2"
}

watched() {
    mkdir -p $dropins
    printf '[Service]\nWatchdogSec=3s\nRestartSec=100ms\n' >$dropins/watch.conf
    systemctl daemon-reload
    systemctl restart ibkr-agent.service
    kill -STOP "$(systemctl show -P MainPID ibkr-agent.service)"
    is '' NRestarts 1
    is '' ActiveState active
    answers "$user" $socket
    rm -r $dropins
    systemctl daemon-reload
    say "stood still, was killed by the watchdog, and is there again"
}

upgraded() {
    local before
    before=$(systemctl show -P MainPID ibkr-agent.service)
    dpkg -i "$@" >/dev/null
    is '' ActiveState active
    [ "$(systemctl show -P MainPID ibkr-agent.service)" != "$before" ] ||
        fail "an upgrade leaves the old program running"
    answers "$user" $socket
    say "an upgrade restarts it"
}

misconfigured() {
    echo "no_such_key: 1" >>$config
    ! systemctl restart ibkr-agent.service 2>/dev/null ||
        fail "it starts with a wrong configuration"
    is '' ActiveState failed
    is '' ExecMainStatus 7
    is '' NRestarts 0
    sed -i '/no_such_key/d' $config
    systemctl stop ibkr-agent.socket
    say "a wrong configuration ends with 7 and is not tried again"
}

of_one_user() {
    local own
    own=/run/user/$(id -u "$user")/ibkr-agent/daemon.sock
    systemctl start "user@$(id -u "$user").service"
    # shellcheck disable=SC2016 # for the user's shell
    as "$user" sh -euc '
        umask 077
        mkdir -p ~/.config/ibkr-agent
        cd ~/.config/ibkr-agent
        head -c 48 /dev/urandom | base64 >audit-hmac-secret
        cat >ibkr-agent.yaml <<END
broker: {backend: fake}
auth: {enabled_scopes: [ibkr:health:read, ibkr:accounts:read]}
audit:
  path: $HOME/user-store
  hmac_secret_file: $HOME/.config/ibkr-agent/audit-hmac-secret
daemon:
  socket: $1
  principals:
    me:
      kind: operator
      users: [$USER]
      scopes: [ibkr:health:read, ibkr:accounts:read]
END' - "$own"
    as "$user" systemctl --user enable --now ibkr-agent.socket \
        ibkr-agent.service 2>&1
    is --user ActiveState active
    activated --user "$own"
}

configure
started
confined
activated '' $socket
watched
upgraded "${@:2}"
misconfigured
of_one_user
say "all is well"
