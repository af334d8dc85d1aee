"""Facts that come late correct the standing, and tell the difference once."""

from services.ladder.core import fold
from tests.make import day, fact, purchase, rules
from tests.unit.core.told import stand, tell, timeless, told


def test_a_late_purchase_promotes_at_the_newest_step() -> None:
    """The promotion is dated by the newest step, the standing by the history as it really was."""
    ladder = tell(purchase(day(0)), fact("contact.objected", day(60)))
    ladder.learn(purchase(day(20), id_="late"))
    assert told(ladder.changes)[-2:] == [
        (60, "rung.promoted", 3, 4, "late"),
        (60, "phase.changed", "retention", "growth", "late"),
    ]
    assert ladder.standing is not None
    assert (ladder.standing.rung_since, ladder.standing.phase_since) == (day(20), day(20))


def test_a_late_purchase_undoes_a_risk_that_was_announced() -> None:
    """What was announced of a risk that never was is answered by its clearing."""
    ladder = tell(purchase(day(0)), until=day(90))
    risk_at = told(ladder.changes)[-1][0]
    ladder.learn(purchase(day(70), id_="late"))
    assert told(ladder.changes)[-3:] == [
        (risk_at, "rung.promoted", 3, 4, "late"),
        (risk_at, "phase.changed", "degeneration", "growth", "late"),
        (risk_at, "churn.risk_cleared", "degeneration", "growth", "late"),
    ]


def test_what_comes_after_a_correction_stays_after_it() -> None:
    """A fact older than a correction is late, even where the corrected history has no step as new."""
    ladder = tell(purchase(day(0)), until=day(90))
    raised = ladder.changes[-1].at
    ladder.learn(purchase(day(70), id_="late"))
    ladder.learn(fact("contact.cancelled", day(80), id_="cancelled"))
    assert [(one.type, one.at) for one in ladder.changes[-1:]] == [("phase.changed", max(raised, day(80)))]


def test_a_deadline_stands_before_the_facts_of_its_instant() -> None:
    """A fact at the instant of a deadline is in order, and the deadline fires before it."""
    first = purchase(day(0))
    risk_at = stand(first, at=day(0)).risk_at
    swept = tell(first, until=risk_at)
    again = purchase(risk_at, id_="again")
    assert swept.standing is not None
    assert not fold.is_late(swept.standing, again)
    swept.learn(again)
    assert told(swept.changes) == told(tell(first, again).changes)
    assert "churn.risk_raised" in [one.type for one in swept.changes]


def test_facts_of_one_instant_are_ordered_by_id_then_source() -> None:
    """Of two facts of one instant the one with the smaller id comes first, in whichever order they arrive."""
    bought, cancelled = purchase(day(0), id_="b"), fact("contact.cancelled", day(0), id_="a")
    assert tell(bought, cancelled).standing == tell(cancelled, bought).standing
    assert stand(bought, cancelled, at=day(0)).phase == "active"
    assert stand(bought, fact("contact.cancelled", day(0), id_="c"), at=day(0)).phase == "passive"


def test_as_of_knows_nothing_of_later_refunds() -> None:
    """The standing as it was counts an order that was refunded later."""
    facts = [purchase(day(0), order="1"), fact("purchase.refunded", day(5), order_id="1")]
    before, after = fold.as_of(facts, rules(), day(4)), fold.as_of(facts, rules(), day(5))
    assert before is not None
    assert after is not None
    assert (before.purchases, after.purchases) == (1, 0)
    assert fold.as_of(facts, rules(), day(-1)) is None


def test_a_fact_ahead_of_the_clock_is_folded_at_its_own_instant() -> None:
    """A purchase dated tomorrow counts from tomorrow on."""
    facts = [purchase(day(0)), purchase(day(1))]
    today = fold.as_of(facts, rules(), day(0.5))
    assert today is not None
    assert today.rung == 3
    assert timeless(tell(*facts).standing) == timeless(fold.refold(facts, rules()))
