"""Waiting for a condition, never for a time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

PAUSE = 0.02
"""Seconds between two looks; short against everything that is waited for."""


@overload
async def until(condition: Callable[[], Awaitable[T]], deadline: float = ...) -> T: ...


@overload
async def until(condition: Callable[[], T], deadline: float = ...) -> T: ...


async def until(condition: Callable[[], Any], deadline: float = 15.0) -> Any:
    """The condition's first true answer; AssertionError when there is none within `deadline` seconds.

    An AssertionError of the condition itself counts as a no, so that it may be written with asserts; the last one is
    what the failure shows.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    while True:
        try:
            answer = condition()
            result = await answer if inspect.isawaitable(answer) else answer
            if result:
                return result
            failure = AssertionError(f"not within {deadline} seconds; last answer: {result!r}")
        except AssertionError as error:
            failure = error
        if loop.time() > end:
            raise failure
        await asyncio.sleep(PAUSE)
