"""Drafts of the plays are tried out one after the other: each takes all the time that nobody else needs."""

from collections.abc import AsyncIterator
from typing import Final

from services.notifier.preview.collecting import Collecting
from services.notifier.preview.draft import read_draft
from services.notifier.preview.running import PlaysPreview, Shop
from services.notifier.preview.spool import Spool
from services.notifier.preview.window import Window
from shared.db import DatabaseError
from shared.events import LADDER_EVENTS, SHOP_EVENTS, Announcement
from shared.http import Problem

RETRY_SECONDS: Final = 10
"""Whoever comes while another draft is tried out is asked to come again after so long."""


class PlaysPreviews:
    """The one place of this process where a draft of the plays is tried out."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._spool: Spool | None = None

    async def begin(self, toml: bytes, days: int, announced: AsyncIterator[list[Announcement]] | None) -> PlaysPreview:
        """Try out a draft on the last `days`; nobody else can until `end`. Raises Problem 422, 429, 503.

        `announced` takes the place of the announcements on record.
        """
        draft = read_draft(toml, self._shop.offers, self._shop.own_templates)
        if self._spool is not None:
            headers = {"Retry-After": str(RETRY_SECONDS)}
            raise Problem(429, "preview-under-way", "Another draft is being tried out", headers=headers)
        self._spool = Spool()
        try:
            window = Window.of(days, await self._now())
            if announced is not None:
                collecting = Collecting(self._spool, draft, window, self._shop.manner.lanes)
                async for cues in announced:
                    collecting.add(cues)
        except BaseException:
            self.end()
            raise
        topics = (SHOP_EVENTS,) if announced is not None else (SHOP_EVENTS, LADDER_EVENTS)
        return PlaysPreview(self._shop, draft, window, topics, self._spool)

    def end(self) -> None:
        """The draft has been tried out, or nobody wants to know any more."""
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.close()

    async def _now(self) -> int:
        try:
            return await self._shop.queries.now()
        except DatabaseError as error:
            headers = {"Retry-After": "2"}
            raise Problem(503, "database-unavailable", "The database does not answer", headers=headers) from error
