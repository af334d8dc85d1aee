"""One batch folded in memory, without a database."""

from decimal import Decimal

import msgspec
import pytest

from services.ladder import friends
from services.ladder.core.standing import decode
from services.ladder.lanes import manner_of
from services.ladder.settings import LadderSettings
from services.ladder.store import FactRow, Stored
from services.ladder.turn import Turn
from shared import events
from tests.make import credit, day, naming, purchase, refund, rules


def turn_of(now: int) -> Turn:
    """An empty batch of lane 0."""
    return Turn(manner_of(LadderSettings(), rules()), 0, 0, now)


def row_of(fact: events.Fact) -> FactRow:
    """The fact in the journal."""
    return FactRow(fact.subject, fact.source, fact.id, fact.at, None, events.encode(fact))


def test_a_refold_keeps_what_lies_ahead_of_its_instant() -> None:
    """A fact dated ahead of the clock is folded at its own instant, in a refold as when it came."""
    facts = [purchase(day(1)), purchase(day(3))]
    told = turn_of(day(2))
    told.know("c1", Stored(None, None))
    for fact in facts:
        told.take(fact, events.encode(fact), fact.at)
    (row,) = told.standings()
    refolded = turn_of(day(2))
    refolded.know("c1", Stored(row.state, None))
    refolded.know_facts("c1", map(row_of, facts))
    refolded.refold("c1", day(2), emit=True)
    (again,) = refolded.standings()
    assert (decode(again.state).purchases, again.state) == (2, row.state)
    assert not refolded.outbox


def test_what_a_failing_fold_had_begun_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact that fails half way leaves no row behind but the one that says it waits."""
    turn = turn_of(day(2))
    turn.know("c1", Stored(None, None))
    good, bad = purchase(day(1)), purchase(day(2))
    turn.take(good, events.encode(good), good.at)
    before = (list(turn.facts), list(turn.outbox), list(turn.transitions), turn.people["c1"].standing)

    def fail(*_: object) -> None:
        raise ArithmeticError("odd")

    monkeypatch.setattr(Turn, "_refer", fail)
    turn.take(bad, events.encode(bad), bad.at)
    assert (turn.facts, turn.outbox, turn.transitions, turn.people["c1"].standing) == before
    assert [waiting.person for waiting in turn.waiting] == ["c1"]


def test_a_refold_notes_again_who_is_credited_with_whom() -> None:
    """Of each friend the highest version counts, whatever came first; what was taken back is noted as that."""
    told = [
        purchase(day(0)),
        credit("f1", 2, cause=day(9)),
        credit("f1", 1, converted=day(5)),
        credit("f2", converted=day(6)),
    ]
    turn = turn_of(day(20))
    turn.know("c1", Stored(None, None))
    rows = [FactRow(one.subject, one.source, one.id, one.at, None, events.encode(one)) for one in told]
    turn.know_facts("c1", rows)
    turn.refold("c1", day(20), emit=False)
    newest = {row.friend: row for row in sorted(turn.credits, key=lambda row: row.version)}
    assert {friend: (row.person, row.version, row.credited) for friend, row in newest.items()} == {
        "f1": ("c1", 2, False),
        "f2": ("c1", 1, True),
    }


def test_a_refold_tells_once_of_orders_that_older_programs_had_kept_to_themselves() -> None:
    """To the maker go the orders that stand, each with what was paid net of refunds."""
    facts = [
        purchase(day(1), order="o1", amount="10.00"),
        purchase(day(2), order="o2", amount="20.00"),
        purchase(day(3), order="o3", amount="30.00"),
        refund(day(4), order="o2", amount="5.00"),
        refund(day(5), order="o3"),
    ]
    friend = friends.Friend([naming("m1", day(0))], version=1, maker="m1")
    stored = Stored(None, friends.encoded(friend))
    told = []
    for _ in range(2):
        turn = turn_of(day(9))
        turn.know("c1", stored)
        turn.know_facts("c1", map(row_of, facts))
        turn.refold("c1", day(9), emit=False)
        told.append([msgspec.json.decode(row.value, type=events.ReferralSold) for row in turn.outbox])
        stored = dict(turn.stored())["c1"]
    first, second = told
    assert [(one.subject, one.data.order.at, one.data.paid) for one in first] == [
        ("m1", "2024-01-02T00:00:00Z", Decimal("10.00")),
        ("m1", "2024-01-03T00:00:00Z", Decimal("15.00")),
    ]
    assert not second
