"""Hearing that lanes have grown: PostgreSQL's notifications, and now and then a look, should one be missed."""

import asyncio
from contextlib import suppress
from typing import Final

from shared.db import Connection
from shared.log import LogUnavailableError
from shared.log.postgres.places import Place, Places
from shared.log.postgres.session import Session

CHANNEL: Final = "log_grown"

_ENDS: Final = "select topic, lane, next_offset from log.position where topic = any($1::smallint[])"


class News:
    """Keeps `places` up to date with what other processes append."""

    def __init__(self, dsn: str, places: Places, *, look_every: float, deadline: float) -> None:
        self._places = places
        self._look_every = look_every
        self._session = Session(dsn, name="log-news", deadline=deadline, welcome=self._listen)

    async def run(self) -> None:
        """Until cancelled; reconnects by itself."""
        while True:
            with suppress(LogUnavailableError):
                await self.look()
            await asyncio.sleep(self._look_every)

    async def look(self) -> None:
        """Read all ends once, listening from before. Raises LogUnavailableError."""
        for topic, lane, end in await self._session.fetch(_ENDS, self._places.topic_ids()):
            self._places.heard(Place(topic, lane), end)

    async def close(self) -> None:
        """Disconnect."""
        await self._session.close()

    async def _listen(self, connection: Connection) -> None:
        await connection.add_listener(CHANNEL, lambda _connection, _pid, _channel, payload: tell(self._places, payload))


def tell(places: Places, payload: object) -> None:
    """Take in a notification: `topic lane end`, separated by commas. Topics that are not open here are kept too."""
    for part in str(payload).split(","):
        topic, lane, end = part.split()
        places.heard(Place(int(topic), int(lane)), int(end))
