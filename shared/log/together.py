"""Work that waits is done together: while one group is under way, the next gathers."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from shared.log import LogUnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")


CLOSE_SECONDS: Final = 1.0
"""What is under way when a log is closed may take so long; then it is cut off."""


class Together(Generic[Item, Result]):
    """Does items in groups, in their order, one group at a time.

    `work` takes a group and answers with one result per item, or raises for all of them. `weigh` gives an item's
    weight; a group is closed before it weighs more than `limit`, and has one item at least.
    An item whose caller has gone before its group was formed is left out.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        weigh: Callable[[Item], int],
        limit: int,
    ) -> None:
        self._work = work
        self._weigh = weigh
        self._limit = limit
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Result:
        """The item's own result, once its group has been worked off. Raises what `work` raises."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await done

    async def close(self) -> None:
        """Wait a moment for what is under way; whoever waits for what is not done by then gets LogUnavailableError."""
        if (task := self._task) is not None:
            await asyncio.wait([task], timeout=CLOSE_SECONDS)
            task.cancel()
            await asyncio.wait([task])

    async def _drain(self) -> None:
        while group := self._next_group():
            items, waiting = zip(*group, strict=True)
            try:
                results = await self._work(items)
            except asyncio.CancelledError:
                _fail([*waiting, *(done for _, done in self._waiting)], LogUnavailableError("the log is closed"))
                self._waiting.clear()
                break
            except Exception as error:
                _fail(waiting, error)
            else:
                _answer(waiting, results)
        self._task = None

    def _next_group(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        group: list[tuple[Item, asyncio.Future[Result]]] = []
        weight = 0
        while self._waiting:
            item, done = self._waiting[0]
            weight += self._weigh(item)
            if group and weight > self._limit:
                break
            self._waiting.popleft()
            if not done.done():
                group.append((item, done))
        return group


def _answer(waiting: Sequence["asyncio.Future[Result]"], results: Sequence[Result]) -> None:
    for done, result in zip(waiting, results, strict=True):
        if not done.done():
            done.set_result(result)


def _fail(waiting: Sequence["asyncio.Future[Result]"], error: Exception) -> None:
    """Each gets an error of its own where that is expected: one raised in many places collects all their tracebacks."""
    for done in waiting:
        if not done.done():
            own = LogUnavailableError(*error.args) if isinstance(error, LogUnavailableError) else error
            own.__cause__ = error.__cause__
            done.set_exception(own)
