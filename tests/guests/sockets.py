#!/usr/bin/env python3
"""wasi:sockets of WASI 0.2: components/net.c does what a script says, here stands what has to come of it; grants, audits,
recordings, waits that end. Loopback only. Usage: as components.py."""
import contextlib
import fnmatch
import json
import pathlib
import socket
import sys
import tempfile
import time

import components
import run
from components import Echo, attempt
from run import BUILD, check, status_of, tell, wasm

HAS_V6 = False
GUEST = None


def deeds_of(script):
    """Lines "deed > what it prints behind its name" (* and ? as in file names), or a deed of which nothing is printed."""
    deeds, wants = [], []
    for line in filter(str.strip, script.splitlines()):
        deed, arrow, want = line.strip().partition(" > ")
        deeds.append(deed if arrow else "-" + deed)
        if arrow:
            wants.append(f"{deed.split()[0]} {want}".strip())
    return deeds, wants


def play(name, script, grants=("all",), status=0, error=b"", options=()):
    deeds, wants = deeds_of(script)
    nets = [word for grant in grants for word in ("--net", grant)]
    done = wasm("--timeout", "60", *nets, *options, GUEST, *deeds)
    got = done.stdout.decode(errors="replace").splitlines()
    wrong = [f"{line!r} instead of {want!r}" for line, want in zip(got, wants) if not fnmatch.fnmatchcase(line.strip(), want)]
    check(name, not wrong and len(got) == len(wants) and status_of(done) == status and error in done.stderr,
          f"ended with {status_of(done)}: {wrong} {got[len(wants):]} {wants[len(got):]} {done.stderr}")
    return done


LOOPBACK = {4: "127.0.0.1", 6: "[0:0:0:0:0:0:0:1]"}
ANY = {4: "0.0.0.0", 6: "[0:0:0:0:0:0:0:0]"}
OTHER = {4: LOOPBACK[6], 6: LOOPBACK[4]}
RESERVED = {4: "192.0.2.1", 6: "[2001:db8:0:0:0:0:0:1]"}  # for documentation: nobody has it
MULTICAST = {4: "224.0.0.1", 6: "[ff02:0:0:0:0:0:0:1]"}


def pair(family):
    """Socket 1 is connected to 2, which 0 accepted."""
    here = LOOPBACK[family]
    return f"""
        tcp 0 {family}
        start-bind 0 {here}:0
        finish-bind 0
        start-listen 0
        finish-listen 0
        tcp 1 {family}
        connect 1 {here}:@0 > ok
        subscribe 0 socket 0
        block 0
        drop 0 poll
        accept 0 2 > ok"""


# ---- TCP ----

def test_tcp_states(family):
    here = LOOPBACK[family]
    play(f"TCP {family}: a socket that is not bound", f"""
        tcp 0 {family} > ok
        address-family 0 > ipv{family}
        is-listening 0 > no
        finish-bind 0 > not-in-progress
        finish-connect 0 > not-in-progress
        finish-listen 0 > not-in-progress
        start-listen 0 > invalid-state
        accept 0 1 > invalid-state
        shutdown 0 both > invalid-state
        local-address 0 > invalid-state
        remote-address 0 > invalid-state
        subscribe 0 socket 0 > ok
        ready 0 > yes""")
    play(f"TCP {family}: binding and listening", f"""
        tcp 0 {family}
        start-bind 0 {here}:0 > ok
        start-bind 0 {here}:0 > concurrency-conflict
        start-listen 0 > concurrency-conflict
        start-connect 0 {here}:1 > concurrency-conflict
        local-address 0 > invalid-state
        finish-bind 0 > ok
        finish-bind 0 > not-in-progress
        start-bind 0 {here}:0 > invalid-state
        local-address 0 > ok {here.replace('[', '?').replace(']', '?')}:[1-9]*
        remote-address 0 > invalid-state
        accept 0 1 > invalid-state
        shutdown 0 both > invalid-state
        finish-listen 0 > not-in-progress
        finish-connect 0 > not-in-progress
        set-backlog 0 32 > ok
        set-backlog 0 0 > invalid-argument
        set-backlog 0 18446744073709551615 > ok
        start-listen 0 > ok
        start-listen 0 > concurrency-conflict
        is-listening 0 > no
        accept 0 1 > invalid-state
        finish-listen 0 > ok
        shutdown 0 both > invalid-state
        is-listening 0 > yes
        start-listen 0 > invalid-state
        start-bind 0 {here}:0 > invalid-state
        start-connect 0 {here}:1 > invalid-state
        set-backlog 0 3 > ok
        accept 0 1 > would-block
        subscribe 0 socket 0 > ok
        ready 0 > no""")


