#!/usr/bin/env bash
# Makes what the machine scan boots: Debian's cloud kernel, and a minimal Debian root with the built
# programs and their libraries as an initial RAM disk. Needs root and the Debian registry.
#
#   make_root.sh BUILD OUT     BUILD: build/release; OUT gets kernel and root.cpio
set -euo pipefail
build=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2"
out=$(realpath "$2")
programs=("$build"/bin/{nacre,nacred,nacre-vaultd,nacre-courier})
addon=$(cd "$here/../.." && pwd)/daemon/libsignal/node_modules/@signalapp/libsignal-client
addon=$addon/prebuilds/linux-x64/@signalapp+libsignal-client.node
suite=$(. /etc/os-release && printf %s "$VERSION_CODENAME")

# Once. Unpacked only: what runs in there needs no configuring.
make_base() {
    [ ! -s "$out/base.tar" ] || return 0
    mmdebstrap --quiet --variant=extract \
        --include=base-files,dash,coreutils,sed,mount,libc-bin,socat,iproute2,kmod "$suite" "$out/base.new.tar"
    mv "$out/base.new.tar" "$out/base.tar"
}

# What the programs load, from here: the same Debian.
libraries() {
    ldd "${programs[@]}" "$addon" | sed -nE 's/.* => (\/[^ ]+) .*/\1/p' | sort -u
}

fetch_kernel() {
    [ ! -e "$out/kernel" ] || return 0
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^  Depends: //p' | head -n1)
    (cd "$out" && apt-get -q download "$package" && dpkg-deb -x "$package"_*.deb unpacked)
    cp "$out"/unpacked/boot/vmlinuz-* "$out/kernel"
}

make_base
fetch_kernel
root=$out/root
rm -rf "$root"
mkdir "$root"
tar -C "$root" -xf "$out/base.tar" --exclude='./dev/*'
for file in "${programs[@]}" "$addon" $(libraries); do install -D "$file" "$root/$file"; done
ln -s "$build/bin" "$root/nacre"
[ -e "$root/bin/sh" ] || ln -s dash "$root/bin/sh"
echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
version=$(basename "$out"/unpacked/lib/modules/*)
for module in drivers/virtio drivers/net/virtio_net.ko drivers/net/net_failover.ko net/core/failover.ko; do
    target=$root/lib/modules/$version/kernel/$module
    mkdir -p "$(dirname "$target")"
    cp -r "$out/unpacked/lib/modules/$version/kernel/$module" "$target"
done
cp "$out/unpacked/lib/modules/$version"/modules.{order,builtin}* "$root/lib/modules/$version/"
depmod -b "$root" "$version"
install "$here/guest_init.sh" "$root/init"
(cd "$root" && find . -print0 | cpio --quiet -0 -o -H newc >"$out/root.cpio")
rm -rf "$root"
