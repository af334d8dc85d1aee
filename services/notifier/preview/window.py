"""The time that a preview is about, and what of the log falls into it. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.notifier.places import Place
from services.notifier.plays.book import Book
from services.notifier.plays.moments import REFERRED
from services.notifier.plays.person import Heard
from shared import instants
from shared.events import Announcement, ReferralConverted
from shared.instants import DAY
from shared.log.partitioner import lane_of


class Window(NamedTuple):
    """From `since` to `until`, both included."""

    since: int
    until: int

    @classmethod
    def of(cls, days: int, until: int) -> "Window":
        """The days before that instant."""
        return cls(max(until - days * DAY, 0), until)

    def has(self, instant: int) -> bool:
        """Whether it falls into it."""
        return self.since <= instant <= self.until


def known_at(cue: Announcement) -> int:
    """The instant at which an announcement could first be known."""
    return max(instants.parse(cue.data.recorded_at), instants.parse(cue.time))


def referred(cues: Iterable[Announcement], book: Book, lanes: int) -> Iterator[tuple[Place, Heard]]:
    """What is a conversion for one is for the other that they came by a referral, in a lane of their own."""
    starts = tuple(play.id for play in book.play if REFERRED in play.on)
    for cue in cues:
        if starts and isinstance(cue, ReferralConverted) and cue.data.historical is not True:
            heard = Heard(cue.source, cue.id, REFERRED, instants.parse(cue.time), starts)
            yield (lane_of(cue.data.to, lanes), cue.data.to), heard
