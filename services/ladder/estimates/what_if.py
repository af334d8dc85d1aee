"""What if people moved up one rung: what a year of theirs would bring more, and what may be spent on it."""

from collections.abc import Mapping
from math import sqrt
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, Field

from services.ladder.core.rules import Rules
from services.ladder.core.standing import RUNGS
from services.ladder.estimates.answers import MeasuredEffect, MoneyRange, WhatIf, WhatIfRung
from services.ladder.estimates.effect import Effect
from services.ladder.estimates.outlook import DAYS
from services.ladder.estimates.snapshot import INTERVAL, RungNoted, Snapshot
from services.ladder.estimates.valuing import rounded
from shared import instants

_WIDTH: Final = 1.6449
"""Standard deviations on either side that hold nine tenths of a normal distribution."""
_WIDTH_95: Final = 1.96
"""Those that hold the 95 % of a measured effect."""
TOP: Final = len(RUNGS)

SELECTION: Final = (
    "People on a higher rung differ already from those below: whoever is moved there need not become like them. Only a "
    "play that was put on trial with people held out tells what moving up itself brings."
)
ASSUMPTIONS: Final = (
    "Who is moved up buys and pays from then on like the people on the rung above; only `effect` of it comes true.",
    "The people who are moved are a fair sample of their rung.",
    "Ranges hold the play of chance and that rungs are small, not that the models or their parameters may be wrong.",
    "What was measured in a trial is taken for the trial's window, not stretched to a year.",
)


def assumptions(effect: Effect | None) -> list[str]:
    """What the answer stands on; with an effect that was measured its name and numbers."""
    if effect is None:
        return list(ASSUMPTIONS)
    part = f"{effect.rate:.1%} of the people (with 95 %: {effect.low:.1%} to {effect.high:.1%})"
    goal = f"reach its goal {effect.goal} within {effect.window_days} days who would not without it"
    groups = f"{effect.treated} people treated and {effect.held_out} held out"
    told = [
        f"Measured: under the play {effect.play} {part} {goal}, by {groups}; so many move up.",
        "The play does the same to people of every rung, and comes to all who are counted.",
        "Who is moved up buys and pays from then on like the people on the rung above.",
    ]
    if effect.goal != "promotion":
        told.append("Whoever reaches the goal moves up a rung by it: the play measured orders, not rises.")
    return [*told, *ASSUMPTIONS[1:]]


PlayName = Annotated[str, Field(pattern="^[A-Za-z0-9_.-]{1,100}$")]


class Trial(BaseModel):
    """A play that was tried on people of a rung, to take what it measured instead of the assumption."""

    rung: Annotated[int, Field(ge=1, lt=TOP)]
    play: PlayName


class Supposed(BaseModel):
    """What is supposed to happen."""

    rung: Annotated[int | None, Field(ge=1, lt=TOP, description="Only people on this rung; without it everybody.")] = (
        None
    )
    share: Annotated[float, Field(gt=0, le=1, description="So many of them move up, from 0 to 1.")] = 1.0
    effect: Annotated[
        float, Field(ge=0, le=1, description="How much of the difference between the rungs moving up brings.")
    ] = 1.0
    play: Annotated[
        PlayName | None,
        Field(description="A play on trial: how many it was found to move takes the place of `effect`."),
    ] = None
    measured: Annotated[list[Trial], Field(max_length=TOP, description="Of two plays of a rung the last counts.")] = []


class Measured(NamedTuple):
    """What a play was found to bring a person, in major units after the margin, or why that is not known."""

    play: str
    gain: float = 0.0
    low: float = 0.0
    high: float = 0.0
    window_days: int = 0
    unavailable: str | None = None


def what_if(
    noted: Snapshot,
    supposed: Supposed,
    measured: Mapping[int, Measured],
    rules: Rules,
    effect: Effect | None = None,
) -> WhatIf:
    """The gain of each rung, and where the most is to be gained; `effect` counts instead of what is supposed."""
    chosen = [supposed.rung] if supposed.rung is not None else range(1, TOP)
    rungs = [_rung(noted, number, supposed, measured.get(number), effect, rules) for number in chosen]
    gains = {rung.number: float(rung.gain.expected) for rung in rungs if rung.gain is not None and rung.people}
    best = max(gains, key=lambda number: gains[number], default=None)
    return WhatIf(
        as_of=instants.text(noted.as_of),
        made_at=instants.text(noted.made_at),
        days=DAYS,
        interval=INTERVAL,
        currency=rules.currency,
        share=supposed.share,
        effect=supposed.effect if effect is None else effect.rate,
        measured=None if effect is None else MeasuredEffect(**effect._asdict()),
        rungs=rungs,
        most_gained_on=best if best is not None and gains[best] > 0 else None,
        assumptions=assumptions(effect),
        selection=SELECTION,
    )


