# What the scripts in the booted machine share. Sourced, not run.
# shellcheck shell=bash
set -uo pipefail
export LC_ALL=C.UTF-8
passphrase="seven is fine, and eight is better"

# Waits up to half a minute for a condition.
eventually() {
    local n
    for n in $(seq 300); do "$@" && return 0; sleep 0.1; done
    return 1
}

# check "what" COMMAND…: the rest of the run goes on whatever comes out.
check() {
    local what=$1
    shift
    if "$@"; then echo "ok - $what"; else
        echo "not ok - $what"
        journalctl -b --no-pager -n 200 -o cat | grep -v '^pam_unix' | tail -n 25
    fi
}

# status_is COMMAND STATE, unlock COMMAND: COMMAND runs nacre as somebody.
status_is() { local who=$1; "$who" --json status 2>/dev/null | grep -q "\"vault\":\"$2\""; }
unlock() { local who=$1; echo "$passphrase" | "$who" unlock --passphrase-fd 0 >/dev/null && status_is "$who" unlocked; }
