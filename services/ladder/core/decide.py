"""What to tell the world: the difference between the standings before and after one step."""

from typing import Final, Literal, final

from msgspec import Struct
from msgspec.structs import replace

from services.ladder.core.falls import Falls, falls_of
from services.ladder.core.rules import Rules
from services.ladder.core.standing import PHASE_OF, Because, Phase, Stage, Standing
from shared.events import PhaseName

Type = Literal[
    "rung.promoted",
    "rung.demoted",
    "rung.endangered",
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
    falls: Falls | None = None
    """The fall that an endangered rung is to end by."""


_OWN: Final[dict[str, str]] = {
    "rung.demoted": "rung_lapsed",
    "rung.endangered": "rung_endangered",
    "churn.risk_raised": "churn_risk",
    "customer.lapsed": "churn_silence",
}
"""The deadlines that only one type of announcement knows."""

_OVERRIDE_ENDS: Final = _OWN | {"rung.promoted": "override_ends", "rung.demoted": "override_ends"}
"""The same at the instant at which an override is over."""

_NAMES: Final[dict[Stage, PhaseName]] = {
    stage: PhaseName(phase=phase.value, stage=stage.value) for stage, phase in PHASE_OF.items()
}

Difference = tuple[Type, int | PhaseName | None, int | PhaseName | str]
"""(type, from, to) of an announcement."""


def alike(before: Standing, after: Standing) -> bool:
    """Whether nothing that is announced differs between two standings of one person, credits aside."""
    return (
        before.stage is after.stage
        and before.rung == after.rung
        and before.at_risk is after.at_risk
        and before.endangered is after.endangered
    )


def decide(
    before: Standing | None, after: Standing, cause: Cause, at: int, rules: Rules, friend: str | None = None
) -> list[Change]:
    """The announcements of one step at `at`; `before` is None before the first fact.

    `friend` is whom the step's credit is about.
    """
    if before is not None and friend is None and alike(before, after):
        return []
    rung, name = after.rung, _NAMES[after.stage]
    changes = [
        Change(type_, at, cause, from_, to, rung, name.phase, name.stage)
        for type_, from_, to in _differences(before, after, friend)
    ]
    if after.endangered and (before is None or not before.endangered or before.rung != after.rung):
        changes += _endangered(after, cause, at, rules)
    return changes


def _endangered(after: Standing, cause: Cause, at: int, rules: Rules) -> list[Change]:
    """Once for each danger: a fall that is put off a little, but still near, is not warned of again."""
    falls = falls_of(after, at, rules)
    assert falls is not None
    name = _NAMES[after.stage]
    return [Change("rung.endangered", at, cause, after.rung, falls.to, after.rung, name.phase, name.stage, falls)]


def decide_deadlines(before: Standing, after: Standing, phase_by: str, at: int, rules: Rules) -> list[Change]:
    """The announcements of all deadlines of the instant `at`; a change of phase is ascribed to `phase_by`."""
    owns = _OWN if before.override is after.override else _OVERRIDE_ENDS
    return [
        change
        if (own := owns.get(change.type, phase_by)) == phase_by
        else replace(change, cause=DeadlineCause(own, at))
        for change in decide(before, after, DeadlineCause(phase_by, at), at, rules)
    ]


def _differences(before: Standing | None, after: Standing, friend: str | None) -> list[Difference]:
    """What is announced, rung first."""
    to = _NAMES[after.stage]
    if before is None:
        return [("rung.promoted", None, after.rung), ("phase.changed", None, to), *_of_life(None, after, None, to)]
    from_ = _NAMES[before.stage]
    found: list[Difference] = []
    if before.rung != after.rung:
        found.append(("rung.promoted" if before.rung < after.rung else "rung.demoted", before.rung, after.rung))
    if from_ is not to:
        found.append(("phase.changed", from_, to))
    found += _of_life(before, after, from_, to)
    if friend is not None and before.referrals_converted < after.referrals_converted:
        found.append(("referral.converted", None, friend))
    return found


def _of_life(before: Standing | None, after: Standing, from_: PhaseName | None, to: PhaseName) -> list[Difference]:
    """What is announced besides a change of phase."""
    found: list[Difference] = []
    was_at_risk = before is not None and before.at_risk
    if after.at_risk is not was_at_risk:
        if after.at_risk:
            found.append(("churn.risk_raised", from_, to))
        elif after.phase is Phase.ACTIVE:
            found.append(("churn.risk_cleared", from_, to))
    if after.passive_because is Because.SILENCE and _lapsed(before, after):
        found.append(("customer.lapsed", from_, to))
    if before is not None and before.passive_because is not None and _won_back(before, after):
        found.append(("customer.won_back", from_, to))
    return found


def _lapsed(before: Standing | None, after: Standing) -> bool:
    """Passive by silence begins; a change of the reason alone is none."""
    return before is None or (before.passive_because is not Because.SILENCE and before.stage is not after.stage)


def _won_back(before: Standing, after: Standing) -> bool:
    return before.phase is Phase.PASSIVE and after.phase is Phase.ACTIVE
