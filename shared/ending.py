"""The end of a program: orderly, and within a deadline even if what it depends on hangs."""

import asyncio
from collections.abc import Coroutine
from typing import Final

import structlog

END_SECONDS: Final = 7.5
"""From the signal on; after that whatever is left is cut off."""
CUT_OFF_SECONDS: Final = 1.0
_INSIST: Final = 0.1

_log = structlog.get_logger("program")


class Ending:
    """One deadline for the whole end, however many parts leave one after the other."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """The program shall end: the deadline begins."""
        self._asked.set()

    async def limit(self, work: Coroutine[None, None, None]) -> None:
        """Do this work. Raises what it raises, unless it had to be cut off."""
        working, asked = asyncio.create_task(work), asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait([working, asked], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([working], timeout=END_SECONDS)
        finally:
            asked.cancel()
            if not self._asked.is_set():
                working.cancel()
                await asyncio.wait([working])
        if working.done():
            working.result()
        else:
            await _cut_off()


async def _cut_off() -> None:
    """Cancel all that is under way, again and again: each time it comes past one thing that it waits for."""
    loop, own = asyncio.get_running_loop(), asyncio.current_task()
    _log.warning("program.ended_late", tasks=len(asyncio.all_tasks()) - 1)
    end = loop.time() + CUT_OFF_SECONDS
    while (left := asyncio.all_tasks() - {own}) and loop.time() < end:
        for task in left:
            task.cancel()
        done, _ = await asyncio.wait(left, timeout=_INSIST)
        for task in done:
            if not task.cancelled():
                task.exception()  # of what was cut off nobody wants to hear
