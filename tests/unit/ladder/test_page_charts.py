"""The geometry of the pictures."""

import re
from itertools import pairwise

from services.ladder.core import fold
from services.ladder.core.standing import Standing
from services.ladder.page import charts
from tests.make import day, purchase, rules


def test_the_fullest_rung_is_as_long_as_the_bar_and_the_others_are_to_scale() -> None:
    """The highest rung comes first; whoever is there is seen."""
    steps = charts.steps({(1, "lead"): 30_000, (3, "retention"): 10_000, (3, "lost"): 5_000, (7, "growth"): 1})

    assert [step.number for step in steps] == [7, 6, 5, 4, 3, 2, 1]
    assert steps[6].segments == [charts.Segment("lead", 30_000, 0.0, charts.BAR)]
    retention, lost = steps[4].segments
    assert retention.width == round(charts.BAR / 3, 2)
    assert (lost.x, lost.width) == (retention.width, round(charts.BAR / 6, 2))
    assert steps[0].segments[0].width > 0
    assert steps[1].segments == []


def test_an_empty_ladder_has_seven_empty_rungs() -> None:
    """Nobody is known yet."""
    assert [step.people for step in charts.steps({})] == [0] * 7


def test_the_curve_jumps_with_each_order_and_sinks_in_between() -> None:
    """From the first order to behind silence, with the deadlines where the rules put them."""
    standing = stood(0, 40, 41)
    now = day(60)
    curve = charts.curve(standing, day(700), now, rules())

    assert curve is not None
    heights = [float(y) for _, y in re.findall(r"([\d.]+) ([\d.]+)", curve.path)]
    rises = [after < before - 1 for before, after in pairwise(heights)]
    assert sum(rises) == 2  # the y of SVG grows downwards
    marks = {mark.name: mark for mark in curve.marks}
    assert marks["risk_at"].at == standing.risk_at
    assert marks["silence_at"].at == standing.silence_at
    assert marks["now_mark"].at == now
    assert [mark.at for mark in curve.marks if mark.name == "order_mark"] == [day(0), day(40), day(41)]
    assert all(0 <= mark.x <= charts.WIDTH for mark in curve.marks)
    assert curve.begin == day(0) < standing.silence_at < curve.end


def test_the_curve_says_what_the_explanation_says() -> None:
    """The point of now has the height of the chance now."""
    standing, now = stood(0, 40), day(100)
    curve = charts.curve(standing, None, now, rules())

    assert curve is not None
    chance = rules().churn.chance(1, 40, now - day(40))
    assert curve.now[1] == round(charts.HEIGHT * (1 - chance / curve.top), 1)


def test_many_orders_on_few_days_begin_where_memory_does() -> None:
    """Of a long life the newest orders are drawn, each at its own chance."""
    standing = stood(*range(0, 400, 20))
    curve = charts.curve(standing, None, day(401), rules())

    assert curve is not None
    assert curve.begin == day(400 - 20 * len(standing.order_ats))


def test_without_an_order_there_is_no_curve() -> None:
    """There is nothing to estimate."""
    assert charts.curve(stood(), None, day(1), rules()) is None


def test_lines_share_a_scale_and_break_where_nothing_is_known() -> None:
    """A gap ends the line; a single value between gaps is a dot; figures below zero lie on the floor."""
    drawn = charts.lines({"a": [0.0, 5.0, None, 10.0], "b": [-1.0, 10.0]})

    assert drawn is not None
    assert drawn.top == 10.0
    first, second = drawn.lines
    third = round(charts.WIDTH / 3, 1)
    assert first.path == f"M0.0 {charts.HEIGHT}L{third} {charts.HEIGHT / 2}"
    assert first.dots == [(charts.WIDTH, 0.0)]
    assert second.path == f"M0.0 {charts.HEIGHT}L{third} 0.0"


def test_nothing_known_is_nothing_drawn() -> None:
    """Neither of no series nor of empty ones; of zeros there is a line."""
    assert charts.lines({}) is None
    assert charts.lines({"a": [], "b": [None]}) is None
    assert charts.lines({"a": [0.0, 0.0]}) is not None


def stood(*days: int) -> Standing:
    standing = fold.refold([purchase(day(each)) for each in days], rules()) if days else None
    return standing or Standing(0, "", "", 1, 0, "lead", 0, ())  # type: ignore[arg-type]
