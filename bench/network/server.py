# An echo server of lines over asyncio's streams; says its port. With an argument the loop is uvloop's.
import asyncio
import sys

if sys.argv[1:] == ["uvloop"]:
    import uvloop
    uvloop.install()


async def echo(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
    except ConnectionResetError:
        pass
    writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
