"""What if people moved up: gains, their ranges, and what was measured instead."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.ladder.estimates.snapshot import Range, RungNoted, Snapshot
from services.ladder.estimates.trials import measured
from services.ladder.estimates.what_if import Measured, Supposed, Trial, what_if
from tests.make import day, rules


def rung(people: int, each: float, deviation: float = 0.0, spread: float = 0.0) -> RungNoted:
    """People of whom each is expected to bring so much."""
    value = people * each
    return RungNoted(
        people=people,
        buyers=people,
        net=0,
        purchase_days=Range(0, 0, 0),
        value=Range(value, value, value),
        deviation=deviation,
        spread=spread,
    )


NOTED = Snapshot(
    as_of=day(0),
    made_at=day(0),
    seconds=1.0,
    seen="",
    rungs=[
        rung(1_000, 0),
        rung(500, 1),
        rung(400, 20, 30, 15),
        rung(100, 60, 40, 25),
        rung(50, 55),
        rung(0, 0),
        rung(0, 0),
    ],
    all=rung(2_050, 10),
    sources=[],
    others=None,
)


def gains(supposed: Supposed, trials: dict[int, Measured] | None = None) -> dict[int, str | None]:
    """By rung what is expected to be gained by all who move."""
    told = what_if(NOTED, supposed, trials or {}, rules())
    return {one.number: one.gain.expected if one.gain else None for one in told.rungs}


def test_everybody_gains_the_difference_to_the_rung_above() -> None:
    """Even where that is a loss; where nobody is above there is nothing to say, and the largest gain is named."""
    told = what_if(NOTED, Supposed(), {}, rules())
    assert gains(Supposed()) == {1: "1000.00", 2: "9500.00", 3: "16000.00", 4: "-500.00", 5: None, 6: None}
    assert told.most_gained_on == 3
    assert [one.may_spend_per_person for one in told.rungs] == ["1.00", "19.00", "40.00", "0.00", None, None]
    assert [one.rests_on for one in told.rungs] == ["assumption"] * 4 + ["nothing"] * 2
    assert len(told.assumptions) == 4
    assert told.selection.startswith("People on a higher rung differ already")


def test_a_share_of_a_rung_gains_a_share_of_it() -> None:
    """A tenth of one rung, of whom half of the difference comes true."""
    assert gains(Supposed(rung=3, share=0.1, effect=0.5)) == {3: "800.00"}


def test_the_range_grows_with_what_is_not_known() -> None:
    """By hand: a year strays by chance and by what people differ by, and rungs' means are known from so many."""
    (one,) = what_if(NOTED, Supposed(rung=3), {}, rules()).rungs
    years = (30**2 + 15**2 + 40**2 + 25**2) / 400
    means = 15**2 / 400 + 25**2 / 100
    width = 1.6449 * (years + means) ** 0.5
    assert one.gain_per_person is not None
    assert float(one.gain_per_person.high) - 40 == pytest.approx(width, abs=0.006)
    assert 40 - float(one.gain_per_person.low) == pytest.approx(width, abs=0.006)


def test_what_a_play_has_measured_counts_instead_of_the_assumption() -> None:
    """With its window; a play of which nothing is known leaves the assumption, and says why."""
    trials = {3: Measured("ask", 4.0, 1.0, 7.0, 30), 2: Measured("gone", unavailable="no such play")}
    told = {one.number: one for one in what_if(NOTED, Supposed(), trials, rules()).rungs}
    assert (told[3].rests_on, told[3].play, told[3].window_days) == ("measured", "ask", 30)
    assert told[3].gain is not None
    assert (told[3].gain.low, told[3].gain.expected, told[3].gain.high) == ("400.00", "1600.00", "2800.00")
    assert (told[2].rests_on, told[2].unavailable, told[2].window_days) == ("assumption", "no such play", None)


def test_nobody_to_move_is_no_gain() -> None:
    """An empty ladder has no best rung."""
    empty = replace(NOTED, rungs=[rung(0, 0)] * 7)
    assert what_if(empty, Supposed(), {}, rules()).most_gained_on is None


# -- results of plays --------------------------------------------------------------------------------------------

RESULT: dict[str, Any] = {
    "play": "ask",
    "window_days": 30,
    "treated": {"people": 200, "reached": 60},
    "held_out": {"people": 100, "reached": 20},
    "difference": {"rate": 0.1, "low": 0.05, "high": 0.2},
    "money": {"brought": "600.00", "spent": "100.00", "currency": "EUR"},
    "verdict": "it_works",
}


def test_a_result_is_a_gain_a_person() -> None:
    """Of what was brought the margin, less the vouchers; the range is that of the difference."""
    found = measured("ask", RESULT, 0.5)
    assert (found.gain, found.low, found.high) == pytest.approx((1.0, 0.25, 2.5))
    assert (found.play, found.window_days, found.unavailable) == ("ask", 30, None)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"held_out": {"people": 0}}, "nobody has been watched"),
        ({"difference": {"rate": 0, "low": -1, "high": 1}}, "no difference"),
        ({"money": None}, "another make"),
    ],
)
def test_a_result_that_says_nothing_yet_says_so(changed: dict[str, Any], why: str) -> None:
    """No figure is made up."""
    assert why in str(measured("ask", {**RESULT, **changed}, 1.0).unavailable)


def test_only_rungs_with_one_above_are_asked_about() -> None:
    """From the highest there is no way up, and a play has a plain name."""
    for wrong in ({"rung": 7, "play": "p"}, {"rung": 3, "play": "a/b"}):
        with pytest.raises(ValueError, match="validation error"):
            Trial.model_validate(wrong)
