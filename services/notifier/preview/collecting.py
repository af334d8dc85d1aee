"""Announcements and facts of a window out of the log, or out of a file in their place, into the spool."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from services.notifier.places import Place
from services.notifier.plays.book import Book
from services.notifier.preview.spool import Spool
from services.notifier.preview.window import Window, known_at, referred
from services.notifier.reading import read
from shared.events import Announcement, Standing, Tick
from shared.instants import MINUTE
from shared.log import Log, Record
from shared.log.partitioner import lane_of

_STEP: Final = 1_000
"""Offsets that are read at once."""
_EARLIER: Final = MINUTE
"""The log's clock and the announcer's differ by less."""


class _Span(NamedTuple):
    """What is read of one lane of a topic; `whole`: the log has lost nothing of it."""

    start: int
    end: int
    whole: bool


class Collecting:
    """Fills the spool with what bears on this window, for this draft."""

    def __init__(self, spool: Spool, book: Book, window: Window, lanes: int) -> None:
        self._spool = spool
        self._book = book
        self._window = window
        self._lanes = lanes

    async def of_log(self, log: Log, topics: Sequence[str], *, by_facts: bool) -> bool:
        """Read these topics, lane by lane; whether they had all of it. Raises LogUnavailableError, LostRecordsError.

        Under `CLOCK=facts` the log's clock says nothing about the facts' time: all of it is read.
        """
        whole = True
        for topic in topics:
            for lane, span in (await self._spans(log, topic, by_facts=by_facts)).items():
                whole = whole and span.whole
                await self._lane(log, topic, lane, span)
        return whole

    async def _spans(self, log: Log, topic: str, *, by_facts: bool) -> dict[int, _Span]:
        ends, firsts = await log.end_positions(topic), await log.first_positions(topic)
        earlier = self._window.since - _EARLIER
        starts = firsts if by_facts else await log.positions_at(topic, earlier)
        return {
            lane: _Span(max(starts[lane], first), ends[lane], first == 0 or starts[lane] > first)
            for lane, first in firsts.items()
        }

    async def _lane(self, log: Log, topic: str, lane: int, span: _Span) -> None:
        if span.start >= span.end:
            return
        reader = await log.reader(lane, {topic: span.start})
        try:
            for start in range(span.start, span.end, _STEP):
                records = await reader.take_until(topic, min(start + _STEP, span.end))
                await asyncio.to_thread(self._take, records)
        finally:
            await reader.close()

    def _take(self, records: Sequence[Record]) -> None:
        found = read(records, self._lanes, self._book)
        self.add([cue for cue in found.cues if not isinstance(cue, Tick)])
        facts = [(self._place(person), each) for person, each in found.facts if self._window.has(each.at)]
        self._spool.add_facts(facts)

    def add(self, cues: Sequence[Announcement]) -> None:
        """Keep these announcements; of those from before only where their persons stood."""
        before: list[tuple[Place, Standing]] = []
        inside: list[tuple[Place, int, Announcement]] = []
        for cue in cues:
            place, at = self._place(cue.subject), known_at(cue)
            if at < self._window.since:
                before.append((place, cue.data.standing))
            elif at <= self._window.until:
                inside.append((place, at, cue))
        self._spool.stood(before)
        self._spool.add_cues(inside)
        friends = referred((cue for _, _, cue in inside), self._book, self._lanes)
        self._spool.add_facts([each for each in friends if self._window.has(each[1].at)])

    def _place(self, person: str) -> Place:
        return lane_of(person, self._lanes), person