def test_tcp_connections(family):
    here = LOOPBACK[family]
    play(f"TCP {family}: a connection", pair(family) + f"""
        same-peer 1 0 > yes
        same-peer 2 1 > yes
        same-peer 1 2 > yes
        address-family 2 > ipv{family}
        start-bind 1 {here}:0 > invalid-state
        start-connect 1 {here}:@0 > invalid-state
        finish-connect 1 > not-in-progress
        start-listen 1 > invalid-state
        set-backlog 1 3 > invalid-state
        read 2 100 > ok
        subscribe 0 in 2
        ready 0 > no
        check-write 1 > ok
        write-now 1 abc > ok
        flush 1 > ok
        block 0 > ok
        read 2 0 > ok
        read 2 2 > ok ab
        read 2 2 > ok c
        read 2 2 > ok
        drop 0 poll
        write 2 answer > ok
        wait-and-read 1 100 > ok answer
        write 1 spliced > ok
        subscribe 1 in 2
        block 1
        drop 1 poll
        splice 2 2 100 > ok 7
        wait-and-read 1 100 > ok spliced""")
    play(f"TCP {family}: shut by this side", pair(family) + """
        write 2 there > ok
        subscribe 0 in 1
        block 0
        drop 0 poll
        shutdown 1 receive > ok
        shutdown 1 receive > ok
        read 1 10 > closed
        read 1 0 > closed
        wait-and-read 1 10 > closed
        check-write 1 > ok
        write-now 1 x > ok
        shutdown 1 send > ok
        check-write 1 > closed
        flush 1 > closed
        write 1 x > closed
        shutdown 1 both > ok
        wait-and-read 2 10 > ok x
        wait-and-read 2 10 > closed
        read 2 0 > closed""")
    play(f"TCP {family}: closed by the other side", pair(family) + """
        drop 2 socket > ok
        write 2 last > ok
        drop 2 out > ok
        drop 2 in > ok
        wait-and-read 1 10 > ok last
        wait-and-read 1 10 > closed
        write-on 1 > closed
        check-write 1 > ok
        remote-address 1 > invalid-state""")
    play(f"TCP {family}: reset by the other side", pair(family) + """
        write 1 unread > ok
        subscribe 0 in 2
        block 0
        drop 0 poll
        drop 2 in
        drop 2 out
        drop 2 socket
        wait-and-read 1 10 > failed connection-reset
        write 1 x > closed""")
    play(f"TCP {family}: nobody listens there", f"""
        tcp 0 {family}
        start-bind 0 {here}:0
        finish-bind 0
        tcp 1 {family}
        start-connect 1 {here}:@0 > ok
        start-connect 1 {here}:@0 > concurrency-conflict
        start-bind 1 {here}:0 > concurrency-conflict
        subscribe 0 socket 1
        block 0
        finish-connect 1 > connection-refused
        finish-connect 1 > not-in-progress
        start-connect 1 {here}:@0 > invalid-state
        local-address 1 > invalid-state
        hops 1 > invalid-state
        set-hops 1 3 > invalid-state
        set-backlog 1 3 > invalid-state
        shutdown 1 send > invalid-state
        ready 0 > yes""")


