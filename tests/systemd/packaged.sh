# Runs as root in the machine that `boot` has booted, three times: /out/nacre.deb is installed, used under
# its real units, upgraded, removed and purged. Each check prints one line.
. "$(dirname "$0")/checks.sh"
export DEBIAN_FRONTEND=noninteractive
boot=$(cat /out/boot 2>/dev/null || echo 1)
echo $((boot + 1)) >/out/boot

as() { runuser -u "$1" -- env HOME="/home/$1" XDG_RUNTIME_DIR="/run/user/$(id -u "$1")" "${@:2}"; }
ada() { as ada nacre --system "$@"; }
ada_at_work() { as ada nacre --system --instance work "$@"; }
eve() { as eve nacre --system "$@"; }
main_pid() { systemctl show -P MainPID "$1"; }
property() { [ "$(systemctl show -P "$2" "$1")" = "$3" ]; }
new_pid() { local pid; pid=$(main_pid "$1"); [ "$pid" != 0 ] && [ "$pid" != "$2" ]; }
active() { systemctl -q is-active "$@"; }
lock_renews() {
    local pid
    pid=$(main_pid nacre-vault.service)
    ada lock >/dev/null && eventually new_pid nacre-vault.service "$pid" && eventually status_is ada locked
}
end_boot() {
    [ "$1" = last ] || touch /out/again
    systemctl poweroff --no-block
    exit 0
}

if [ "$boot" = 1 ]; then
# --- Installed.
installs() {
    dpkg -i /out/nacre.deb >/out/dpkg 2>&1 || { cat /out/dpkg; return 1; }
    active nacre-vault.service nacre-courier.service && ! active nacre-sentry.service
}
check "the package installs; vault and courier run" installs
says_none() { eventually property nacre-vault.service StatusText "There is no vault yet"; }
check "systemctl status says that there is no vault" says_none
useradd -m -s /bin/bash ada
useradd -m -s /bin/bash eve
home=$(getent passwd ada | cut -d: -f6)
adduser -q ada nacre
printf '[vault]\nkdf_target_ms = 50\n' >>/etc/nacre/default.toml
systemctl restart nacre-vault.service
makes_vault() {
    echo "$passphrase" | ada init --passphrase-fd 0 >/dev/null && status_is ada unlocked &&
        property nacre-vault.service StatusText "The vault is open"
}
check "a user of the group makes a vault" makes_vault
refuses() {
    ! as eve test -w /run/nacre/api.sock && ! eve status >/dev/null 2>&1 && ! as eve test -r /var/lib/nacre/vault
}
check "a user outside the group is refused by the socket's mode" refuses
separate() {
    [ "$(stat -c %U:%a /var/lib/nacre/vault)" = nacre-vault:700 ] &&
        [ "$(stat -c %U:%a /var/lib/nacre-courier)" = nacre-courier:700 ] &&
        ! runuser -u nacre-courier -- test -r /var/lib/nacre/vault
}
check "vault and courier are users of their own" separate

