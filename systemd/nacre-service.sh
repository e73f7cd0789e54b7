#!/bin/sh
# What `nacre service` runs: nacre-service install|uninstall|status --user|--system INSTANCE
# Says each thing that it does, and what is so already; may be repeated. Removes nothing that the daemons
# wrote. nacre-service(1)
set -eu
umask 022
export LC_ALL=C
action=$1 kind=$2 instance=$3
here=$(cd "$(dirname "$0")" && pwd)

say() { printf '%s\n' "$*"; }
die() { printf 'nacre service: %s\n' "$*" >&2; exit 1; }

case $instance in
'' | *[!a-z0-9-]*) die "an instance is named with a-z, 0-9 and -" ;;
esac
if [ "$instance" = default ]; then at='' dash=''; else at=@$instance dash=-$instance; fi
if [ "$kind" = --system ]; then
    manager='systemctl'
    # User names have 32 characters.
    [ "${#instance}" -le 18 ] || die "the machine's instances have names of at most 18 characters"
    # The order in which they are started; the last one only if it is wanted.
    sockets="nacre-vault-api$at.socket nacre-vault-secret$at.socket nacre-vault-lock$at.socket nacre-vault-link$at.socket"
    services="nacre-vault$at.service nacre-courier$at.service"
    optional="nacre-sentry$at.service"
    folders='/etc/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system'
    template=nacre-vault${at:+@}.service
else
    manager='systemctl --user'
    sockets='' optional=''
    services="nacred$at.service"
    own=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
    folders="$own /etc/systemd/user /usr/local/lib/systemd/user /usr/lib/systemd/user /lib/systemd/user"
    template=nacred${at:+@}.service
fi
# The first line of what this script writes, so that it removes nothing else.
mark='# Written by nacre service'

is() { [ "$($manager "is-$1" "$2" 2>/dev/null)" = "$3" ]; }

unit_file() {
    for folder in $folders; do
        [ ! -e "$folder/$template" ] || { printf '%s\n' "$folder/$template"; return; }
    done
}

# make FILE: standard input becomes the file, unless it is there.
make() {
    if [ -e "$1" ]; then say "$1 is there"; return; fi
    mkdir -p "$(dirname "$1")"
    { printf '%s\n' "$mark"; cat; } >"$1"
    say "made $1"
}

# remove FILE: if this script made it.
remove() {
    [ -e "$1" ] || return 0
    if [ "$(head -n 1 "$1")" = "$mark" ]; then rm -f "$1"; say "removed $1"; else say "left $1"; fi
}

# From a build that is not installed, the user's unit is written with the build's own programs.
write_user_unit() {
    from=$here/../systemd/units/user/$template
    [ -f "$from" ] || die "$template is nowhere: is nacre installed?"
    sed "s|^ExecStart=[^ ]*/nacred|ExecStart=$here/nacred|" "$from" | make "$own/$template"
}

users_file=/etc/sysusers.d/nacre$dash.conf
make_users() {
    [ -z "$at" ] || make "$users_file" <<USERS
g nacre$dash -
u nacre-vault$dash - "nacre vault" /var/lib/nacre$at
u nacre-courier$dash - "nacre courier" /var/lib/nacre-courier$at
u nacre-sentry$dash - "nacre sentry"
USERS
    if getent passwd "nacre-vault$dash" >/dev/null && getent group "nacre$dash" >/dev/null; then
        say "the users nacre-vault$dash, nacre-courier$dash and nacre-sentry$dash are there"
    else
        systemd-sysusers
        say "made the users nacre-vault$dash, nacre-courier$dash and nacre-sentry$dash, and the group nacre$dash"
    fi
}

make_configuration() {
    make "/etc/nacre/$instance.toml" <<TOML
# Every key is in nacre.toml(5).
[api]
# Who may use the API: adduser NAME nacre$dash
allowed_groups = ["nacre$dash"]

[courier]
link_socket = "/run/nacre$at/link.sock"

[link]
allowed_users = ["nacre-courier$dash"]

[lock]
# When it locks by itself: add what nacre.toml(5) has, and enable nacre-sentry$at.service.
allowed_users = ["nacre-sentry$dash"]
TOML
}

bring_up() {
    for unit in $sockets $services; do
        if is enabled "$unit" enabled; then say "$unit is enabled"; else
            $manager -q enable "$unit"
            say "enabled $unit"
        fi
    done
    for unit in $sockets $services; do
        if is active "$unit" active; then say "$unit runs"; else
            $manager start "$unit"
            say "started $unit"
        fi
    done
}

take_down() {
    for unit in $optional $services $sockets; do
        if is active "$unit" active || is active "$unit" activating; then
            $manager stop "$unit"
            say "stopped $unit"
        fi
        if is enabled "$unit" enabled; then
            $manager -q disable "$unit"
            say "disabled $unit"
        else say "$unit is not enabled"; fi
    done
}

show() {
    file=$(unit_file)
    [ -n "$file" ] || { say "not installed"; return; }
    say "unit file: $file"
    for unit in $sockets $services $optional; do
        said=$($manager show -P StatusText "$unit" 2>/dev/null || true)
        say "$unit: $($manager is-enabled "$unit" 2>/dev/null || true), $($manager is-active "$unit" 2>/dev/null || true)${said:+: $said}"
    done
}

root() { [ "$kind" = --user ] || [ "$(id -u)" = 0 ] || die "the machine's services are root's: run this as root"; }

case $action in
install)
    root
    if [ -n "$(unit_file)" ]; then say "$(unit_file) is there"
    elif [ "$kind" = --user ]; then write_user_unit
    else die "$template is nowhere: install nacre's package first"; fi
    if [ "$kind" = --system ]; then
        make_users
        make_configuration
    fi
    $manager daemon-reload
    bring_up
    if [ "$kind" = --system ]; then
        say "whoever is in the group nacre$dash may use it: nacre --system${at:+ --instance $instance} init"
    elif [ "$(loginctl show-user "$(id -un)" -P Linger 2>/dev/null)" != yes ]; then
        say "it ends with this user's last session; 'loginctl enable-linger' lets it go on"
    fi ;;
uninstall)
    root
    take_down
    if [ "$kind" = --user ]; then remove "$own/$template"
        say "left what it wrote: ${XDG_STATE_HOME:-$HOME/.local/state}/nacre/$instance"
    else
        [ -z "$at" ] || remove "$users_file"
        say "left what it wrote: /etc/nacre/$instance.toml, /var/lib/nacre$at, /var/lib/nacre-courier$at"
    fi
    $manager daemon-reload ;;
status) show ;;
*) die "install, uninstall or status" ;;
esac