def test_tcp_addresses(family):
    here, mapped = LOOPBACK[family], "[0:0:0:0:0:ffff:7f00:1]:1"
    play(f"TCP {family}: addresses that are none", f"""
        tcp 0 {family}
        start-bind 0 {OTHER[family]}:0 > invalid-argument
        start-bind 0 {mapped} > invalid-argument
        start-bind 0 [0:0:0:0:0:0:7f00:1]:1 > invalid-argument
        start-bind 0 {MULTICAST[family]}:0 > invalid-argument
        start-bind 0 255.255.255.255:0 > invalid-argument
        start-bind 0 {RESERVED[family]}:0 > address-not-bindable
        start-connect 0 {OTHER[family]}:1 > invalid-argument
        start-connect 0 {mapped} > invalid-argument
        start-connect 0 {MULTICAST[family]}:1 > invalid-argument
        start-connect 0 {ANY[family]}:1 > invalid-argument
        start-connect 0 {here}:0 > invalid-argument
        start-bind 0 {ANY[family]}:0 > ok
        finish-bind 0 > ok
        local-address 0 > ok *0*:[1-9]*
        start-listen 0 > ok
        finish-listen 0 > ok
        tcp 1 {family}
        start-bind 1 {ANY[family]}:@0 > address-in-use
        start-bind 1 {here}:0 > ok""")


def test_tcp_port_again(family):
    """Where a connection lingers (the side that ends it first) somebody may listen again."""
    here = LOOPBACK[family]
    with socket.create_server(("::1" if family == 6 else "127.0.0.1", 0),
                              family=socket.AF_INET6 if family == 6 else socket.AF_INET) as free:
        port = free.getsockname()[1]
    listen = f"""
        tcp 0 {family}
        start-bind 0 {here}:{port} > ok
        finish-bind 0
        start-listen 0 > ok
        finish-listen 0"""
    play(f"TCP {family}: a port again", listen + f"""
        tcp 1 {family}
        connect 1 {here}:{port} > ok
        subscribe 0 socket 0
        block 0
        drop 0 poll
        accept 0 2 > ok
        drop 2 in
        drop 2 out
        drop 2 socket
        wait-and-read 1 1 > closed
        drop 1 in
        drop 1 out
        drop 1 socket
        drop 0 socket""" + listen)


def test_tcp_options(family):
    play(f"TCP {family}: options", f"""
        tcp 0 {family}
        keep-alive 0 > ok 0
        set-keep-alive 0 1 > ok
        keep-alive 0 > ok 1
        set-idle-time 0 0 > invalid-argument
        set-idle-time 0 42000000000 > ok
        idle-time 0 > ok 42000000000
        set-idle-time 0 1 > ok
        idle-time 0 > ok 1000000000
        set-idle-time 0 18446744073709551615 > ok
        idle-time 0 > ok 32767000000000
        set-interval 0 0 > invalid-argument
        set-interval 0 41000000001 > ok
        interval 0 > ok 42000000000
        set-probes 0 0 > invalid-argument
        set-probes 0 9 > ok
        probes 0 > ok 9
        set-probes 0 4294967295 > ok
        probes 0 > ok 127
        set-hops 0 0 > invalid-argument
        set-hops 0 42 > ok
        hops 0 > ok 42
        set-receive-buffer 0 0 > invalid-argument
        set-receive-buffer 0 65536 > ok
        receive-buffer 0 > ok 65536
        set-receive-buffer 0 18446744073709551615 > ok
        set-send-buffer 0 0 > invalid-argument
        set-send-buffer 0 65536 > ok
        send-buffer 0 > ok 65536
        set-send-buffer 0 18446744073709551615 > ok
        send-buffer 0 > ok [1-9]*""")
    here = LOOPBACK[family]
    play(f"TCP {family}: options that a connection has of its listener", f"""
        tcp 0 {family}
        set-keep-alive 0 1
        set-idle-time 0 42000000000
        set-interval 0 43000000000
        set-probes 0 44
        set-hops 0 45
        start-bind 0 {here}:0
        finish-bind 0
        start-listen 0
        finish-listen 0
        tcp 1 {family}
        connect 1 {here}:@0
        subscribe 0 socket 0
        block 0
        accept 0 2
        keep-alive 2 > ok 1
        idle-time 2 > ok 42000000000
        interval 2 > ok 43000000000
        probes 2 > ok 44
        hops 2 > ok 45""")


# ---- UDP ----