# --- Locks, restarts, activation.
often() { local n; for n in 1 2 3 4 5 6 7 8; do unlock ada && lock_renews || return 1; done; }
check "a lock restarts the service locked, eight times in a row" often
says_locked() { property nacre-vault.service StatusText "The vault is locked"; }
check "systemctl status says that it is locked" says_locked
activates() {
    systemctl stop nacre-vault.service 2>/dev/null && ! active nacre-vault.service && active nacre-vault-api.socket &&
        status_is ada locked && active nacre-vault.service
}
check "a call starts the vault: socket activation" activates
crash_loop() {
    local n pid
    unlock ada || return 1
    for n in 1 2 3 4 5 6 7 8 9 10; do
        pid=$(main_pid nacre-vault.service)
        kill -SEGV "$pid"
        eventually new_pid nacre-vault.service "$pid" || return 1
    done
    eventually status_is ada locked
}
check "ten crashes in a row: it comes back, locked" crash_loop
watchdog() {
    local unit=$1 pid
    install -d "/run/systemd/system/$unit.d"
    printf '[Service]\nWatchdogSec=2s\n' >"/run/systemd/system/$unit.d/watchdog.conf"
    systemctl daemon-reload
    systemctl restart "$unit"
    pid=$(main_pid "$unit")
    # It lives on for several intervals, and not when its loop hangs.
    sleep 5
    [ "$(main_pid "$unit")" = "$pid" ] || return 1
    kill -STOP "$pid"
    eventually new_pid "$unit" "$pid" && journalctl -b -u "$unit" -o cat | grep -q 'Watchdog timeout' || return 1
    rm -r "/run/systemd/system/$unit.d"
    systemctl daemon-reload
    systemctl restart "$unit"
}
check "the watchdog ends a vault that hangs" watchdog nacre-vault.service
check "the watchdog ends a courier that hangs" watchdog nacre-courier.service
# What is to be hidden is there for everybody else, and the search in the service's own view does run.
hidden() {
    local pid
    pid=$(main_pid "$1")
    [ -S /run/dbus/system_bus_socket ] && [ -e /run/user/planted ] || return 1
    [ "$(nsenter -t "$pid" -m find /run/dbus /run/user 2>&1)" = $'/run/dbus\n/run/user' ] || return 1
    grep -q '^CapBnd:.0*$' "/proc/$pid/status" && grep -q '^Seccomp:.2' "/proc/$pid/status"
}
mkdir -p /run/user/planted
check "the vault sees no bus and no users' sockets, and has no capability" hidden nacre-vault.service
check "nor does the courier, nor has it one" hidden nacre-courier.service
rmdir /run/user/planted
only_loopback() { [ "$(nsenter -t "$(main_pid "$1")" -n ip -o link | cut -d ' ' -f 2)" = lo: ]; }
check "the vault sees no network" only_loopback nacre-vault.service

# --- A credential opens it.
makes_credential() {
    unlock ada && echo "$passphrase" | ada slot add --credential $home/secret --passphrase-fd 0 >/dev/null &&
        install -d -m 700 /etc/credstore.encrypted &&
        systemd-creds encrypt --name=nacre.unlock $home/secret /etc/credstore.encrypted/nacre.unlock 2>/dev/null &&
        rm $home/secret && systemctl restart nacre-vault.service && eventually status_is ada unlocked
}
check "a credential opens the vault at the start" makes_credential
stays_locked() {
    lock_renews && systemctl restart nacre-vault.service && eventually status_is ada locked && sleep 1 && status_is ada locked
}
check "locked on purpose it stays locked over a restart" stays_locked

# --- A further account, by the template.
second_account() {
    nacre --system --instance work service install >/out/service && adduser -q ada nacre-work &&
        grep -q '^started nacre-vault@work.service$' /out/service &&
        printf '[vault]\nkdf_target_ms = 50\n' >>/etc/nacre/work.toml && systemctl restart nacre-vault@work.service &&
        echo "$passphrase" | ada_at_work init --passphrase-fd 0 >/dev/null && status_is ada_at_work unlocked &&
        status_is ada locked
}
check "nacre service install sets up a further account" second_account
again() {
    nacre --system --instance work service install >/out/service && ! grep -E '^(made|enabled|started) ' /out/service &&
        status_is ada_at_work unlocked
}
check "a second install changes nothing and says so" again
apart() {
    [ "$(ps -o user:32= -p "$(main_pid nacre-vault@work.service)")" = nacre-vault-work ] &&
        ! runuser -u nacre-vault-work -- test -r /var/lib/nacre/vault && ! runuser -u nacre-vault -- test -r /var/lib/nacre@work/vault &&
        [ "$(systemctl show -P StatusText nacre-vault@work.service)" = "The vault is open" ]
}
check "the accounts are users of their own and do not see each other" apart
uninstalls() {
    nacre --system --instance work service uninstall >/out/service && ! active nacre-vault@work.service nacre-vault-api@work.socket &&
        [ -e /var/lib/nacre@work/vault/vault.header ] && nacre --system --instance work service uninstall >/dev/null
}
check "nacre service uninstall stops it and leaves the vault" uninstalls

