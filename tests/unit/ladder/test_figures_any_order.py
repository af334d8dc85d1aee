"""The daily differences are a function of the set of facts, the rules and the time, however the facts arrive."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ladder.core import fold, worth
from services.ladder.core.facts import Known
from services.ladder.core.moves import Moves
from services.ladder.core.past import Past, makes_known
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Phase
from services.ladder.figures.rows import Kind, Span
from services.ladder.figures.sums import Figure, Sums, source_key
from services.ladder.lanes import manner_of
from services.ladder.settings import LadderSettings
from services.ladder.store import FactRow, Stored
from services.ladder.turn import Turn, needs_journal
from shared import events
from tests import make
from tests.unit.core.lives import RULES, SPAN, lives

END = make.day(SPAN + 1_000)
moments = st.integers(0, (SPAN + 1_000) * 2).map(lambda halves: make.day(halves / 2))
Numbers = Counter[tuple[str, str, int, str, str]]
"""By span, kind, day, key and name of the number."""


class Lane:
    """One person told in batches, the way the worker tells them, with the figures added up behind them."""

    def __init__(self, rules: Rules) -> None:
        self.manner = manner_of(LadderSettings(), rules)
        self.stored = Stored(None, None)
        self.journal: list[FactRow] = []
        self.figures: Numbers = Counter()

    def batch(self, facts: list[Known], until: int | None) -> None:
        """Fold these, then let time pass."""
        turn = Turn(self.manner, 0, 0, END)
        turn.know("c1", self.stored)
        for row in self.journal:
            turn.ids.add(("c1", row.source, row.id))
        claimed = {("c1", row.key) for row in self.journal if row.key is not None}
        if needs_journal(turn.people["c1"], facts, claimed):
            turn.know_facts("c1", self.journal)
        for fact in facts:
            turn.take(fact, events.encode(fact), fact.at)
        if until is not None:
            turn.sweep("c1", until)
        assert not turn.waiting
        self.stored = dict(turn.stored())["c1"]
        self.journal += [FactRow(*line[1:]) for line in turn.facts]
        for name, number in numbers(turn.figures).items():
            self.figures[name] += number


def numbers(sums: Sums) -> Numbers:
    """Each number of each row by its name."""
    found: Numbers = Counter()
    for rows, names in ((sums.rows(), Figure._fields), (sums.worth.rows(), worth.Sums._fields)):
        for row in rows:
            for name, number in zip(names, row.figure, strict=True):
                found[row.span, row.kind, row.day, row.key, name] += number
    return found


def from_nothing(rules: Rules, facts: list[Known]) -> Numbers:
    """The figures of these facts up to the end, folded from nothing."""
    sums, moves = Sums(), Moves()
    standing = Past(facts, rules).fold(moves)
    if standing is not None:
        fold.sweep(standing, END, rules, moves.made)
    sums.count(moves)
    return numbers(sums)


def there(found: Numbers) -> dict[tuple[str, str, int, str, str], int]:
    """Those that are not zero."""
    return {name: number for name, number in found.items() if number}


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_arrival_ends_in_the_same_figures(rules: Rules, data: st.DataObject) -> None:
    """Any order, duplicates, batches and sweeps end in the figures of a fold from nothing."""
    told = data.draw(lives())
    first = next(fact for fact in told if makes_known(fact))
    arriving = data.draw(st.permutations([*told, *data.draw(st.lists(st.sampled_from(told), max_size=4))]))
    lane = Lane(rules)
    lane.batch([first], None)
    while arriving:
        size = data.draw(st.integers(1, 5))
        lane.batch(arriving[:size], data.draw(st.none() | moments))
        arriving = arriving[size:]
    lane.batch([], END)
    assert there(lane.figures) == there(from_nothing(rules, told))


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())
@settings(max_examples=40, deadline=None)
@given(facts=lives())
def test_running_sums_are_the_standing(rules: Rules, facts: list[Known]) -> None:
    """What all differences of the cells sum up to is the one cell the person stands on, with their orders and money."""
    standing = fold.refold(facts, rules, END)
    assert standing is not None
    found = from_nothing(rules, facts)
    cells: Counter[tuple[str, str]] = Counter()
    for (span, kind, _, key, name), number in found.items():
        if (span, kind) == (Span.DAY, Kind.CELL):
            cells[key, name] += number
    here = f"{standing.rung}/{standing.stage}"
    people = Counter({key: cells[key, "entered"] - cells[key, "gone"] for key, name in cells if name == "entered"})
    assert {key: count for key, count in people.items() if count} == {here: 1}
    assert sum(count for (_, name), count in cells.items() if name == "orders") == standing.purchases
    money = Counter({key: cells[key, "money_in"] + cells[key, "revenue"] - cells[key, "money_out"] for key, _ in cells})
    assert {key: amount for key, amount in money.items() if amount} == (
        {here: standing.spent} if standing.spent else {}
    )


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())
@settings(max_examples=40, deadline=None)
@given(facts=lives())
def test_running_sums_are_what_the_person_is_worth(rules: Rules, facts: list[Known]) -> None:
    """All of it is of the one source they came from, and what they cost and brought is on the rung where they are."""
    standing = fold.refold(facts, rules, END)
    assert standing is not None
    sources: Counter[tuple[str, str]] = Counter()
    rungs: Counter[tuple[str, str]] = Counter()
    for (span, kind, _, key, name), number in from_nothing(rules, facts).items():
        if (span, kind) == (Span.DAY, Kind.SOURCE):
            sources[key, name] += number
        elif span == Span.DAY and kind in {Kind.BROUGHT, Kind.CARRIED}:
            rungs[key, name] += number
    came_from, rung = source_key(standing.worth.source), str(standing.rung)
    assert {key for key, _ in sources} == {came_from}
    assert (sources[came_from, "entered"], sources[came_from, "gone"]) == (1, 0)
    assert sources[came_from, "customers"] == (standing.purchases > 0)
    assert sources[came_from, "repeaters"] == (standing.purchases > 1)
    assert sources[came_from, "active"] == (standing.phase is Phase.ACTIVE)
    assert (sources[came_from, "orders"], sources[came_from, "revenue"]) == (standing.purchases, standing.spent)
    told = worth.sums(standing.worth)._asdict()
    assert {key: number for key, number in rungs.items() if number} == {
        (rung, name): number for name, number in told.items() if number
    }


@settings(max_examples=40, deadline=None)
@given(facts=lives())
def test_months_sum_up_their_days(facts: list[Known]) -> None:
    """The rows of months say what those of their days say."""
    found = from_nothing(make.rules(), facts)
    totals: dict[str, Counter[tuple[str, str, str]]] = {Span.DAY: Counter(), Span.MONTH: Counter()}
    for (span, kind, _, key, name), number in found.items():
        totals[span][kind, key, name] += number
    assert totals[Span.DAY] == totals[Span.MONTH]
