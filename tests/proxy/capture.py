#!/usr/bin/env python3
"""Prints what this network namespace sends, a line a packet, on any interface: interface, protocol,
and where to. A line on standard input makes it send a datagram and print the line when it has seen
that: what was sent before has been printed then. At the end of the input it says whether the kernel
dropped anything.

    nacre-in tcp 192.0.2.1 1080 syn
    lo udp 127.0.0.1 53
    nacre-in arp
"""
import os
import select
import socket
import struct
import sys

ALL_PROTOCOLS = 3
OUTGOING = 4
SO_RCVBUFFORCE = 33
SOL_PACKET = 263
PACKET_STATISTICS = 6
MARK_PORT = 9
HEADER = 14  # Ethernet; the loopback interface has one, too
NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}


def transport(protocol, address, body):
    name = NAMES.get(protocol, f"ip-{protocol}")
    if protocol in (6, 17):
        port = struct.unpack_from("!H", body, 2)[0]
        syn = " syn" if protocol == 6 and body[13] & 0x12 == 0x02 else ""
        return f"{name} {address} {port}{syn}"
    return f"{name} {address} {body[0] if body else ''}"


def describe(frame):
    kind = struct.unpack_from("!H", frame, 12)[0]
    packet = frame[HEADER:]
    if kind == 0x0806:
        return "arp"
    if kind == 0x0800:
        length = (packet[0] & 15) * 4
        return transport(packet[9], socket.inet_ntop(socket.AF_INET, packet[16:20]), packet[length:])
    if kind == 0x86DD:
        following, body = packet[6], packet[40:]
        if following == 0:  # hop by hop
            following, body = body[0], body[(body[1] + 1) * 8:]
        return transport(following, socket.inet_ntop(socket.AF_INET6, packet[24:40]), body)
    return f"ethernet {kind:#06x}"


def main():
    mark_host = sys.argv[1]
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    marker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    print("ready", flush=True)
    rest = b""
    while True:
        ready, _, _ = select.select([packets, sys.stdin], [], [])
        if packets in ready:
            frame, (interface, _, direction, *_) = packets.recvfrom(65536)
            if direction == OUTGOING:
                what = describe(frame)
                mark = what == f"udp {mark_host} {MARK_PORT}"
                print(frame[HEADER + 28:].decode() if mark else f"{interface} {what}", flush=True)
        elif sys.stdin in ready:
            read = os.read(sys.stdin.fileno(), 4096)
            if not read:
                break
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                marker.sendto(line, (mark_host, MARK_PORT))
    seen, dropped = struct.unpack("II", packets.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    print(f"dropped {dropped}", flush=True)


main()
