"""Work that is done together, when its log is closed."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.log import LogUnavailableError
from shared.log.together import Together


async def test_closing_cuts_off_what_hangs() -> None:
    """Who waits for the group under way, and who waits for the next, hears that the log is unavailable."""

    async def hang(_: Sequence[int]) -> list[None]:
        await asyncio.Event().wait()
        return []

    together: Together[int, None] = Together(hang, lambda _: 1, limit=1)
    waiting = [asyncio.create_task(together.do(item)) for item in range(2)]
    await asyncio.sleep(0)

    await asyncio.wait_for(together.close(), 15)

    for each in waiting:
        with pytest.raises(LogUnavailableError):
            await each
