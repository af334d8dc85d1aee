"""The standing is a function of the set of facts, the rules and the time, however the facts arrive."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ladder.core import fold
from services.ladder.core.decide import Change
from services.ladder.core.evolve import advance
from services.ladder.core.facts import Known, instant, key, known_since
from services.ladder.core.rules import Rules
from services.ladder.core.standing import FOREVER, Standing
from shared.events import ReferralCredited, ReferralSold
from tests import make
from tests.unit.core.lives import RULES, SPAN, lives
from tests.unit.core.told import Ladder, timeless

END = make.day(SPAN + 1_000)
every_rules = pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())
moments = st.integers(0, (SPAN + 1_000) * 2).map(lambda halves: make.day(halves / 2))
thorough = settings(max_examples=80, deadline=None)


def arrivals(facts: list[Known]) -> st.SearchStrategy[list[Known | int | None]]:
    """The facts in any order, some twice, with sweeps (instants) and batches' ends (None) in between."""
    return st.lists(st.sampled_from(facts) | moments | st.none(), max_size=12).flatmap(
        lambda more: st.permutations([*facts, *more])
    )


@every_rules
@thorough
@given(data=st.data())
def test_any_arrival_ends_in_the_same_standing(rules: Rules, data: st.DataObject) -> None:
    """Any order, duplicates, batches and sweeps end in the standing folded from nothing."""
    facts = data.draw(lives())
    ladder = arrive(rules, data.draw(arrivals(facts)))
    ladder.sweep(END)
    assert timeless(ladder.standing) == timeless(fold.refold(facts, rules, END))


@every_rules
@thorough
@given(data=st.data())
def test_announcements_chain(rules: Rules, data: st.DataObject) -> None:
    """However facts arrive, each announcement goes on from where the one before it ended, never back in time."""
    facts = data.draw(lives())
    ladder = arrive(rules, data.draw(arrivals(facts)))
    for type_, moves in (("rung", {"rung.promoted", "rung.demoted"}), ("phase", {"phase.changed"})):
        chain = [change for change in ladder.changes if change.type in moves]
        assert all(later.from_ == earlier.to for earlier, later in pairwise(chain))
        assert not chain or (chain[0].from_ is None and chain[-1].to == current(ladder, type_))
    assert all(earlier.at <= later.at for earlier, later in pairwise(ladder.changes))


def arrive(rules: Rules, arriving: list[Known | int | None]) -> Ladder:
    ladder = Ladder(rules)
    for one in arriving:
        if one is None:
            ladder.store()
        elif isinstance(one, int):
            ladder.sweep(one)
        else:
            ladder.learn(one)
    return ladder


def current(ladder: Ladder, type_: str) -> object:
    assert ladder.standing is not None
    last = ladder.changes[-1]
    assert (last.rung, last.stage) == (ladder.standing.rung, ladder.standing.stage)
    if type_ == "rung":
        return ladder.standing.rung
    return next(change.to for change in reversed(ladder.changes) if change.type == "phase.changed")


@every_rules
@thorough
@given(data=st.data())
def test_sweeps_change_no_announcement(rules: Rules, data: st.DataObject) -> None:
    """What is announced of facts that come in order does not depend on when sweeps ran."""
    facts = sorted(data.draw(lives()), key=key)
    sweeps = data.draw(st.lists(moments, max_size=8))
    assert in_order(rules, facts, sweeps) == in_order(rules, facts, [])


def in_order(rules: Rules, facts: list[Known], sweeps: list[int]) -> list[Change]:
    """Facts in order, and sweeps that overtake none of them."""
    ladder = Ladder(rules)
    for _, _, one in sorted([(at, 0, at) for at in sweeps] + [(instant(f), 1, n) for n, f in enumerate(facts)]):
        if one < len(facts):
            ladder.learn(facts[one])
        else:
            ladder.sweep(one)
    ladder.sweep(END)
    return ladder.changes


@every_rules
@thorough
@given(facts=lives(), data=st.data())
def test_nothing_changes_before_due(rules: Rules, facts: list[Known], data: st.DataObject) -> None:
    """Until `due` nothing visible changes, at `due` something does.

    It is announced, unless it is a friend's order or hidden by an override.
    """
    standing = fold.refold(facts, rules, data.draw(moments))
    while standing is not None and standing.due < FOREVER:
        due = standing.due
        assert due > standing.step_at
        assert advance(standing, due - 1, rules) == (standing, [])
        after, changes = fold.sweep(standing, due, rules)
        assert visible(after) != visible(standing)
        assert changes or underneath(after) != underneath(standing)
        assert {change.at for change in changes} <= {due}
        standing = after


def visible(standing: Standing) -> tuple[object, ...]:
    return standing.rung, standing.stage, standing.at_risk, standing.endangered, *underneath(standing)


def underneath(standing: Standing) -> tuple[object, ...]:
    """What only the person's own explanation shows."""
    return standing.rung_by_rules, standing.override, standing.worth


@every_rules
@thorough
@given(facts=lives(), at=moments)
def test_as_of_is_what_those_who_knew_no_more_would_have_folded(rules: Rules, facts: list[Known], at: int) -> None:
    """`as_of` sees the facts up to its instant and nothing of those after it."""
    known = [fact for fact in facts if known_since(fact) <= at]
    by_then = fold.as_of(facts, rules, at)
    assert by_then == fold.as_of(known, rules, at)
    if not any(isinstance(fact, ReferralCredited | ReferralSold) for fact in facts):
        assert by_then == fold.refold(known, rules, at)
