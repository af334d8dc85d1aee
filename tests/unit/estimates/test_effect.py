"""What a play was found to bring about, instead of an assumption."""

from typing import Any

import pytest

from services.ladder.estimates.effect import Effect, effect
from services.ladder.estimates.what_if import Measured, Supposed, what_if
from shared.http import Problem
from tests.make import rules
from tests.unit.estimates.test_what_if import NOTED, RESULT

HELPS: dict[str, Any] = {**RESULT, "goal": "promotion", "verdict": "helps"}
FOUND = Effect("ask", "promotion", 30, 0.1, 0.05, 0.2, 200, 100, "helps")


def test_a_result_is_an_effect_with_its_interval() -> None:
    """Whether the play helps or does not: both have been measured."""
    assert effect("ask", HELPS, "/query/play") == FOUND
    assert effect("ask", {**HELPS, "verdict": "does_not"}, "/query/play") == FOUND._replace(verdict="does_not")


@pytest.mark.parametrize(
    ("changed", "status", "why"),
    [
        ({"verdict": "too_early"}, 422, "too early"),
        ({"goal": "not_lapsed"}, 422, "nothing of moving up"),
        ({"difference": None}, 503, "another make"),
    ],
)
def test_what_has_measured_no_rise_is_refused(changed: dict[str, Any], status: int, why: str) -> None:
    """With the reason, and where in the question it is."""
    with pytest.raises(Problem) as raised:
        effect("ask", {**HELPS, **changed}, "/query/play")
    body = raised.value.body
    assert raised.value.status == status
    assert why in (body.get("detail") or body["errors"][0].detail)
    assert status == 503 or body["errors"][0].pointer == "/query/play"


def test_the_measured_part_moves_the_whole_way() -> None:
    """By hand for rung 3: of 400 people a tenth gains 40 each; chance, the rungs' means and the effect stray."""
    (one,) = (told := what_if(NOTED, Supposed(rung=3, effect=0.9), {}, rules(), FOUND)).rungs
    years = (30**2 + 15**2 + 40**2 + 25**2) / 400
    means = 15**2 / 400 + 25**2 / 100
    chance = 0.1 * years + 0.1 * 0.9 * 40**2 / 400
    low, high = (
        1.6449 * (chance + 0.1**2 * means + (side / 1.96) ** 2 * (40**2 + means)) ** 0.5 for side in (0.05, 0.1)
    )
    assert one.gain_per_person is not None
    assert one.gain is not None
    assert (told.effect, one.rests_on, one.play, one.gain.expected) == (0.1, "measured_effect", "ask", "1600.00")
    assert 4 - float(one.gain_per_person.low) == pytest.approx(low, abs=0.006)
    assert float(one.gain_per_person.high) - 4 == pytest.approx(high, abs=0.006)
    assert told.measured is not None
    assert (told.measured.low, told.measured.treated) == (0.05, 200)


def test_where_moving_up_is_a_loss_the_range_turns_around() -> None:
    """From rung 4 one falls back in worth: the more move, the more is lost."""
    (one,) = what_if(NOTED, Supposed(rung=4), {}, rules(), FOUND._replace(low=0.1, high=0.3)).rungs
    assert one.gain_per_person is not None
    expected, low, high = (float(getattr(one.gain_per_person, name)) for name in ("expected", "low", "high"))
    assert expected == -0.5
    assert expected - low > high - expected > 0


def test_the_answer_names_the_play_and_what_it_stands_for() -> None:
    """An order is taken for a rise, and that is said; a rise needs no such words."""
    bought = what_if(NOTED, Supposed(), {}, rules(), FOUND._replace(goal="repeat_purchase")).assumptions
    rose = what_if(NOTED, Supposed(), {}, rules(), FOUND).assumptions
    assert "under the play ask 10.0% of the people (with 95 %: 5.0% to 20.0%)" in bought[0]
    assert "200 people treated and 100 held out" in bought[0]
    assert any("not rises" in line for line in bought)
    assert not any("not rises" in line for line in rose)


def test_money_that_was_measured_goes_first() -> None:
    """On the rung for which it was; nobody above is still nothing to be like."""
    told = what_if(NOTED, Supposed(), {3: Measured("other", 4.0, 1.0, 7.0, 30)}, rules(), FOUND)
    assert [one.rests_on for one in told.rungs] == [
        "measured_effect", "measured_effect", "measured", "measured_effect", "nothing", "nothing",
    ]  # fmt: skip
    assert told.rungs[2].play == "other"
