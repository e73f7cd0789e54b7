# Runs as root in the machine that `boot` has booted: a real logind, real sessions, real units. Each
# check prints one line; the last one is printed by what runs when the machine goes down.
. "$(dirname "$0")/checks.sh"

# --- A user with a session, and nacre as that user's service.
useradd -m -s /bin/bash vera
uid=$(id -u vera)
home=$(getent passwd vera | cut -d: -f6)
as_vera() {
    runuser -u vera -- env XDG_RUNTIME_DIR="/run/user/$uid" HOME="$home" \
        DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"
}
install -d -o vera -g vera "$home/.config" "$home/.config/nacre"
cat >"$home/.config/nacre/default.toml" <<'CONFIG'
[vault]
kdf_target_ms = 50
[lock]
session = 0
screen_saver = 0
sleep = 0
shutdown = true
CONFIG
chown vera: "$home/.config/nacre/default.toml"
# Sleep and shutdown may be held for long here, so that a slow machine does not decide.
install -d /etc/systemd/logind.conf.d
printf '[Login]\nInhibitDelayMaxSec=60\n' >/etc/systemd/logind.conf.d/nacre.conf
# The container has no /sys/power: logind is to find that this machine can sleep.
mount -o remount,rw /sys
mkdir -p /sys/power /run/nacre-test
echo mem >/sys/power/state
systemctl restart systemd-logind
# Newer logind takes one without a terminal for a background job, which has no lock.
systemd-run -q --unit=vera-session -p PAMName=su-l -p User=vera -E XDG_SESSION_CLASS=user sleep infinity
# Not the one that newer logind gives the user's manager.
session_of_vera() {
    local id
    for id in $(loginctl list-sessions --no-legend | awk -v uid="$uid" '$2 == uid { print $1 }'); do
        case $(loginctl show-session "$id" -p Class --value) in manager*) ;; *) echo "$id" ;; esac
    done | head -n1
}
has_session() { [ -n "$(session_of_vera)" ] && [ -S "/run/user/$uid/bus" ]; }
check "a session of logind's" eventually has_session
session=$(session_of_vera)
object=/org/freedesktop/login1/session/$(busctl call org.freedesktop.login1 /org/freedesktop/login1 \
    org.freedesktop.login1.Manager GetSession s "$session" | sed 's/.*session\/\(.*\)"/\1/')

nacre_user() { as_vera nacre "$@"; }
vault_pid() { pgrep -u "$1" -x nacre-vaultd | head -n1; }
inhibits() { systemd-inhibit --list --no-legend | grep nacre | grep "$1" | grep -q delay; }

start_user_mode() {
    as_vera systemctl --user start nacred &&
        echo "$passphrase" | nacre_user init --passphrase-fd 0 >/dev/null && status_is nacre_user unlocked
}
check "user mode: the service starts, a vault is made" start_user_mode
both_held() { inhibits sleep && inhibits shutdown; }
check "user mode: sleep and shutdown are inhibited for a delay" eventually both_held
says_when() { nacre_user status | grep '^locks' | grep 'with the session' | grep -q 'before sleep'; }
check "user mode: status says when it locks" says_when

lock_session() { loginctl lock-session "$session" && eventually status_is nacre_user locked; }
check "loginctl lock-session locks" lock_session
unlock nacre_user
loginctl unlock-session "$session"
check "loginctl lock-session locks again" lock_session
loginctl unlock-session "$session"

hint() { as_vera busctl call org.freedesktop.login1 "$object" org.freedesktop.login1.Session SetLockedHint b "$1"; }
locked_hint() { unlock nacre_user && hint true && eventually status_is nacre_user locked; }
check "LockedHint locks" locked_hint
hint false

saver_on() {
    unlock nacre_user && as_vera busctl --user emit /org/freedesktop/ScreenSaver \
        org.freedesktop.ScreenSaver ActiveChanged b true && eventually status_is nacre_user locked
}
check "the screen saver locks" saver_on

by_signal() {
    unlock nacre_user && as_vera systemctl --user kill -s USR1 --kill-who=main nacred &&
        eventually status_is nacre_user locked && as_vera systemctl --user -q is-active nacred
}
check "SIGUSR1 locks" by_signal

sentry_pid() { pgrep -u vera -x nacre-sentry; }
# logind may still list what the killed one held.
holds_both() { [ "$(systemd-inhibit --list --no-legend | grep -w "$1" | grep -c -e ' sleep ' -e ' shutdown ')" = 2 ]; }
another_holds() { local pid; pid=$(sentry_pid) && [ "$pid" != "$1" ] && holds_both "$pid"; }
sentry_again() {
    local before
    before=$(sentry_pid) && holds_both "$before" && kill -KILL "$before" &&
        eventually another_holds "$before" && unlock nacre_user && lock_session
}
check "a killed sentry comes back and goes on" sentry_again
loginctl unlock-session "$session"

