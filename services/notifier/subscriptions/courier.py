"""Delivers what is queued, of any lane, besides the couriers of other processes.

Every subscription has places of its own for attempts under way, and nothing is shared that one could use up: a slow
receiver holds up nobody but itself.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from services.notifier.metrics import DELIVERIES
from services.notifier.outgoing.client import Client
from services.notifier.subscriptions import store
from services.notifier.subscriptions.judging import Attempted, Outcome, judge
from services.notifier.subscriptions.posting import post
from services.notifier.subscriptions.store import Called, Claim, End
from shared.db import Connection, DatabaseError, Pool
from shared.log.together import Together

AT_ONCE: Final = 8
"""Attempts under way at a time for one subscription in one process; one for a receiver that asked to slow down."""
POLL_SECONDS: Final = 0.5
TIDY_SECONDS: Final = 60.0
FORGET_AT_ONCE: Final = 10_000
GROUP: Final = 100
GRACE_SECONDS: Final = 2.0
"""How long attempts that are under way may take at the end of the program; those cut off are made again."""

_log = structlog.get_logger("courier")


def _wall_clock() -> int:
    return time.time_ns() // 1_000


class Courier:
    """Keeps attempts under way for all subscriptions; `more` is set when there may be something to deliver."""

    def __init__(
        self, pool: Pool, client: Client, more: asyncio.Event, retain_days: int, now: Callable[[], int] = _wall_clock
    ) -> None:
        self._pool = pool
        self._client = client
        self._more = more
        self._retain_days = retain_days
        self._now = now
        self._chance = random.Random()  # noqa: S311 - spreads attempts in time
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._ends: Together[End, None] = Together(self._finish_all, lambda _: 1, GROUP)
        self._tidied = time.monotonic()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                self._more.clear()
                try:
                    await self._look()
                    await self._tidy()
                except DatabaseError as error:
                    _log.warning("courier.database_away", reason=repr(error))
                with suppress(TimeoutError):  # wait_for would lose a cancellation that meets the event (Python 3.11)
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._more.wait()
        finally:
            await self._stop()

    async def _look(self) -> None:
        async with self._pool.acquire() as connection:
            subscriptions = {each.id: each for each in await store.callable_now(connection)}
            busy = Counter(self._under_way.values())
            slots = {each.id: free for each in subscriptions.values() if (free := _places(each) - busy[each.id]) > 0}
            claims = await store.claim(connection, slots) if slots else []
        for claim in claims:
            task = asyncio.create_task(self._attempt(claim, subscriptions[claim.subscription]))
            self._under_way[task] = claim.subscription
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._more.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("courier.failed", exc_info=error)

    async def _attempt(self, claim: Claim, called: Called) -> None:
        begun = time.monotonic()
        said = await post(self._client, called.url, claim.id, self._now(), claim.body, called.secrets)
        at = self._now()
        chance = self._chance.random()
        verdict = judge(said, Attempted(claim.attempts, at, called.failing_since, called.slowed, chance))
        DELIVERIES.labels(verdict.outcome).inc()
        await self._note(End(claim, said, verdict, at, time.monotonic() - begun))

    async def _note(self, end: End) -> None:
        """If the database does not take it, the attempt has not been: its lease ends, and it is made again."""
        try:
            await self._ends.do(end)
        except DatabaseError as error:
            _log.warning("courier.database_away", reason=repr(error))

    async def _finish_all(self, ends: Sequence[End]) -> list[None]:
        async with self._pool.acquire() as tx, tx.transaction():
            await store.finish(tx, ends)
            for subscription in sorted({each.claim.subscription for each in ends}):
                await _note_of(tx, subscription, [each for each in ends if each.claim.subscription == subscription])
        return [None] * len(ends)

    async def _tidy(self) -> None:
        if time.monotonic() < self._tidied + TIDY_SECONDS:
            return
        self._tidied = time.monotonic()
        async with self._pool.acquire() as connection:
            await store.forget(connection, self._retain_days, FORGET_AT_ONCE)

    async def _stop(self) -> None:
        tasks = [*self._under_way]
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _places(called: Called) -> int:
    return AT_ONCE if called.slowed == 0 else 1


async def _note_of(tx: Connection, subscription: str, ends: Sequence[End]) -> None:
    """What the attempts of one subscription mean for it."""
    if any(each.verdict.outcome is Outcome.DELIVERED for each in ends):
        await store.succeeded(tx, [subscription])
    failed = [each for each in ends if each.verdict.outcome is not Outcome.DELIVERED]
    if failed:
        pauses = [each.verdict.paused_until for each in failed if each.verdict.paused_until is not None]
        await store.failed(tx, subscription, min(each.at for each in failed), max(pauses, default=None))
    for each in failed:
        if each.verdict.off is not None:
            await store.switch_off(tx, subscription, each.verdict.off)
            _log.warning("courier.switched_off", subscription=subscription, reason=each.verdict.off)
            break
