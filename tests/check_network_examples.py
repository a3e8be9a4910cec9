#!/usr/bin/env python3
"""Checks the examples that talk to other programs, as their users would run them: check_network_examples.py BUILD [COMMAND…]

With a COMMAND, such as python3.13, that runs them: what is expected here is what CPython does.
"""
import pathlib
import signal
import socket
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"
SECONDS = 60  # for what hangs


class Program:
    """An example that runs."""

    def __init__(self, command, name, *arguments):
        self.name = name
        self.process = subprocess.Popen([*command, EXAMPLES / f"{name}.aio", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def expect(self, *lines):
        for line in lines:
            found = self.process.stdout.readline().rstrip("\n")
            if found != line:
                raise AssertionError(f"{self.name}: {found!r}, not {line!r}")

    def end(self, *lines, number=None, status=0):
        """Its input ends, or it gets a signal; what it writes still, and its status."""
        if number is not None:
            self.process.send_signal(number)
        output = self.process.communicate(timeout=SECONDS)[0].splitlines()
        if output != list(lines) or self.process.returncode != status:
            raise AssertionError(f"{self.name}: {output}, status {self.process.returncode}; not {list(lines)}, status {status}")


def chat(command):
    server = Program(command, "chat_server", "0")
    port = server.process.stdout.readline().split()[-1]
    ann = Program(command, "chat_client", port, "ann")
    ann.expect("your name?", "welcome, ann; here are: ann")
    server.expect("ann comes in")
    bob = Program(command, "chat_client", port, "ann")
    bob.expect("your name?", "that one is taken, your name?")
    bob.say("bob")
    bob.expect("welcome, bob; here are: ann, bob")
    server.expect("bob comes in")
    ann.expect("bob: (comes in)")
    ann.say("hello, bob")
    bob.expect("ann: hello, bob")
    bob.say("grüße")
    ann.expect("bob: grüße")
    # One ends his input.
    bob.end()
    server.expect("bob has left")
    ann.expect("bob: (has left)")
    ann.end()
    server.expect("ann has left")
    server.end("closed", number=signal.SIGINT)
    Program(command, "chat_client").end("usage: chat_client.aio PORT NAME", status=1)


def keeper(command):
    failure = ["#1 | begins", "#1 | fails", "#1 has ended with 3"]
    Program(command, "keeper", "echo begins; echo fails >&2; exit 3").end(*failure * 3, "#1 is given up")
    for number in signal.SIGTERM, signal.SIGINT:
        kept = Program(command, "keeper", "echo begins; exec sleep 1000")
        kept.expect("#1 | begins")
        kept.end("all have ended", number=number)
    # One that does not want to end.
    kept = Program(command, "keeper", "trap '' TERM; echo begins; exec sleep 1000")
    kept.expect("#1 | begins")
    kept.end("all have ended", number=signal.SIGTERM)
    Program(command, "keeper").end("usage: keeper.aio COMMAND...", status=1)


def ports(command):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        Program(command, "ports", "127.0.0.1", str(port), str(port)).end(str(port), "1 of 1 ports of 127.0.0.1 are open")
        # More than are tried at a time. Others may be open besides.
        first = min(port, 65000) - 400
        lines = Program(command, "ports", "127.0.0.1", str(first), str(port)).process.communicate(timeout=SECONDS)[0].splitlines()
        if str(port) not in lines or f"{len(lines) - 1} of {port - first + 1} ports of 127.0.0.1 are open" != lines[-1]:
            raise AssertionError(f"ports: {lines}")
    Program(command, "ports").end("usage: ports.aio HOST FIRST LAST", status=1)


def main():
    command = [pathlib.Path(sys.argv[1]).resolve() / "aioli"] if len(sys.argv) == 2 else sys.argv[2:]
    signal.alarm(3 * SECONDS)
    for check in chat, keeper, ports:
        check(command)


main()
