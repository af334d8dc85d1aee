"""Drafts of the rules are tried out one after the other: each takes all the time that nobody else needs."""

from typing import Final

from services.ladder.core.rules import Rules, RulesError, load
from services.ladder.figures.queries import FigureQueries
from services.ladder.preview.queries import PreviewQueries
from services.ladder.preview.running import Preview
from services.ladder.queries import Queries
from services.ladder.rulebook.book import Book
from shared.http import Fault, Problem

RETRY_SECONDS: Final = 10
"""Whoever comes while another draft is tried out is asked to come again after so long."""


class Previews:
    """The one place of this process where a draft is tried out."""

    def __init__(self, queries: Queries, clock: FigureQueries, book: Book) -> None:
        self._queries = queries
        self._clock = clock
        self._book = book
        self._taken = False

    async def begin(self, toml: bytes, sample: float) -> Preview:
        """Try out a draft on this share of the people; nobody else can until `end`. Raises Problem 422, 429, 503."""
        draft = self._draft(toml)
        if self._taken:
            headers = {"Retry-After": str(RETRY_SECONDS)}
            raise Problem(429, "preview-under-way", "Another draft is being tried out", headers=headers)
        self._taken = True
        try:
            now = (await self._clock.present()).now
        except BaseException:
            self.end()
            raise
        return Preview(PreviewQueries(self._queries, sample), self._book.rules, draft, now)

    def end(self) -> None:
        """The draft has been tried out, or nobody wants to know any more."""
        self._taken = False

    def _draft(self, toml: bytes) -> Rules:
        """The draft, for the currency and zone of the shop. Raises Problem 422."""
        rules = self._book.rules
        try:
            return load(toml, currency=rules.currency, exponent=rules.exponent, time_zone=rules.time_zone)
        except RulesError as error:
            fault = Fault(pointer="", detail=str(error))
            raise Problem(422, "invalid-rules", "The draft cannot be used", errors=[fault]) from error
