"""A person as the notifier knows them, their places in series, and what a decision changes. Values only."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

import msgspec

from services.notifier.consent import NOTHING, Ledger
from services.notifier.consent.sales import Sale
from services.notifier.message import Channel, Message
from services.notifier.plays.carriers import MAIL_ONLY, Carriers
from services.notifier.plays.yearly import Mark
from services.notifier.profile import KnownProfile, newest_profile
from shared.events import Profile, Standing


class Moment(NamedTuple):
    """When something is decided; `played`: in a history that is played as if lived.

    Profiles, consents and facts are then read ahead of the time they belong to: what was said after `now` is not known
    yet. And a message counts as sent once it is decided, as it would have been in life seconds later. Whether the
    sender has come to it by now depends on how the records came in batches, and must make no difference.
    """

    now: int
    played: bool = False
    named: bool = True
    """Whether the settings say who writes; without that no marketing is sent."""
    carriers: Carriers = MAIL_ONLY
    """By which channels the shop writes."""

    @property
    def known_until(self) -> int | None:
        """Up to when what is said of a person is known; None: all of it."""
        return self.now if self.played else None


class Cause(NamedTuple):
    """Why a play begins: an announcement's id, or a fact's source and id; its instant; the rung it is about."""

    id: str
    at: int
    rung: int | None = None
    ends_at: int | None = None
    """When the membership that began is to end."""
    fact: bool = False
    """Whether it is a fact of the shop's."""
    friend: str | None = None
    """Who became a buyer because the person had referred them."""


class Heard(NamedTuple):
    """A fact of the shop's that starts or cancels plays. Nothing of its data is kept but when a membership is to end.

    `starts`: the plays that it starts, `open`: it has not started them yet.
    """

    source: str
    id: str
    type: str
    at: int
    starts: tuple[str, ...] = ()
    ends_at: int | None = None
    open: bool = False

    @property
    def cause(self) -> Cause:
        """The fact as the cause of a play."""
        return Cause(f"{self.source}/{self.id}", self.at, None, self.ends_at, fact=True)


class Course(StrEnum):
    """How a series stands."""

    WAITING = "waiting"
    RESTING = "resting"
    """It is through, and until it is cancelled there is no marketing."""
    DONE = "done"
    STOPPED = "stopped"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's place in a series: `step` is taken at `due_at`. Instants; `stopped_by` is the type of what did it."""

    play: str
    cause: str
    cause_at: int
    began_at: int
    rung: int | None = None
    ends_at: int | None = None
    step: int = 0
    due_at: int | None = None
    course: Course = Course.WAITING
    stopped_by: str | None = None
    friend: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """One place per play and cause."""
        return self.play, self.cause

    @property
    def live(self) -> bool:
        """Whether something may still come of it, or be kept away by it."""
        return self.course in (Course.WAITING, Course.RESTING)

    def ended(self, course: Course, by: str | None = None) -> "Run":
        """The series is over."""
        return msgspec.structs.replace(self, course=course, due_at=None, stopped_by=by)


@dataclass(frozen=True, slots=True)
class Person:
    """All the notifier knows of somebody."""

    id: str
    profiles: tuple[KnownProfile, ...] = ()
    ledger: Ledger = NOTHING
    messages: dict[str, Message] = field(default_factory=dict)
    """By id."""
    perks: frozenset[int] = frozenset()
    """The rungs whose perk the person has now."""
    runs: dict[tuple[str, str], Run] = field(default_factory=dict)
    """By play and cause."""
    heard: tuple[Heard, ...] = ()
    standing: Standing | None = None
    marks: dict[str, Mark] = field(default_factory=dict)
    """How far yearly moments have been kept, by kind."""
    friends: dict[str, tuple[Sale, ...]] = field(default_factory=dict)
    """Orders and refunds of the friends on whose account the person is in a series."""

    preferred: Channel | None = None
    """By which channel they asked to be written to, on their page."""

    def profile(self, moment: Moment) -> Profile:
        """The profile that counts."""
        return newest_profile(self.profiles, moment.known_until)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write down because of one announcement, fact or deadline."""

    messages: tuple[Message, ...] = ()
    """New ones."""
    revised: tuple[Message, ...] = ()
    """Messages not yet sent whose cause was undone, in whole (held back) or in part (fewer rungs)."""
    granted: tuple[int, ...] = ()
    withdrawn: tuple[int, ...] = ()
    runs: tuple[Run, ...] = ()
    """Places that are new or have changed."""
    marks: tuple[Mark, ...] = ()
    """How far yearly moments have been kept now."""

    def __add__(self, more: "Decision") -> "Decision":
        """Both, one after the other."""
        return Decision(
            self.messages + more.messages,
            self.revised + more.revised,
            self.granted + more.granted,
            self.withdrawn + more.withdrawn,
            self.runs + more.runs,
            self.marks + more.marks,
        )


def after(person: Person, decision: Decision) -> Person:
    """The person once the decision is written down."""
    messages = {**person.messages, **{each.id: each for each in (*decision.revised, *decision.messages)}}
    perks = (person.perks | {*decision.granted}) - {*decision.withdrawn}
    runs = {**person.runs, **{each.key: each for each in decision.runs}}
    marks = {**person.marks, **{each.kind: each for each in decision.marks}}
    return replace(person, messages=messages, perks=perks, runs=runs, marks=marks)
