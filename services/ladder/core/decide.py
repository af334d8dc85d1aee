"""What to tell the world: the difference between the standings before and after one step."""

from collections.abc import Iterator
from typing import Final, Literal, final

from msgspec import Struct
from msgspec.structs import replace

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


@final
class FactCause(Struct, frozen=True, gc=False):
    """A fact brought it about."""

    fact: str
    source: str


@final
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


_OWN: Final[dict[str, str]] = {
    "rung.demoted": "rung_lapsed",
    "churn.risk_raised": "churn_risk",
    "customer.lapsed": "churn_silence",
}
"""The deadlines that only one type of announcement knows."""


def decide(before: Standing | None, after: Standing, cause: Cause, at: int, friend: str | None = None) -> list[Change]:
    """The announcements of one step at `at`; `before` is None before the first fact.

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
    return [
        Change(type_, at, cause, from_, to, after.rung, after.phase, after.stage)
        for type_, from_, to in _differences(before, after, friend)
    ]


def decide_deadlines(before: Standing, after: Standing, phase_by: str, at: int) -> list[Change]:
    """The announcements of all deadlines of the instant `at`; a change of phase is ascribed to `phase_by`."""
    return [
        replace(change, cause=DeadlineCause(_OWN.get(change.type, phase_by), at))
        for change in decide(before, after, DeadlineCause(phase_by, at), at)
    ]


def _differences(
    before: Standing | None, after: Standing, friend: str | None
) -> Iterator[tuple[Type, int | PhaseName | None, int | PhaseName | str]]:
    """(type, from, to) of each announcement, rung first."""
    if before is None or before.rung < after.rung:
        yield "rung.promoted", None if before is None else before.rung, after.rung
    elif before.rung > after.rung:
        yield "rung.demoted", before.rung, after.rung
    from_, to = None if before is None else _name(before), _name(after)
    if from_ != to:
        yield "phase.changed", from_, to
    for type_ in _of_life(before, after):
        yield type_, from_, to
    if friend is not None and before is not None and before.referrals_converted < after.referrals_converted:
        yield "referral.converted", None, friend


def _name(standing: Standing) -> PhaseName:
    return PhaseName(phase=standing.phase, stage=standing.stage)


def _of_life(before: Standing | None, after: Standing) -> Iterator[Type]:
    """What is announced besides a change of phase."""
    was_at_risk = before is not None and before.at_risk
    if after.at_risk and not was_at_risk:
        yield "churn.risk_raised"
    if was_at_risk and not after.at_risk and after.phase is Phase.ACTIVE:
        yield "churn.risk_cleared"
    if _lapsed(before, after):
        yield "customer.lapsed"
    if before is not None and before.phase is Phase.PASSIVE and after.phase is Phase.ACTIVE:
        yield "customer.won_back"


def _lapsed(before: Standing | None, after: Standing) -> bool:
    """Passive by silence begins; a change of the reason alone is none."""
    if after.passive_because is not Because.SILENCE:
        return False
    return before is None or (before.passive_because is not Because.SILENCE and before.stage is not after.stage)