def bound(family, *sockets):
    return "".join(f"""
        udp {n} {family}
        start-bind {n} {LOOPBACK[family]}:0
        finish-bind {n}""" for n in sockets)


def test_udp(family):
    here = LOOPBACK[family]
    play(f"UDP {family}: states", f"""
        udp 0 {family} > ok
        address-family 0 > ipv{family}
        finish-bind 0 > not-in-progress
        stream 0 > invalid-state
        stream 0 {here}:1 > invalid-state
        local-address 0 > invalid-state
        remote-address 0 > invalid-state
        start-bind 0 {OTHER[family]}:0 > invalid-argument
        start-bind 0 [0:0:0:0:0:ffff:7f00:1]:0 > invalid-argument
        start-bind 0 {RESERVED[family]}:0 > address-not-bindable
        start-bind 0 {here}:0 > ok
        start-bind 0 {here}:0 > concurrency-conflict
        stream 0 > invalid-state
        finish-bind 0 > ok
        finish-bind 0 > not-in-progress
        start-bind 0 {here}:0 > invalid-state
        local-address 0 > ok *:[1-9]*
        remote-address 0 > invalid-state
        subscribe 0 socket 0 > ok
        ready 0 > yes
        block 0 > ok
        udp 1 {family}
        start-bind 1 {here}:@0 > address-in-use
        stream 0 {ANY[family]}:1 > invalid-argument
        stream 0 {here}:0 > invalid-argument
        stream 0 {OTHER[family]}:1 > invalid-argument
        stream 0 [0:0:0:0:0:ffff:7f00:1]:1 > invalid-argument
        stream 0 > ok
        drop 0 incoming
        drop 0 outgoing
        set-hops 0 0 > invalid-argument
        set-hops 0 9 > ok
        hops 0 > ok 9
        set-receive-buffer 0 0 > invalid-argument
        set-receive-buffer 0 65536 > ok
        receive-buffer 0 > ok 65536
        set-send-buffer 0 0 > invalid-argument
        set-send-buffer 0 65536 > ok
        send-buffer 0 > ok 65536""")
    play(f"UDP {family}: datagrams", bound(family, 0, 1) + f"""
        stream 0 > ok
        stream 1 > ok
        receive 0 0 > ok
        receive 0 5 > ok
        subscribe 0 incoming 0
        ready 0 > no
        send-none 1 > ok 0
        check-send 1 > ok 16
        send 1 one {here}:@0 {here}:@0 > ok 2
        block 0 > ok
        receive 0 1 1 > ok one
        receive 0 18446744073709551615 1 > ok one
        receive 0 3 > ok
        check-send 1 > ok 16
        send 1 0 {here}:@0 > ok 1
        block 0
        receive 0 9 1 > ok
        check-send 1
        send 1 65000 {here}:@0 > ok 1
        block 0
        receive 0 9 1 > ok 65000
        check-send 1
        send 1 66000 {here}:@0 > datagram-too-large
        check-send 1
        send 1 65536 {here}:@0 > datagram-too-large
        check-send 1
        send 1 x - > invalid-argument
        check-send 1
        send 1 x {here}:0 > invalid-argument
        check-send 1
        send 1 x {ANY[family]}:1 > invalid-argument
        check-send 1
        send 1 x {OTHER[family]}:1 > invalid-argument
        check-send 1
        send 1 x [0:0:0:0:0:ffff:7f00:1]:1 > invalid-argument
        check-send 1
        send 1 x {here}:@0 {here}:0 {here}:@0 > ok 1
        block 0
        receive 0 9 1 > ok x
        subscribe 1 outgoing 1
        ready 1 > yes""")
    play(f"UDP {family}: a peer", bound(family, 0, 1, 2) + f"""
        stream 1 {here}:@0 > ok
        stream 2 {here}:@0 > ok
        remote-address 1 > ok *
        check-send 1
        send 1 before - > ok 1
        check-send 2
        send 2 before2 - > ok 1
        check-send 1
        send 1 x {here}:@2 > invalid-argument
        check-send 1
        send 1 same {here}:@0 > ok 1
        stream 0 {here}:@2 > ok
        subscribe 0 incoming 0
        block 0
        receive 0 9 2 > ok before2
        receive 0 9 2 > ok
        drop 0 poll
        drop 0 incoming
        drop 0 outgoing
        stream 0 {here}:@1 > ok
        remote-address 0 > ok *
        drop 0 incoming
        drop 0 outgoing
        stream 0 > ok
        remote-address 0 > invalid-state
        local-address 0 > ok *:[1-9]*
        check-send 1
        send 1 again - > ok 1
        subscribe 0 incoming 0
        block 0
        receive 0 9 1 > ok again""")
    play(f"UDP {family}: nobody is there", bound(family, 0, 1) + f"""
        stream 1 {here}:@0 > ok
        drop 0 socket
        subscribe 0 incoming 1
        check-send 1
        send 1 x - > ok 1
        block 0
        receive 1 9 > connection-refused
        receive 1 9 > ok""")
    for name, deeds, text in (("more than was asked for", "check-send 0\nsend 0 x" + f" {here}:1" * 17, b"check-send"),
                              ("without asking", f"send 0 x {here}:1", b"check-send"),
                              ("twice, asked for once", f"check-send 0\nsend 0 x {here}:@0\nsend 0 x {here}:@0", b"check-send"),
                              ("streams while there are some", "stream 0", b"streams of before")):
        play(f"UDP {family}: {name}", bound(family, 0) + f"\nstream 0 > ok\n{deeds}", status=134, error=text)


