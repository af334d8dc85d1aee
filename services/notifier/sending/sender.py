"""Sends what the lanes of this process have decided, several messages at a time.

A message that is found `sending` in a lane just taken over was cut off in the middle of its text: over SMTP nobody can
know whether it arrived, so it is called ambiguous and not sent a second time.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from services.notifier.message import State
from services.notifier.metrics import MESSAGES
from services.notifier.sending import store
from services.notifier.sending.carrier import Carrier
from services.notifier.sending.dispatch import Dispatch
from services.notifier.sending.store import Due
from services.notifier.settings import NotifierSettings
from shared.db import DatabaseError, Pool

FETCH: Final = 100
"""Messages that are looked up at a time."""
POLL_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 10.0
GRACE_SECONDS: Final = 3.0
"""How long a text that is on the way may take at the end of the program."""

_log = structlog.get_logger("sender")


class Sender:
    """Keeps as many messages on their way as the carrier's channel takes.

    `owned` tells the lanes of this process, with their epochs; `more` is set when there may be something to send.
    """

    def __init__(
        self,
        pool: Pool,
        carrier: Carrier,
        owned: Callable[[], dict[int, int]],
        more: asyncio.Event,
        settings: NotifierSettings,
    ) -> None:
        self._pool = pool
        self._kind = carrier.kind
        self._channel = carrier.channel
        self._owned = owned
        self._by_facts = settings.clock == "facts"
        self._dispatch = Dispatch(pool, carrier, settings)
        self._settled: dict[int, int] = {}
        """The lanes, with epochs, in which nothing that an earlier owner began is left."""
        self._settled_at = 0.0
        self._waiting: deque[Due] = deque()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._more = more

    async def run(self) -> None:
        """Send until cancelled; what has not begun by then stays as it was."""
        try:
            while True:
                self._more.clear()
                try:
                    await self._settle()
                    await self._look()
                except DatabaseError as error:
                    _log.warning("sender.database_away", reason=repr(error))
                self._start()
                with suppress(TimeoutError):  # wait_for would lose a cancellation that meets the event (Python 3.11)
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._more.wait()
        finally:
            await self._stop()

    async def _settle(self) -> None:
        """When lanes are new here, and now and then: an earlier owner may have been about to begin just then."""
        owned = self._owned()
        if owned == self._settled and time.monotonic() < self._settled_at + SETTLE_SECONDS:
            return
        state = State.PENDING if self._channel.repeatable else State.AMBIGUOUS
        async with self._pool.acquire() as connection:
            found = await store.take_over(connection, self._kind, owned, state, untold=state is State.AMBIGUOUS)
        self._settled, self._settled_at = owned, time.monotonic()
        for play, message_id in found:
            MESSAGES.labels(play, state).inc()
            _log.warning("sender.cut_off", message=message_id, state=state)

    async def _look(self) -> None:
        """Find what is due, once what was found before is on its way."""
        if self._waiting or len(self._under_way) >= self._channel.at_once or not self._settled:
            return
        limit = FETCH + len(self._under_way)
        async with self._pool.acquire() as connection:
            due = await store.due(connection, self._kind, self._settled, limit, by_facts=self._by_facts)
        self._waiting.extend(each for each in due if each.message.id not in self._under_way)

    def _start(self) -> None:
        while self._waiting and len(self._under_way) < self._channel.at_once:
            due = self._waiting.popleft()
            self._under_way[due.message.id] = asyncio.create_task(self._send(due))

    async def _send(self, due: Due) -> None:
        try:
            await self._dispatch.send(due)
        finally:
            del self._under_way[due.message.id]
            self._more.set()

    async def _stop(self) -> None:
        """Texts that are on the way get a moment; the rest has not begun."""
        for message_id, task in self._under_way.items():
            if message_id not in self._dispatch.giving:
                task.cancel()
        tasks = [*self._under_way.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._channel.close()
