#!/usr/bin/env python3
"""Compares servers over loopback: run.py [--build FOLDER] [--rounds N] [--seconds N] [LABEL=COMMAND …]

Builds load.c and drives with it, in turn, aioli, the distribution's CPython with and without uvloop, and Node, as far as they are there;
of each figure the best of the rounds. The server and what drives it are two processes, so that on two cores each has its own.
"""
import argparse
import pathlib
import shlex
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
IDLE = 2000


def works(*command):
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def drive(load, server, *arguments):
    return float(subprocess.run([load, server.port, *map(str, arguments)], capture_output=True, text=True, check=True).stdout)


def bytes_of_idle(load, server):
    before = resident(server.process.pid)
    with subprocess.Popen([load, server.port, "idle", str(IDLE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
        driver.stdout.readline()
        subprocess.run(["sleep", "0.5"])
        return (resident(server.process.pid) - before) / IDLE


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=HERE.parent.parent / "build", type=pathlib.Path)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--seconds", default=2, type=float)
    options = parser.parse_args()
    peers = {"aioli": [str(options.build.resolve() / "aioli"), str(HERE / "server.py")]}
    python = "/usr/bin/python3"
    if works(python, "--version"):
        peers["CPython"] = [python, str(HERE / "server.py")]
        if works(python, "-c", "import uvloop"):
            peers["CPython, uvloop"] = [python, str(HERE / "server.py"), "uvloop"]
    if works("node", "--version"):
        peers["Node"] = ["node", str(HERE / "server.js")]
    rows = (("1 KB there and back over 50 connections, a second", max, lambda load, server: drive(load, server, "echo", 50, options.seconds, 1024)),
            ("1 KB there and back over one connection, a second", max, lambda load, server: drive(load, server, "echo", 1, options.seconds, 1024)),
            ("connections opened, used once and closed, a second", max, lambda load, server: drive(load, server, "once", 10000)),
            (f"bytes for each of {IDLE} idle connections", min, bytes_of_idle))
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        load = str(pathlib.Path(folder) / "load")
        subprocess.run([*shlex.split("cc -O2 -o"), load, str(HERE / "load.c")], check=True)
        for _ in range(options.rounds):
            for label, command in peers.items():
                for name, better, measure in rows:
                    with Server(command) as server:
                        figure = measure(load, server)
                    key = name, label
                    best[key] = better(best[key], figure) if key in best else figure
        children = "programs started and awaited, a second"
        for _ in range(options.rounds):
            for label in "aioli", "CPython":
                if label in peers:
                    figure = float(subprocess.run([peers[label][0], str(HERE / "children.py")], capture_output=True, text=True, check=True).stdout)
                    best[children, label] = max(best.get((children, label), 0), figure)
    print("| |", " | ".join(peers), "|")
    print("|---|" + "---:|" * len(peers))
    for name in [row[0] for row in rows] + [children]:
        print(f"| {name} |", " | ".join(f"{best[name, label]:,.0f}" if (name, label) in best else "" for label in peers), "|")


if __name__ == "__main__":
    main()