def test_children():
    play("a pollable outlives its socket's handle", """
        tcp 0 4
        subscribe 0 socket 0
        drop 0 socket > ok
        ready 0 > yes
        drop 0 poll > ok""")
    play("a pollable's datagrams are not dropped before it", bound(4, 0) + """
        stream 0
        subscribe 0 incoming 0
        drop 0 incoming""", status=134, error=b"resource has children")
    play("sockets are limited", "many 4 > 10[0-9] tens, then new-socket-limit")
    play("a socket whose descriptor went is another's", """
        tcp 0 4
        drop 0 socket > ok
        tcp 1 4 > ok
        drop 1 socket > ok""")


# ---- names ----

def test_names():
    play("names that are addresses", """
        resolve 0 127.0.0.1 > ok
        subscribe 0 names 0
        block 0 > ok
        next 0 > ok 127.0.0.1
        next 0 > ok none
        next 0 > ok none
        drop 0 poll
        drop 0 names > ok
        resolve 0 ::1
        subscribe 0 names 0
        block 0
        next 0 > ok 0:0:0:0:0:0:0:1
        resolve 1 [2001:DB8::]
        subscribe 1 names 1
        block 1
        next 1 > ok 2001:db8:0:0:0:0:0:0
        resolve 2 0.0.0.0 > ok""", grants=())
    bad = ["127.0.0.1:80", "[::]:80", "a.b<&>", "http://example.com/", "a..b", ".", "a" * 64, "a." * 127 + "a", "::ffff:127.0.0.1",
           "é" * 60, "x\u3002y"]
    play("names that are none", "resolve 0  > invalid-argument\n" + "\n".join(f"resolve 0 {name} > invalid-argument" for name in bad))
    play("a name", """
        resolve 0 LOCALHOST. > ok
        subscribe 0 names 0
        block 0 > ok
        next 0 > ok *1""", grants=["lookup=localhost"])
    play("a name that is not there", """
        resolve 0 nothing.invalid > ok
        subscribe 0 names 0
        block 0 > ok
        next 0 > *
        next 0 > *""", grants=["lookup=*.invalid"], options=["--timeout", "60"])
    play("names that nobody gave", """
        resolve 0 localhost > permanent-resolver-failure
        resolve 0 example.com > permanent-resolver-failure
        resolve 0 xlocalhost.example.org > permanent-resolver-failure
        resolve 0 127.0.0.1 > ok""", grants=["lookup=*.example.com", "tcp-connect", "lookup=example.org"])
    play("names that nobody waits for", "resolve-many 400 localhost > *\nresolve 1 127.0.0.1 > ok", grants=["lookup=localhost"])
    play("a name whose addresses are not given", """
        resolve 0 localhost > ok
        subscribe 0 names 0
        block 0
        next 0 > ok *
        tcp 0 4
        start-connect 0 127.0.0.1:1 > access-denied""", grants=["lookup=localhost", "tcp-connect=10.0.0.0/8"])


