"""`/r/{token}`: a thumb that is given by a button, so that programs that only look at links rate nothing."""

from enum import StrEnum
from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from services.notifier.private_page import PRIVATE, Shown, Token, page, private, shown_as_html
from services.notifier.profile import language, newest_profile
from services.notifier.ratings import store
from services.notifier.ratings.rating import Rating, Thumb, read_rating
from services.notifier.sealed import Link
from services.notifier.settings import NotifierSettings
from services.notifier.store import profiles_of, time_of
from shared.db import Connection, Pool
from shared.log.partitioner import lane_of


class Outcome(StrEnum):
    """What a click on a thumb came to."""

    OPEN = "open"
    """It may be given."""
    DONE = "done"
    ANSWERED = "answered"
    """The other thumb was given before, and counts."""
    UNKNOWN = "unknown"


_STATUS: Final = {Outcome.UNKNOWN: 404, Outcome.ANSWERED: 410}


class Ratings:
    """Keeps what persons answer, in the database behind `pool`; each answer is one transaction."""

    def __init__(self, pool: Pool, settings: NotifierSettings) -> None:
        self._pool = pool
        self._lanes = settings.lanes
        self._language = settings.mail_language
        self._by_facts = settings.clock == "facts"

    async def answer(self, link: Link, thumb: Thumb, *, sure: bool) -> tuple[Outcome, str]:
        """What this thumb may still do, and the person's language; with `sure` it is done. The first one counts."""
        lane = lane_of(link.person, self._lanes)
        async with self._pool.acquire() as connection, connection.transaction():
            if not await store.is_asked(connection, lane, link):
                return Outcome.UNKNOWN, self._language
            if sure:
                now = await time_of(connection, lane, by_facts=self._by_facts)
                await store.rate(connection, lane, Rating(link.person, link.message, thumb, now))
            given = await store.answer_to(connection, lane, link.message)
            return _outcome(thumb, given), await self._spoken(connection, lane, link.person)

    async def _spoken(self, connection: Connection, lane: int, person: str) -> str:
        profiles = await profiles_of(connection, [(lane, person)])
        return language(newest_profile(profiles.get((lane, person), ()), None), self._language)


def _outcome(thumb: Thumb, given: Thumb | None) -> Outcome:
    if given is None:
        return Outcome.OPEN
    return Outcome.DONE if given is thumb else Outcome.ANSWERED


class RatingPage:
    """Renders the page."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._template = page("rate")
        self._shop = {"shop": settings.sender_name, "imprint": settings.imprint}

    def show(self, outcome: Outcome, thumb: Thumb, language: str) -> HTMLResponse:
        """The question with one button, or what became of the click."""
        html = self._template.render(**self._shop, state=outcome.value, thumb=thumb.value, language=language)
        return private(html, _STATUS.get(outcome, 200))


def ratings(pool: Pool, settings: NotifierSettings, secret: bytes) -> APIRouter:
    """`/r/{token}`."""
    asked, shown = Ratings(pool, settings), RatingPage(settings)
    router = APIRouter(
        tags=["ratings"],
        default_response_class=HTMLResponse,
        responses={**PRIVATE, 410: shown_as_html("The other thumb was given before, and counts")},
    )

    async def answered(token: str, lang: str | None, *, sure: bool) -> HTMLResponse:
        read = read_rating(secret, token)
        if read is None:
            return shown.show(Outcome.UNKNOWN, Thumb.UP, lang or settings.mail_language)
        outcome, spoken = await asked.answer(*read, sure=sure)
        return shown.show(outcome, read[1], lang or spoken)

    @router.get("/r/{token}")
    async def show_rating(token: Token, lang: Shown = None) -> HTMLResponse:
        """A page with a button: programs that only look at links must not rate for anybody."""
        return await answered(token, lang, sure=False)

    @router.post("/r/{token}")
    async def rate(token: Token, lang: Shown = None) -> HTMLResponse:
        """Rate the shop, once for each message; goes to `shop.events` as `contact.rated`."""
        return await answered(token, lang, sure=True)

    return router