def _rung(
    noted: Snapshot, number: int, supposed: Supposed, trial: Measured | None, effect: Effect | None, rules: Rules
) -> WhatIfRung:
    here, above = noted.rungs[number - 1], noted.rungs[number]
    moved = round(here.people * supposed.share)
    play = effect.play if effect is not None else None
    if not above.people or not here.people:  # nobody is above to be like, or nobody here to move
        rests_on, each = "nothing", None
    elif effect is None:
        rests_on, each = "assumption", _assumed(here, above, moved, supposed.effect)
    else:
        rests_on, each = "measured_effect", _brought_about(here, above, moved, effect)
    if trial is not None:
        play = trial.play
    if trial is not None and trial.unavailable is None:
        rests_on, each = "measured", (trial.gain, trial.low, trial.high)
    return WhatIfRung(
        number=number,
        key=RUNGS[number - 1],
        to=RUNGS[number],
        people=moved,
        gain=None if each is None else _range(each[0] * moved, each[1] * moved, each[2] * moved, rules),
        gain_per_person=None if each is None else _range(*each, rules),
        may_spend_per_person=None if each is None else rounded(max(0.0, each[0]), rules),
        rests_on=rests_on,
        play=play,
        window_days=trial.window_days if rests_on == "measured" and trial is not None else None,
        unavailable=trial.unavailable if trial is not None else None,
    )


_Gain = tuple[float, float, float]
"""(expected, low, high) a person."""


def _assumed(here: RungNoted, above: RungNoted, moved: int, effect: float) -> _Gain:
    """`effect` of the difference.

    The mean of so many people's years strays by chance; what a rung is worth is itself known from its people only.
    """
    gain = effect * _difference(here, above)
    width = _WIDTH * effect * (_years(here, above, moved) + _means(here, above)) ** 0.5
    return gain, gain - width, gain + width


def _brought_about(here: RungNoted, above: RungNoted, moved: int, effect: Effect) -> _Gain:
    """Of the people a measured part moves the whole way.

    Who of them does is chance, as their years are; the part and the rungs' means are known so far only. The variances
    of a product of two estimates and of the play of chance add up, on either side with that of the effect's interval
    there (as Newcombe's own intervals are put together).
    """
    rate, gap, means = effect.rate, _difference(here, above), _means(here, above)
    part = min(1.0, abs(rate))
    chance = part * _years(here, above, moved) + part * (1 - part) * gap**2 / max(1, moved)

    def width(bound: float) -> float:
        strays = ((bound - rate) / _WIDTH_95) ** 2
        return _WIDTH * sqrt(chance + rate**2 * means + strays * (gap**2 + means))

    less, more = (effect.low, effect.high) if gap >= 0 else (effect.high, effect.low)
    return rate * gap, rate * gap - width(less), rate * gap + width(more)


def _difference(here: RungNoted, above: RungNoted) -> float:
    """What people on the rung above are worth more on average."""
    return above.value.expected / above.people - here.value.expected / here.people


def _years(here: RungNoted, above: RungNoted, moved: int) -> float:
    """The variance of the mean of so many people's years."""
    return (_variance(here) + _variance(above)) / max(1, moved)


def _means(here: RungNoted, above: RungNoted) -> float:
    """The variance of the difference: each rung's mean is known from its people only."""
    return here.spread**2 / here.people + above.spread**2 / above.people


def _variance(rung: RungNoted) -> float:
    """Of one person's year: chance, and what people differ by."""
    return rung.deviation**2 + rung.spread**2


def _range(expected: float, low: float, high: float, rules: Rules) -> MoneyRange:
    return MoneyRange(expected=rounded(expected, rules), low=rounded(low, rules), high=rounded(high, rules))