# ---- grants ----

def test_grants():
    play("nothing is given", """
        tcp 0 4 > access-denied
        tcp 0 6 > access-denied
        udp 0 4 > access-denied
        udp 0 6 > access-denied
        resolve 0 localhost > permanent-resolver-failure""", grants=())
    play("names alone", "tcp 0 4 > access-denied\nudp 0 4 > access-denied", grants=["lookup"])
    play("TCP alone", "tcp 0 4 > ok\nudp 0 4 > access-denied", grants=["tcp-connect"])
    play("UDP alone", "tcp 0 4 > access-denied\nudp 0 4 > ok", grants=["udp-bind"])
    play("connect to some", """
        tcp 0 4
        start-bind 0 127.0.0.1:0 > access-denied
        start-connect 0 127.0.0.2:5 > access-denied
        start-connect 0 127.0.0.1:4 > access-denied
        start-connect 0 127.0.0.1:8 > access-denied
        start-connect 0 127.0.0.1:5 > ok
        tcp 1 6
        start-connect 1 [0:0:0:0:0:0:0:1]:5 > access-denied
        start-connect 1 [0:0:0:0:0:ffff:7f00:1]:5 > invalid-argument
        start-connect 1 [0:0:0:0:0:0:7f00:1]:5 > invalid-argument""", grants=["tcp-connect=127.0.0.1:5-7"])
    play("bind to some", """
        tcp 0 4
        start-bind 0 0.0.0.0:0 > access-denied
        start-bind 0 127.1.0.1:1 > access-denied
        start-connect 0 127.0.0.1:1 > access-denied
        start-bind 0 127.0.3.1:0 > ok
        finish-bind 0 > ok""", grants=["tcp-bind=127.0.0.0/16:0", "tcp-bind=0.0.0.0:1"])
    play("bind to all", """
        tcp 0 4
        start-bind 0 0.0.0.0:0 > ok""", grants=["tcp-bind=0.0.0.0:0"])
    if HAS_V6:
        play("an address of IPv6", """
            tcp 0 6
            start-bind 0 [0:0:0:0:0:0:0:0]:0 > access-denied
            start-bind 0 [0:0:0:0:0:0:0:1]:0 > ok
            tcp 1 4
            start-bind 1 127.0.0.1:0 > access-denied""", grants=["tcp-bind=[::1]"])
    answers = bound(4, 1, 2) + """
        udp 0 4
        start-bind 0 127.0.0.1:0 > access-denied
        start-bind 0 0.0.0.0:1 > access-denied
        start-bind 0 0.0.0.0:0 > ok
        finish-bind 0
        stream 0 > ok
        check-send 0
        send 0 x 127.0.0.1:@0 > access-denied
        stream 1 > ok"""
    play("a port to send from", answers.replace(bound(4, 1, 2), "").replace("stream 1 > ok", ""), grants=["udp-send=127.0.0.3"])
    play("a port to send from, without", """
        udp 0 4
        start-bind 0 0.0.0.0:0 > access-denied""", grants=["udp-bind=127.0.0.1"])
    play("only answers come to it", """
        udp 1 4
        start-bind 1 127.0.0.1:0 > ok
        finish-bind 1
        udp 2 4
        start-bind 2 127.0.0.2:0 > ok
        finish-bind 2
        udp 0 4
        start-bind 0 0.0.0.0:0 > ok
        finish-bind 0
        stream 0
        stream 1
        stream 2
        check-send 1
        send 1 one 127.0.0.1:@0 > ok 1
        check-send 2
        send 2 two 127.0.0.1:@0 > ok 1
        subscribe 0 incoming 0
        block 0
        receive 0 9 1 > ok one
        receive 0 9 > ok""", grants=["udp-send=127.0.0.1", "udp-bind=127.0.0.0/8"])
    play("a peer that is not given", """
        udp 0 4
        start-bind 0 127.0.0.1:0
        finish-bind 0
        stream 0 127.0.0.1:53 > access-denied
        stream 0 127.0.0.1:54 > ok""", grants=["udp-send=127.0.0.1:54", "udp-bind=127.0.0.1"])
    for bad in ("", "tcp", "tcp-connect=", "tcp-connect=nowhere", "tcp-connect=127.0.0.1/33", "tcp-connect=127.0.0.1/8", "lookup=",
                "tcp-connect=127.0.0.1:70000", "tcp-connect=127.0.0.1:9-8", "tcp-connect=[::1", "tcp-connect=[::1]:", "lookup=a b",
                "tcp-connect=[::ffff:1.2.3.4]:80", "udp-bind=*:x", "all=1", "lookup=*x", "tcp-bind=::1/129", "tcp-bind=1.2.3.4:1:2"):
        done = wasm("--net", bad, GUEST)
        check(f"a grant that is none: {bad}", done.returncode == 2 and b"--net" in done.stderr, done)


