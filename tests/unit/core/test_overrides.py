"""Rungs given by hand."""

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from services.ladder.core import fold, rungs
from services.ladder.core.explain import explain
from services.ladder.core.facts import Known
from services.ladder.core.past import makes_known
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing
from shared.events import Counted
from tests.make import day, fact, lifted, overridden, purchase, rules
from tests.unit.core.lives import RULES, SPAN, lives
from tests.unit.core.told import place, stand, tell, told, types

CUSTOMER: tuple[Known, ...] = (purchase(day(0)), purchase(day(1)))
MEMBER: tuple[Known, ...] = (*CUSTOMER, fact("membership.started", day(2)))
END = day(SPAN + 1_000)

SHOWN: dict[str, tuple[tuple[Known, ...], float, int]] = {
    "a floor lifts": ((*CUSTOMER, overridden(day(5), 6)), 5, 6),
    "a floor holds nobody down": ((*CUSTOMER, overridden(day(5), 3)), 5, 4),
    "a fixed rung lifts": ((*CUSTOMER, overridden(day(5), 6, fixed=True)), 5, 6),
    "a fixed rung holds down": ((*CUSTOMER, overridden(day(5), 2, fixed=True)), 5, 2),
    "to the instant before its end": ((*CUSTOMER, overridden(day(5), 6, until=day(9))), 8.9, 6),
    "not at its end": ((*CUSTOMER, overridden(day(5), 6, until=day(9))), 9, 4),
    "not when it was over before it began": ((*CUSTOMER, overridden(day(5), 6, until=day(5))), 5, 4),
    "not once it is lifted": ((*CUSTOMER, overridden(day(5), 6), lifted(day(8))), 8, 4),
    "the newest counts": ((*CUSTOMER, overridden(day(5), 6), overridden(day(7), 2, fixed=True)), 7, 2),
    "what was replaced does not come back": (
        (*CUSTOMER, overridden(day(5), 6), overridden(day(7), 2, fixed=True, until=day(9))),
        9,
        4,
    ),
    "who climbs past a floor is there": ((*CUSTOMER, overridden(day(5), 4), fact("membership.started", day(6))), 6, 5),
    "a rung by hand is no base for the next": ((*CUSTOMER, overridden(day(5), 5), fact("referral.made", day(6))), 6, 5),
}


@pytest.mark.parametrize(("facts", "at", "rung"), SHOWN.values(), ids=SHOWN.keys())
def test_shown(facts: tuple[Known, ...], at: float, rung: int) -> None:
    """The rung that is shown under what was given by hand."""
    assert stand(*facts, at=day(at)).rung == rung


def test_its_changes_are_announced_with_it_or_its_end_as_the_cause() -> None:
    """What an override changes is told as any other change of the rung."""
    words = (overridden(day(5), 6, until=day(9), id_="up"), overridden(day(20), 2, fixed=True, id_="down"))
    ladder = tell(*CUSTOMER, *words, lifted(day(30), id_="free"), until=day(40))
    assert told(ladder.changes)[-4:] == [
        (5, "rung.promoted", 4, 6, "up"),
        (9, "rung.demoted", 6, 4, "override_ends"),
        (20, "rung.demoted", 4, 2, "down"),
        (30, "rung.promoted", 2, 4, "free"),
    ]


def test_a_rise_by_hand_is_no_growth_and_a_hidden_rise_is() -> None:
    """Growth is of the rung by the rules, whatever is shown."""
    known = stand(*CUSTOMER, purchase(day(91.5)), overridden(day(92), 7), at=day(92))
    assert place(known) == (7, "retention")
    joined = (purchase(day(85)), fact("membership.started", day(90)))
    hidden = stand(*CUSTOMER, overridden(day(3), 2, fixed=True), *joined, at=day(95))
    assert (hidden.rung, hidden.rung_by_rules, str(hidden.stage)) == (2, 5, "growth")


