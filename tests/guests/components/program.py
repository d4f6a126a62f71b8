"""A command in Python: arguments, environment, files, clocks, random numbers, streams, a connection."""
import encodings.idna  # while it can be found: socket wants it
import os
import random
import socket
import sys
import time


def connect(port):
    try:
        with socket.create_connection(("localhost", port)) as peer:
            peer.sendall(b"hello from Python")
            peer.shutdown(socket.SHUT_WR)
            print(peer.recv(100).decode())
    except OSError as why:
        print("refused:", why)


class Run:
    def run(self):
        if "fails" in sys.argv:
            raise ValueError("as it was told")
        if "connects" in sys.argv:
            return connect(int(sys.argv[-1]))
        print(sys.argv[-2:], os.environ.get("WASM_ONE"))
        with open("data") as data, open("made", "w") as made:
            text = data.read()
            made.write(text.upper())
        print(sorted(os.listdir(".")))
        with open("made") as made:
            print(text.strip(), made.read().strip())
        start = time.monotonic()
        time.sleep(0.01)
        slept = time.monotonic() - start >= 0.01
        print(f"random {random.random() != random.random()}, time {time.time() > 1.6e9}, slept {slept}")
        for line in sys.stdin:
            print(line.strip().upper())
