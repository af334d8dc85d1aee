"""Trying again what may be tried again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiokafka.errors import KafkaError

from shared.log import LogUnavailableError

T = TypeVar("T")

PAUSE: Final = 0.25
"""Seconds between two attempts."""


async def insist(attempt: Callable[[], Awaitable[T]], *, deadline: float) -> T:
    """The first result within `deadline` seconds; for what may be done more than once.

    Raises LogUnavailableError when there is none, with the last error of Kafka as its cause.
    """
    last: Exception | None = None
    try:
        async with asyncio.timeout(deadline):
            while True:
                try:
                    return await attempt()
                except (KafkaError, OSError) as error:
                    last = error
                    if not getattr(error, "retriable", True):
                        raise
                await asyncio.sleep(PAUSE)
    except (KafkaError, OSError) as error:
        reason = last or error
        raise LogUnavailableError(f"Kafka: {str(reason) or type(reason).__name__}") from reason
