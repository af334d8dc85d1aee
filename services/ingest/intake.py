"""Brings what was accepted to the log, in the order that readers rely on."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from services.ingest.accept import Acceptance
from services.ingest.ticks import ticks
from shared.http import Problem
from shared.log import Entry, Log, LogUnavailableError

PATIENCE: Final = 9.0
"""Seconds until the shop is told to come again."""
RETRY_AFTER: Final = 5
"""Seconds."""

_log = structlog.get_logger("ingest")


class Intake:
    """Appends to the log, and under CLOCK=facts tells it the time."""

    def __init__(self, log: Log, lanes: int, *, ticking: bool) -> None:
        self._log = log
        self._lanes = lanes
        self._ticking = ticking
        self._newest = 0

    async def take(self, acceptance: Acceptance) -> None:
        """Return when all is durable: profiles, then facts, then the time. Raises Problem 503."""
        if acceptance.newest is None:
            return
        newest = max(self._newest, acceptance.newest)
        time = ticks(newest, self._lanes) if self._ticking else []
        await self._append(acceptance.profiles, acceptance.facts + time)
        self._newest = max(self._newest, newest)

    async def tell(self, at: int) -> None:
        """Tell every lane that it is so late. Raises Problem 503."""
        await self._append([], ticks(at, self._lanes))
        self._newest = max(self._newest, at)

    async def _append(self, profiles: Sequence[Entry], others: Sequence[Entry]) -> None:
        """Profiles are durable before anything else is begun; in a lane each group keeps its order."""
        try:
            if not profiles:
                await self._log.append(others)
                return
            # Each append has a deadline of its own; both together must not take twice as long.
            async with asyncio.timeout(PATIENCE):
                await self._log.append(profiles)
                await self._log.append(others)
        except (LogUnavailableError, TimeoutError) as error:
            _log.warning("log.unavailable", reason=str(error))
            raise _come_again() from error


def _come_again() -> Problem:
    return Problem(
        503,
        "log-unavailable",
        "The log cannot be reached",
        detail="Some of the events may be in it already; post the same request again",
        headers={"Retry-After": str(RETRY_AFTER)},
    )
