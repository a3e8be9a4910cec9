# A thousand programs started and awaited, twenty at a time: programs a second.
import asyncio
import time


async def one(limit):
    async with limit:
        process = await asyncio.create_subprocess_exec("true")
        return await process.wait()


async def main():
    limit = asyncio.Semaphore(20)
    start = time.perf_counter()
    assert not any(await asyncio.gather(*[one(limit) for _ in range(1000)]))
    print(round(1000 / (time.perf_counter() - start)))


asyncio.run(main())
