"""The rules in force, as this process knows them: one place that everybody asks, and that follows the database."""

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import structlog

from services.ladder.core.rules import Rules, load
from services.ladder.rulebook import store
from services.ladder.settings import LadderSettings
from shared.db import Connection, DatabaseError, Pool

FOLLOWED_SECONDS: Final = 1.0
"""How often a process asks whether another version has been activated."""
_KEPT: Final = 8
"""So many versions are kept ready; each is a hundred kilobytes at most."""

_log = structlog.get_logger("ladder")


@dataclass(frozen=True, slots=True)
class Shop:
    """What rules are read for."""

    currency: str
    exponent: int
    time_zone: str


def shop_of(settings: LadderSettings) -> Shop:
    """Currency and zone of the settings."""
    return Shop(settings.currency, settings.exponent, settings.time_zone)


@lru_cache(maxsize=_KEPT)
def read(text: str, shop: Shop) -> Rules:
    """The rules of this text. Raises RulesError."""
    return load(text, currency=shop.currency, exponent=shop.exponent, time_zone=shop.time_zone)


class Book:
    """The version by which everybody is folded; while lanes go over to another one, still the one of before."""

    def __init__(self, text: str, shop: Shop) -> None:
        self.shop = shop
        self.written = text
        """As a rules.toml."""
        self.rules = read(text, shop)
        self.target = self.rules.version
        """The version that was activated last."""

    def version(self, text: str) -> Rules:
        """Another version, of which this is the text. Raises RulesError."""
        return read(text, self.shop)

    async def look(self, connection: Connection) -> None:
        """Learn which version was activated last, and by which everybody is folded until all lanes have gone over."""
        target = await store.target(connection)
        if target is None:
            return
        behind = {lane.version for lane in (await store.lanes(connection)).values()} - {target.version}
        version = await store.find(connection, min(behind)) if behind else target
        assert version is not None, "no version that was in force is ever removed"
        self.target, self.written, self.rules = target.version, version.text, read(version.text, self.shop)

    async def follow(self, pool: Pool) -> None:
        """Do so every second, until cancelled."""
        while True:
            await asyncio.sleep(FOLLOWED_SECONDS)
            try:
                async with pool.acquire() as connection:
                    await self.look(connection)
            except DatabaseError as error:
                _log.warning("rules.database_away", reason=repr(error))