def test_a_fall_underneath_is_seen_when_the_override_ends() -> None:
    """The rules go on below; nothing of it is announced before."""
    facts = (*MEMBER, overridden(day(3), 5, until=day(900)), fact("membership.ended", day(10), cause="moved"))
    ladder = tell(*facts, until=day(899))
    assert ladder.standing is not None
    assert (ladder.standing.rung, ladder.standing.rung_by_rules) == (5, 3)
    assert not [change for change in ladder.changes if change.type in {"rung.demoted", "rung.endangered"}]
    assert told(ladder.sweep(day(900))) == [(900, "rung.demoted", 5, 3, "override_ends")]


def test_a_fall_from_above_a_floor_is_warned_of_and_ends_on_it() -> None:
    """A floor that does not hold the rung yet shortens the fall."""
    advocate = (purchase(day(0)), fact("membership.started", day(1)), fact("referral.made", day(2)))
    facts = (*advocate, overridden(day(3), 5), fact("membership.ended", day(10), cause="moved"))
    ladder = tell(*facts, until=day(2_000))
    assert [change[:4] for change in told(ladder.changes) if change[1] in {"rung.endangered", "rung.demoted"}] == [
        (10, "rung.endangered", 6, 5),
        (40, "rung.demoted", 6, 5),
    ]


def test_it_is_explained() -> None:
    """The explanation shows what was given, by whom and why, and the rung that the rules would give."""
    facts = (*CUSTOMER, overridden(day(5), 6, until=day(900), id_="up"))
    shown = explain(stand(*facts, at=day(6)), day(6), rules())
    by_hand = Counted("override", 1, 1, None, ("up",))
    assert (shown.rung.number, shown.rung.because) == (6, [by_hand])
    assert shown.next_ is not None
    assert shown.next_.number == 5
    assert shown.falls is not None
    assert (shown.falls.to, shown.falls.at, shown.falls.because) == (3, "2026-06-19T00:00:00Z", [by_hand])
    assert shown.override is not None
    assert (shown.override.kind, shown.override.reason, shown.override.by) == ("floor", "goodwill", "crm")
    assert (shown.override.since, shown.override.until) == ("2024-01-06T00:00:00Z", "2026-06-19T00:00:00Z")
    assert shown.override.otherwise == 4


def test_one_that_agrees_with_the_rules_leaves_the_reasons_to_them() -> None:
    """The criteria are named as long as they alone would hold the rung."""
    shown = explain(stand(*CUSTOMER, overridden(day(5), 4), at=day(6)), day(6), rules())
    assert [one.measure for one in shown.rung.because] == ["purchases"]
    assert shown.falls is None


def test_it_comes_behind_the_facts_of_its_instant() -> None:
    """Whoever gave it knew them, though their ids sort behind."""
    assert stand(purchase(day(0), id_="z"), overridden(day(0), 5, id_="a"), at=day(0)).rung == 5


def test_it_makes_nobody_known() -> None:
    """Of a stranger there is no standing, whatever somebody decides."""
    assert fold.refold([overridden(day(5), 6)], rules()) is None


@pytest.mark.parametrize("rules_", RULES.values(), ids=RULES.keys())
@settings(max_examples=80, deadline=None)
@given(facts=lives())
def test_all_but_the_rung_is_as_without_it(rules_: Rules, facts: list[Known]) -> None:
    """Phases, criteria and sums are those of the same life without any word by hand."""
    alone = [one for one in facts if makes_known(one) or one.source != "override"]
    with_words, without = fold.refold(facts, rules_, END), fold.refold(alone, rules_, END)
    assert with_words is not None
    assert without is not None
    assert _underneath(with_words, rules_) == _underneath(without, rules_)
    assert with_words.rung_by_rules == without.rung


def _underneath(standing: Standing, rules_: Rules) -> Standing:
    """Of the rungs those that the person rests on: what has run out below them is noted with the next deadline."""
    held = tuple(standing.ends[rung.index] for rung in rungs.resting(standing, rules_))
    blank = replace(standing, step_at=0, step_id="", step_source="", rung=0, rung_since=0, due=0, ends=held)
    return replace(blank, endangered=False, override=None)


def test_no_word_changes_a_type_that_is_announced() -> None:
    """An override brings about changes of the rung and nothing else."""
    ladder = tell(*CUSTOMER, until=day(4))
    assert types(ladder.learn(overridden(day(5), 7))) == ["rung.promoted"]
    assert types(ladder.learn(lifted(day(6)))) == ["rung.demoted"]
