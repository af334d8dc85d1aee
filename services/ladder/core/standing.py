"""What the ladder remembers of one person, and its form in storage. No rule lives here."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

FOREVER: Final = 1 << 62
"""An instant that never comes."""
NEVER: Final = -FOREVER
"""An instant that never was."""

RUNGS: Final = ("target_market", "prospect", "buyer", "customer", "member", "advocate", "fan")
"""The keys of the rungs 1 to 7."""


class Phase(StrEnum):
    """The phases of the customer lifecycle."""

    INITIATION = "initiation"
    ACTIVE = "active"
    PASSIVE = "passive"


class Stage(StrEnum):
    """The stages; each belongs to one phase, see `PHASE_OF`."""

    LEAD = "lead"
    QUALIFICATION = "qualification"
    CLOSING = "closing"
    RETENTION = "retention"
    GROWTH = "growth"
    DEGENERATION = "degeneration"
    WIN_BACK = "win_back"
    LOST = "lost"


PHASE_OF: Final = {
    Stage.LEAD: Phase.INITIATION,
    Stage.QUALIFICATION: Phase.INITIATION,
    Stage.CLOSING: Phase.INITIATION,
    Stage.RETENTION: Phase.ACTIVE,
    Stage.GROWTH: Phase.ACTIVE,
    Stage.DEGENERATION: Phase.ACTIVE,
    Stage.WIN_BACK: Phase.PASSIVE,
    Stage.LOST: Phase.PASSIVE,
}


class Because(StrEnum):
    """Why a person is in a stage; `None` stands for no particular reason."""

    CHURN_RISK = "churn_risk"
    COMPLAINT = "complaint"
    RUNG_ROSE = "rung_rose"
    PACE = "pace"
    SILENCE = "silence"
    CANCELLED = "cancelled"
    NOT_RENEWED = "not_renewed"


class Marks(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Of one measure: how many there were, and of the newest the instants and fact ids, oldest first."""

    count: int
    ats: tuple[int, ...]
    ids: tuple[str, ...]


class Worth(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a person cost, summed up as it was told; rates are put on it where it is asked for. Money in minor units."""

    served: int = 0
    """Milliseconds of service."""
    complaints: int = 0
    refunds: int = 0
    source: str | None = None
    """Where they came from: the first that was named."""
    acquisition_cost: int | None = None
    """The first that was named."""
    first_discount: int = 0
    """On the first order that stands."""
    costed: int = 0
    """Of what was spent the part for goods whose cost is known."""
    cost: int = 0
    """Of these goods."""
    friends_spent: int = 0
    """What friends paid who are credited to this person."""
    friends_costed: int = 0
    friends_cost: int = 0


NOTHING: Final = Worth()


class Override(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A rung given by hand: at least (or, `fixed`, exactly) `rung` before the instant `until`."""

    id: str
    """Of the record that gave it."""
    rung: int
    fixed: bool
    since: int
    until: int
    reason: str
    by: str

    def shown(self, rung: int) -> int:
        """The rung that is shown where the rules say `rung`."""
        return self.rung if self.fixed or rung < self.rung else rung

    def holds(self, rung: int) -> bool:
        """Whether the rung shown stays although the one by the rules, now `rung`, falls."""
        return self.fixed or rung <= self.rung


class Sale(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An order of a friend, which counts from an instant on; money in minor units."""

    at: int
    spent: int
    costed: int
    cost: int


class Standing(msgspec.Struct, array_like=True, gc=False):
    """One person's standing: a function of the set of their facts, the rules and the time.

    Instants in microseconds, money in minor units. Treat it as immutable: whoever changes it copies it first.
    It is as of its newest step; what time alone brings about later is at `due`.
    """

    step_at: int
    """The newest step: the newest fact, or the newest deadline that changed something (then without id)."""
    step_id: str
    step_source: str
    rung: int
    rung_since: int
    stage: Stage
    phase_since: int
    """When the present phase and stage began."""
    ends: tuple[int, ...]
    """For each rung the instant its `keep` turns (in grace: turned) false; NEVER where the rung is not held."""
    due: int = FOREVER
    """When something changes if nothing more is heard."""

    purchases: int = 0
    purchase_days: int = 0
    spent: int = 0
    refunded: int = 0
    first_purchase_at: int | None = None
    last_purchase_at: int | None = None
    first_day: int = 0
    """Number of the calendar day, in the shop's time zone, of the first purchase that stands."""
    last_day: int = 0
    last_midnight: int = 0
    """The instant at which the newest purchase day began."""
    order_ats: tuple[int, ...] = ()
    """The newest orders, oldest first: instants, fact ids, what was paid net of refunds."""
    order_ids: tuple[str, ...] = ()
    order_amounts: tuple[int, ...] = ()

    risk_at: int = FOREVER
    silence_at: int = FOREVER
    at_risk: bool = False
    """Active and churn risk is raised."""
    growth_by_rung_until: int = NEVER
    growth_by_pace_until: int = NEVER
    passive_because: Because | None = None
    complaints: tuple[int, ...] = ()
    """Spans in which a complaint is unanswered, flat: begin, end, begin, end."""
    member_by: str | None = None
    """The fact that started the running membership."""
    marks: dict[str, Marks] = {}
    first_day_spent: int = 0
    """Of `spent` what was paid on the first purchase day."""
    worth: Worth = NOTHING
    endangered: bool = False
    """A fall is near and has been warned of."""
    override: Override | None = None
    """The rung given by hand; `rung` is the one shown, `ends` go on by the rules."""
    sales: tuple[Sale, ...] = ()
    """Orders of friends that do not count yet, the earliest first: the person has not been swept up to there."""

    @property
    def phase(self) -> Phase:
        """The phase the stage belongs to."""
        return PHASE_OF[self.stage]

    @property
    def rung_by_rules(self) -> int:
        """The rung without any override: the highest that is held."""
        number = len(self.ends)
        while self.ends[number - 1] == NEVER:
            number -= 1
        return number

    @property
    def referrals_made(self) -> int:
        """How many referrals this person made, without those of themselves."""
        return count_of(self, "referrals_made")

    @property
    def referrals_converted(self) -> int:
        """How many friends became buyers by this person's referral."""
        return count_of(self, "referrals_converted")

    @property
    def step(self) -> tuple[int, str, str]:
        """The newest step as a place in the order of facts; a deadline stands before the facts of its instant."""
        return self.step_at, self.step_id, self.step_source


copied: Final[Callable[[Standing], Standing]] = Standing.__copy__  # type: ignore[attr-defined] # not in its stubs
"""A shallow copy, to be changed; `copy.copy` takes three times as long."""


def count_of(standing: Standing, measure: str) -> int:
    """How many facts of a measure there were, ever."""
    marks = standing.marks.get(measure)
    return 0 if marks is None else marks.count


def newest(standing: Standing, measure: str) -> int:
    """The instant of the newest fact of a measure, or NEVER."""
    marks = standing.marks.get(measure)
    return NEVER if marks is None else marks.ats[-1]


def due_at(standing: Standing) -> int | None:
    """The next instant at which something visible changes if nothing more is heard, or None."""
    return None if standing.due >= FOREVER else standing.due


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Standing)


def encode(standing: Standing) -> bytes:
    """The standing as MessagePack."""
    return _ENCODER.encode(standing)


def decode(stored: bytes) -> Standing:
    """The standing that `encode` wrote; msgspec.ValidationError when it is of another make."""
    return _DECODER.decode(stored)