# --- Sleep: logind and its order are real; what stands for the sleep itself is a script.
cat >/usr/libexec/nacre-booted/asleep.sh <<'SLEEP'
# Whether the process with the keys is gone by now.
if kill -0 "$(cat /run/nacre-test/pid)" 2>/dev/null; then echo open; else echo wiped; fi >/run/nacre-test/slept
SLEEP
install -d /etc/systemd/system/systemd-suspend.service.d
printf '[Service]\nExecStart=\nExecStart=/bin/sh /usr/libexec/nacre-booted/asleep.sh\n' \
    >/etc/systemd/system/systemd-suspend.service.d/nacre.conf
systemctl daemon-reload
go_to_sleep() {
    rm -f /run/nacre-test/slept
    vault_pid vera >/run/nacre-test/pid
    systemctl suspend
}
slept() { [ -s /run/nacre-test/slept ]; }
sleeps_wiped() { unlock nacre_user && go_to_sleep && eventually slept && grep -q wiped /run/nacre-test/slept; }
check "sleep comes after the wipe" sleeps_wiped
check "after waking up, sleep is inhibited again" eventually both_held
preparing() {
    busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager \
        "PreparingFor$1" | grep -q true
}
# A vaultd that does not get to locking: the machine waits for it.
sleep_is_held() {
    unlock nacre_user || return 1
    kill -STOP "$(vault_pid vera)"
    go_to_sleep
    eventually preparing Sleep && sleep 1 && preparing Sleep && ! slept || return 1
    kill -CONT "$(cat /run/nacre-test/pid)"
    eventually slept && grep -q wiped /run/nacre-test/slept
}
check "sleep is held back until the wipe" sleep_is_held
eventually both_held

# --- The system services, each as a user of its own.
systemd-sysusers
usermod -a -G nacre vera
cat >/etc/nacre/default.toml <<'CONFIG'
[vault]
kdf_target_ms = 50
[api]
allowed_users = ["vera"]
[link]
allowed_users = ["nacre-courier"]
[lock]
allowed_users = ["nacre-sentry"]
session = 0
sleep = 0
CONFIG
nacre_system() {
    runuser -u vera -- env HOME="$home" nacre --socket /run/nacre/api.sock \
        --token-file "$home/system.token" "$@"
}
start_system_mode() {
    systemctl start nacre-vault.service nacre-sentry.service &&
        echo "$passphrase" | nacre_system init --passphrase-fd 0 >/dev/null &&
        status_is nacre_system unlocked
}
check "system mode: the services start, a vault is made" start_system_mode
inhibits_too() { systemd-inhibit --list --no-legend | grep nacre-sentry | grep -q '  *sleep  *'; }
check "system mode: its sentry inhibits sleep as well" eventually inhibits_too
lock_session_system() { loginctl lock-session "$session" && eventually status_is nacre_system locked; }
check "system mode: the session of a user of the API locks" lock_session_system
loginctl unlock-session "$session"
may_not_lock() {
    ! runuser -u nacre-courier -- test -w /run/nacre/lock.sock &&
        ! runuser -u nobody -- test -w /run/nacre/lock.sock &&
        ! runuser -u nacre-sentry -- test -w /run/nacre/api.sock
}
check "system mode: only who may gets at the sockets" may_not_lock
idle_system() {
    sed -i 's/^\[lock\]/[lock]\nidle = 2/' /etc/nacre/default.toml
    # Not unlock(): by the time that its status is there, it may be locked again.
    systemctl restart nacre-vault.service &&
        echo "$passphrase" | nacre_system unlock --passphrase-fd 0 >/dev/null &&
        eventually status_is nacre_system locked
}
check "system mode: locks when idle" idle_system
systemctl stop nacre-sentry.service nacre-vault.service

# --- Shutdown, held back like sleep. What is stopped first when the machine goes down looks.
cat >/etc/systemd/system/nacre-last.service <<'UNIT'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sh -c 'if kill -0 "$(cat /run/nacre-test/pid)"; then echo "not ok - shutdown"; else echo "ok - shutdown comes after the wipe"; fi'
StandardOutput=append:/out/log
UNIT
systemctl daemon-reload
systemctl start nacre-last.service
shutdown_is_held() {
    unlock nacre_user || return 1
    vault_pid vera >/run/nacre-test/pid
    kill -STOP "$(cat /run/nacre-test/pid)"
    systemctl poweroff --no-block
    eventually preparing Shutdown && sleep 1 && preparing Shutdown || return 1
    ! systemctl list-jobs --no-legend | grep -q poweroff.target
}
check "shutdown is held back until the wipe" shutdown_is_held
kill -CONT "$(cat /run/nacre-test/pid)"
# Should the order never come.
sleep 20
systemctl poweroff --force