# ---- what is watched ----

def test_watched():
    with tempfile.TemporaryDirectory() as folder:
        log, recording = pathlib.Path(folder, "log"), pathlib.Path(folder, "recording")
        script = pair(4) + """
            write 1 text > ok
            wait-and-read 2 10 > ok text
            udp 3 4 > ok
            start-bind 3 127.0.0.1:0 > ok
            finish-bind 3
            stream 3
            check-send 3 > ok 16
            send 3 self 127.0.0.1:@3 > ok 1
            subscribe 0 incoming 3
            block 0
            receive 3 5 3 > ok self
            resolve 0 127.0.0.1 > ok
            next 0 > ok 127.0.0.1
            local-address 2 > ok 127.0.0.1:*
            hops 2 > ok *
            shutdown 2 both > ok
            wait-and-read 1 1 > closed
            tcp 4 4
            start-bind 4 127.0.0.2:0 > access-denied"""
        grants = ["tcp-connect=127.0.0.1", "tcp-bind=127.0.0.1", "udp-bind=127.0.0.1", "udp-send=127.0.0.1"]
        first = play("a run is recorded", script, grants, options=["--record", recording])
        deeds, _ = deeds_of(script)
        again = wasm("--replay", recording, GUEST, *deeds, cwd="/")
        check("and replayed, without the network", again.stdout == first.stdout and again.returncode == 0, again)
        play("accesses are audited", script, grants, options=["--audit", log])
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        calls = {line["call"]: line for line in lines if line["call"].startswith("sock_")}
        want = {"sock_open", "sock_bind", "sock_listen", "sock_accept", "sock_connect", "sock_finish_connect", "sock_send_to",
                "sock_receive", "sock_resolve", "sock_next_address", "sock_name", "sock_option", "sock_shutdown"}
        check("each call", want <= set(calls), sorted(calls))
        refused = [line for line in lines if line["result"] == "notcapable"]
        check("what was refused, where", len(refused) == 1 and refused[0]["address"] == "127.0.0.2:0" and
              refused[0]["grant"] == "network" and refused[0]["call"] == "sock_bind", refused)
        check("names and addresses", calls["sock_resolve"]["address"] == "127.0.0.1" and
              calls["sock_connect"]["address"].startswith("127.0.0.1:"), calls)


def test_policy():
    with tempfile.TemporaryDirectory() as folder:
        policy = pathlib.Path(folder, "policy")
        policy.write_text('stdout: inherit\nnetwork: ["tcp-connect=127.0.0.1:5", "lookup=localhost"]\n')
        play("a policy", "tcp 0 4 > ok\nstart-connect 0 127.0.0.1:5 > ok\ntcp 1 4\nstart-connect 1 127.0.0.1:6 > access-denied",
             grants=(), options=["--policy", policy])
        policy.write_text("network: [nowhere]\n")
        done = wasm("--policy", policy, GUEST)
        check("a policy with a grant that is none", done.returncode == 1 and b"policy:1" in done.stderr, done)


# ---- waits ----