# --- One user's own.
loginctl enable-linger ada
has_manager() { [ -S "/run/user/$(id -u ada)/systemd/private" ]; }
eventually has_manager
ada_own() { as ada nacre "$@"; }
user_unit() {
    as ada mkdir -p $home/.config/nacre && printf '[vault]\nkdf_target_ms = 50\n' | as ada tee $home/.config/nacre/default.toml >/dev/null
    ada_own service install >/out/service && grep -q '^started nacred.service$' /out/service &&
        echo "$passphrase" | ada_own init --passphrase-fd 0 >/dev/null && status_is ada_own unlocked &&
        ada_own service status | grep -q 'nacred.service: enabled, active: The vault and its courier are running'
}
check "nacre service install sets up a user's own" user_unit
user_unit_ends() {
    ada_own service uninstall >/out/service && grep -q '^stopped nacred.service$' /out/service && ! ada_own status >/dev/null 2>&1
}
check "and uninstall ends it" user_unit_ends
# What locks it on purpose is forgotten with the next unlock: the credential may open it then.
unlock ada
nacre --system --instance work service install >/dev/null
systemctl -q enable --now nacre-sentry.service
end_boot more

elif [ "$boot" = 2 ]; then
# --- The machine has started anew.
check "after a reboot the services run, and the credential opens the vault" eventually status_is ada unlocked
rm /etc/credstore.encrypted/nacre.unlock
systemctl restart nacre-vault.service
for unit in nacre-sentry nacre-vault@work nacre-courier@work; do main_pid $unit.service >/out/pid-$unit; done
upgrades() {
    unlock ada && unlock ada_at_work && dpkg -i /out/nacre.deb >/out/dpkg 2>&1 && eventually status_is ada locked && unlock ada
}
check "an upgrade in place: the vault is there, locked, and opens" upgrades
anew() { new_pid "$1.service" "$(cat "/out/pid-$1")" && active "$1.service"; }
check "and a sentry that was enabled runs on, anew" anew nacre-sentry
work_anew() {
    anew nacre-vault@work && anew nacre-courier@work && eventually status_is ada_at_work locked && unlock ada_at_work
}
check "and a further account's services run on, anew, its vault locked" work_anew
end_boot more

else
check "after a reboot without a credential the vault is locked" eventually status_is ada locked
removes() {
    dpkg -r nacre >/out/dpkg 2>&1 && ! active nacre-vault.service nacre-courier.service nacre-vault-api.socket &&
        ! active nacre-sentry.service nacre-vault@work.service nacre-courier@work.service nacre-vault-api@work.socket &&
        ! pgrep -x 'nacre-(vaultd|courier|sentry)' >/dev/null && [ -e /var/lib/nacre@work/vault/vault.header ] &&
        [ ! -e /usr/libexec/nacre ] && [ ! -e /usr/lib/nacre ] && [ -e /var/lib/nacre/vault/vault.header ]
}
check "removal stops everything and leaves the vaults" removes
returns() { dpkg -i /out/nacre.deb >/out/dpkg 2>&1 && eventually status_is ada locked && unlock ada; }
check "installed again, the same vault opens" returns
work_returns() { eventually status_is ada_at_work locked && unlock ada_at_work && active nacre-sentry.service; }
check "and a further account's, and the sentry is there" work_returns
# Configuration, users and links of the further account too.
purged() {
    [ ! -e /etc/nacre ] && [ ! -e /etc/sysusers.d/nacre-work.conf ] &&
        ! find /etc/systemd/system -type l -name 'nacre-*' | grep . >/out/left
}
vaults() { ls -d /var/lib/nacre /var/lib/nacre-courier /var/lib/nacre@work /var/lib/nacre-courier@work 2>/dev/null | wc -l; }
purge_keeps() { dpkg -P nacre >/out/dpkg 2>&1 && purged && [ "$(vaults)" = 4 ]; }
check "a purge that nobody answered keeps the vaults and nothing else" purge_keeps
# purge_answered ANSWER VAULTS: at a terminal.
purge_answered() {
    dpkg -i /out/nacre.deb >/out/dpkg 2>&1 && echo "$1" | DEBIAN_FRONTEND=teletype dpkg -P nacre >/out/dpkg 2>&1 &&
        grep -q "Remove the vaults of this machine's nacre service" /out/dpkg && [ "$(vaults)" = "$2" ]
}
check "a purge asks, and keeps them when told no" purge_answered no 4
check "and removes them when told yes" purge_answered yes 0
end_boot last
fi
