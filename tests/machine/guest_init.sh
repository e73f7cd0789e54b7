#!/bin/sh
# The machine scan's guest: starts nacre and its commands as the host says, a line a command on the
# second serial line. It sees no text and no passphrase: those go from the line straight to nacre.
#
# Kernel argument: nacre.port, of Signal's test server on the host.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/guest XDG_RUNTIME_DIR=/run/user/0
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /dev/shm /tmp /guest /run/user/0
chmod 700 /run/user/0
exec </dev/null >/dev/ttyS0 2>&1
for module in virtio_pci virtio_net; do modprobe "$module"; done
ip link set lo up
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
stty -F /dev/ttyS1 raw -echo -echoe -echok
stty -F /dev/ttyS2 raw -echo -echoe -echok
port=$(sed 's/.*nacre.port=\([0-9]*\).*/\1/' /proc/cmdline)
socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" TCP:10.0.2.100:443 &
exec 3<>/dev/ttyS1
echo ready >&3
while read -r line <&3; do
    case $line in
    file\ *) line=${line#file }; printf %s "${line#* }" | base64 -d >"${line%% *}" ;;
    daemon) /nacre/nacred --config /guest/nacre.toml & ;;
    # Eight bytes a page of 2 GiB of memory.
    flags) head -c 4194304 /proc/kpageflags >/dev/ttyS2 ;;
    # The passphrase is the next line: read by nacre itself, a byte a call.
    secret\ *) eval "/nacre/nacre ${line#secret } --passphrase-fd 3" >/dev/null ;;
    show\ *) eval "${line#show }" >&3 2>/dev/ttyS0 ;;
    run\ *) eval "${line#run }" >/dev/null ;;
    esac
    echo "done $?" >&3
done