@contextlib.contextmanager
def full_listener():
    """A port where nobody accepts, and where no more may wait: a connection neither fails nor comes about."""
    clients = []
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        for _ in range(8):
            clients.append(socket.socket())
            clients[-1].setblocking(False)
            clients[-1].connect_ex(listener.getsockname())
            time.sleep(0.02)
        yield listener.getsockname()[1]
    for client in clients:
        client.close()


def test_waits():
    listening = "tcp 0 4\nstart-bind 0 127.0.0.1:0\nfinish-bind 0\nstart-listen 0\nfinish-listen 0\nsubscribe 0 socket 0\n"
    reads = pair(4) + "\n"
    for name, script in (("accept", listening + "block 0"), ("read", reads + "wait-and-read 1 5"),
                         ("datagrams", bound(4, 0) + "\nstream 0\nsubscribe 0 incoming 0\nblock 0"),
                         ("write", reads + "write-on 1\nwrite-on 1\nwrite-on 1\nwrite-on 1\nwrite-on 1\nwrite-on 1\nwrite-on 1")):
        deeds, _ = deeds_of(script)
        start = time.monotonic()
        done = wasm("--net", "all", "--timeout", "0.5", GUEST, *deeds)
        took = time.monotonic() - start
        check(f"a deadline ends a wait to {name}", status_of(done) == 134 and b"interrupted" in done.stderr and took < 30, done)
    with full_listener() as port:
        play("a connection that is not answered yet", f"""
            tcp 0 4
            start-connect 0 127.0.0.1:{port} > ok
            subscribe 0 socket 0
            ready 0 > no
            finish-connect 0 > would-block
            local-address 0 > ok 127.0.0.1:*
            start-connect 0 127.0.0.1:{port} > concurrency-conflict
            drop 0 socket > ok""")
        done = wasm("--net", "all", "--timeout", "0.5", GUEST, "tcp 0 4", f"connect 0 127.0.0.1:{port}")
        check("a deadline ends a wait to connect", status_of(done) == 134 and b"interrupted" in done.stderr, done)
    play("poll", listening + """
        subscribe 1 clock 0
        subscribe 2 clock 3600000
        subscribe 3 clock 0
        poll 0 4 > 1 3
        tcp 1 4
        connect 1 127.0.0.1:@0 > ok
        poll 0 1 > 0""")


# ---- others ----

def test_other_ends():
    server = Echo()
    play("a server of the system's", f"""
        tcp 0 4
        connect 0 127.0.0.1:{server.port} > ok
        remote-address 0 > ok 127.0.0.1:{server.port}
        write 0 text > ok
        wait-and-read 0 10 > ok text
        shutdown 0 send > ok
        wait-and-read 0 10 > closed""", grants=[f"tcp-connect=127.0.0.1:{server.port}"])


def hosted(name, deed, want):
    done = run.run([components.HOST, deed, GUEST])
    check(name, done.stdout == want and done.returncode == 0, done)


def test_hosts():
    hosted("sockets that an instance held go with it", "net-leaks", b"ran 1, files left open 0, memory as before\n")
    hosted("the network is taken away", "net-revoke", b"tcp ok\nstart-bind ok\ntcp access-denied\n")
    hosted("memory that runs out", "net-memory", b"ended well 1, tries 1\n")


def main():
    global HAS_V6, GUEST
    BUILD.mkdir(parents=True, exist_ok=True)
    GUEST = attempt("wasi:sockets", lambda: components.built_guest("net"))
    if not GUEST:
        return run.result()
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        HAS_V6 = True
    except OSError as why:
        tell("skipped", "IPv6", f"this machine has none: {why}")
    for family in (4, 6) if HAS_V6 else (4,):
        test_tcp_states(family)
        test_tcp_connections(family)
        test_tcp_addresses(family)
        test_tcp_port_again(family)
        test_tcp_options(family)
        test_udp(family)
    test_children()
    test_names()
    test_grants()
    test_watched()
    test_policy()
    test_waits()
    test_other_ends()
    test_hosts()
    return run.result()


if __name__ == "__main__":
    sys.exit(main())
