"""The shapes of the ladder's answers. Instants are RFC 3339 in UTC, money is text in the shop's currency."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from services.ladder.core.explain import Explanation
from services.ladder.figures.answers import Value
from shared.events import Announcement, PhaseName

NextPage = Annotated[str | None, Meta(description="The cursor of the next page; null on the last one.")]

Waiting = Annotated[int, Meta(ge=1, description="Facts of this person that wait because they cannot be folded.")]


class Customer(Explanation, kw_only=True):
    """A person's standing, explained."""

    customer: str
    parked: (
        Annotated[int, Meta(description="Facts of this person that wait because they cannot be folded.")] | UnsetType
    ) = UNSET


class Transition(Struct, kw_only=True):
    """One change that was announced. `from` and `to` are rungs, phases, or the friend's id where a referral converted.

    `correction`: brought about by a fact that came late, or a refund.
    """

    id: str
    type: str
    time: str
    recorded_at: str
    from_: int | PhaseName | None = field(name="from")
    to: int | PhaseName | str
    cause: dict[str, str]
    correction: bool
    rules_version: Annotated[
        int | None, Meta(description="By which version of the rules; null from before versions were kept.")
    ]
    historical: bool | UnsetType = UNSET


class WordByHand(Struct, kw_only=True):
    """A rung given by hand, or the lifting of one (without rung, kind and until); the cause of what followed."""

    id: str
    type: str
    time: str
    by: str
    reason: str | None
    rung: int | UnsetType = UNSET
    kind: Literal["floor", "fixed"] | UnsetType = UNSET
    until: str | UnsetType | None = UNSET


class History(Struct, kw_only=True):
    """A page of a person's transitions, newest first; with the first page what was decided by hand, newest first."""

    items: list[Transition]
    next: NextPage
    overrides: list[WordByHand] | UnsetType = UNSET


class MemberValue(Struct, kw_only=True):
    """What a person was worth when the estimates were made the last time; money is text.

    `chance_now` is of a purchase within the horizon, null of who never bought. `at_stake` is what a year of theirs
    would bring were they still there, times the chance lost since their newest purchase.
    """

    as_of: str
    net_value: str
    chance_now: float | None
    expected_value: str
    at_stake: str


class Member(Struct, kw_only=True):
    """One person in a list; `since` is since when rung, phase and stage are these. `value` is there where sorted."""

    customer: str
    rung: int
    phase: str
    stage: str
    since: str
    value: MemberValue | UnsetType = UNSET


class People(Struct, kw_only=True):
    """A page of people."""

    items: list[Member]
    next: NextPage


class RungCount(Struct, kw_only=True):
    """How many people stand on a rung and what they have spent; at the end of a day also what they are worth so far."""

    number: int
    key: str
    people: int
    spent: str
    value: Value | UnsetType = UNSET


class PhaseCount(Struct, kw_only=True):
    """How many people are in a stage of a phase."""

    phase: str
    stage: str
    people: int


class Picture(Struct, kw_only=True):
    """The ladder as a whole; `announced` counts announcements by type since the beginning, but not of a past day."""

    as_of: Annotated[str, Meta(description="The instant, or the day at whose end it was so.")]
    people: int
    rungs: list[RungCount]
    phases: list[PhaseCount]
    announced: dict[str, int] | UnsetType = UNSET


class Announcements(Struct, kw_only=True):
    """A page of the feed as CloudEvents; it never ends: `next` is always a cursor, `more` says if there is more now."""

    items: list[Announcement]
    next: str
    more: bool
