#!/usr/bin/env python3
"""Checks what becomes of a program whose descriptors are used up, and given back: check_descriptors_used_up.py BUILD [COMMAND…]

What needs one fails and leaves nothing behind, and a server goes on by itself. A COMMAND, such as python3.13, runs the program: what
is expected here is what CPython does.
"""
import pathlib
import resource
import subprocess
import sys

MOST = 50  # descriptors

PROGRAM = '''
import asyncio
import errno
import os
import socket
from asyncio.subprocess import PIPE


async def echo(reader, writer):
    writer.write(await reader.readline())
    writer.close()


async def attempt(what, awaitable):
    try:
        await awaitable
        print(what, "succeeds")
    except OSError as e:
        print(what, errno.errorcode[e.errno])


def use_up():
    taken = []
    while True:
        try:
            taken.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as e:
            print("used up:", errno.errorcode[e.errno])
            return taken


async def main():
    loop = asyncio.get_running_loop()
    told = set()
    loop.set_exception_handler(lambda loop, context: told.add((context["message"], context["exception"].errno == errno.EMFILE)))
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    # What these import needs descriptors as well.
    await (await asyncio.create_subprocess_exec("true", stdin=PIPE, stdout=PIPE)).communicate()
    await asyncio.wait_for(asyncio.sleep(0), 5)
    client = socket.socket()
    client.setblocking(False)
    before = len(os.listdir("/proc/self/fd"))
    taken = use_up()
    await loop.sock_connect(client, address)
    await asyncio.sleep(0.1)
    print(told)
    await attempt("a connection", asyncio.open_connection(*address))
    await attempt("an endpoint", loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)))
    # With each descriptor that is given back a start comes a step further.
    for _ in range(12):
        try:
            process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE, stderr=PIPE)
        except OSError as e:
            assert e.errno == errno.EMFILE, e
        else:
            process.kill()
            await process.communicate()
        os.close(taken.pop())
    for descriptor in taken:
        os.close(descriptor)
    await loop.sock_sendall(client, b"hello\\n")
    print(await asyncio.wait_for(loop.sock_recv(client, 100), 10))
    async with asyncio.timeout(10):
        while len(os.listdir("/proc/self/fd")) > before:
            await asyncio.sleep(0.01)
    try:
        print("a child is left:", os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        print("nothing is left")
    client.close()
    server.close()


asyncio.run(main())
'''

EXPECTED = '''\
used up: EMFILE
{('socket.accept() out of system resource', True)}
a connection EMFILE
an endpoint EMFILE
b'hello\\n'
nothing is left
'''


def main():
    command = sys.argv[2:] or [pathlib.Path(sys.argv[1]).resolve() / "aioli"]
    done = subprocess.run([*command, "-c", PROGRAM], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (MOST, MOST)))
    if (done.stdout, done.returncode) != (EXPECTED, 0):
        sys.exit(f"{done.stdout}{done.stderr}(status {done.returncode}), not\n{EXPECTED}")


main()
