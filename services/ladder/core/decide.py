"""What to tell the world: the difference between the standings before and after one step."""

from typing import Literal

from msgspec import Struct

from services.ladder.core.standing import Because, Phase, Standing
from shared.events import PhaseName

Type = Literal[
    "rung.promoted",
    "rung.demoted",
    "phase.changed",
    "churn.risk_raised",
    "churn.risk_cleared",
    "customer.lapsed",
    "customer.won_back",
    "referral.converted",
]


class FactCause(Struct, frozen=True, gc=False):
    """A fact brought it about."""

    fact: str
    source: str


class DeadlineCause(Struct, frozen=True, gc=False):
    """The passing of time brought it about."""

    name: str
    at: int


Cause = FactCause | DeadlineCause


class Change(Struct, frozen=True, gc=False):
    """One announcement: its type, when it became true, why, from and to, and the short standing after the step.

    `from_` and `to` are rung numbers, phases, or the friend's id where a referral converted; `from_` is None where
    the person stood nowhere before.
    """

    type: Type
    at: int
    cause: Cause
    from_: int | PhaseName | None
    to: int | PhaseName | str
    rung: int
    phase: str
    stage: str


def decide(before: Standing | None, after: Standing, cause: Cause, at: int, friend: str | None = None) -> list[Change]:
    """The announcements of one step at `at`; `before` is None before the first fact.

    Of a deadline `cause` names what a change of phase is ascribed to; rung, risk and silence have their own.
    `friend` is whom the step's credit is about.
    """
    if (
        before is not None
        and before.rung == after.rung
        and before.stage is after.stage
        and before.at_risk is after.at_risk
        and friend is None
    ):
        return []
    changes: list[Change] = []
    rung, phase, stage = after.rung, str(after.phase), str(after.stage)

    def tell(type_: Type, cause: Cause, from_: int | PhaseName | None, to: int | PhaseName | str) -> None:
        changes.append(Change(type_, at, cause, from_, to, rung, phase, stage))

    if before is None or before.rung != after.rung:
        rose = before is None or before.rung < after.rung
        type_: Type = "rung.promoted" if rose else "rung.demoted"
        tell(type_, _own(cause, "rung_lapsed"), None if before is None else before.rung, rung)
    from_ = None if before is None else PhaseName(phase=str(before.phase), stage=str(before.stage))
    to = PhaseName(phase=phase, stage=stage)
    if from_ != to:
        tell("phase.changed", cause, from_, to)
    for type_, name in _of_life(before, after):
        tell(type_, _own(cause, name), from_, to)
    if friend is not None and before is not None and before.referrals_converted < after.referrals_converted:
        tell("referral.converted", cause, None, friend)
    return changes


def _of_life(before: Standing | None, after: Standing) -> list[tuple[Type, str]]:
    """What is announced besides a change of phase, and the deadline that may bring it about."""
    told: list[tuple[Type, str]] = []
    was_at_risk = before is not None and before.at_risk
    if after.at_risk and not was_at_risk:
        told.append(("churn.risk_raised", "churn_risk"))
    if was_at_risk and not after.at_risk and after.phase is Phase.ACTIVE:
        told.append(("churn.risk_cleared", "churn_risk"))
    if _lapsed(before, after):
        told.append(("customer.lapsed", "churn_silence"))
    if before is not None and before.phase is Phase.PASSIVE and after.phase is Phase.ACTIVE:
        told.append(("customer.won_back", "churn_silence"))
    return told


def _lapsed(before: Standing | None, after: Standing) -> bool:
    """Passive by silence begins; a change of the reason alone is none."""
    if after.passive_because is not Because.SILENCE:
        return False
    return before is None or (before.passive_because is not Because.SILENCE and before.stage is not after.stage)


def _own(cause: Cause, name: str) -> Cause:
    return DeadlineCause(name, cause.at) if type(cause) is DeadlineCause else cause
