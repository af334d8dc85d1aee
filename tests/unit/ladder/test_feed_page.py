"""Pages of the feed, put together from what the lanes have."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ladder.cursors import FeedCursor
from services.ladder.feed import Page, assemble
from services.ladder.queries import Announced, Stretch
from shared.http import Problem

SCAN = 4

Outbox = list[list[bool]]
"""Of each lane, for each row from number 1 on, whether it is an announcement."""

outboxes = st.lists(st.lists(st.booleans(), max_size=12), min_size=1, max_size=5)


def row(lane: int, seq: int) -> Announced:
    return Announced(lane, seq, "rung.promoted", "c1", b"{}")


def ask(outbox: Outbox, cursor: FeedCursor, limit: int) -> Page:
    """What the database would find, as a page."""
    busy = sum(len(rows) > position for rows, position in zip(outbox, cursor.positions, strict=True))
    share = -(-limit // max(1, busy))
    stretches = []
    for lane, (rows, position) in enumerate(zip(outbox, cursor.positions, strict=True)):
        until = min(len(rows), position + SCAN)
        found = [row(lane, seq) for seq in range(position + 1, until + 1) if rows[seq - 1]]
        first = position + 1 if position < len(rows) else None
        stretches.append(Stretch(lane, position, len(rows), first, until, share, found[:share]))
    return assemble(cursor, stretches, limit)


@given(outboxes, st.integers(1, 20))
def test_page_after_page_gives_every_announcement_once(outbox: Outbox, limit: int) -> None:
    """Whatever the limit, the pages hold each announcement once, a lane's in order, and `more` ends with them."""
    cursor, seen, more = FeedCursor(0, [0] * len(outbox)), [], True
    while more:
        page = ask(outbox, cursor, limit)
        assert len(page.items) <= limit
        assert page.next != cursor or not page.more
        seen += page.items
        cursor, more = page.next, page.more
    by_lane = defaultdict(list)
    for item in seen:
        by_lane[item.lane].append(item.seq)
    expected = {lane: [seq for seq, told in enumerate(rows, 1) if told] for lane, rows in enumerate(outbox)}
    assert by_lane == {lane: seqs for lane, seqs in expected.items() if seqs}
    assert cursor.positions == [len(rows) for rows in outbox]


@given(st.integers(2, 6), st.integers(1, 4))
def test_no_lane_waits_for_another_to_end(lanes: int, limit: int) -> None:
    """While all lanes have more than enough, within a round of pages each of them gets its turn."""
    outbox, cursor, served = [[True] * 100] * lanes, FeedCursor(0, [0] * lanes), set()
    for _ in range(lanes):
        page = ask(outbox, cursor, limit)
        served |= {item.lane for item in page.items}
        cursor = page.next
    assert served == set(range(lanes))


@pytest.mark.parametrize(
    ("position", "last", "first"),
    [
        pytest.param(3, 9, 5, id="the next row was deleted"),
        pytest.param(3, 9, None, id="all rows were deleted"),
        pytest.param(9, 3, None, id="the position was never reached"),
    ],
)
def test_a_gap_behind_the_cursor_is_told(position: int, last: int, first: int | None) -> None:
    """Where something that was not seen is gone, the cursor has expired."""
    stretch = Stretch(0, position, last, first, min(last, position + SCAN), 1, [])
    with pytest.raises(Problem) as refused:
        assemble(FeedCursor(0, [position]), [stretch], 1)
    assert refused.value.status == 410


def test_at_the_end_nothing_can_be_missing() -> None:
    """Who has read everything may come back after everything was deleted."""
    page = assemble(FeedCursor(0, [9]), [Stretch(0, 9, 9, None, 9, 1, [])], 1)
    assert page == Page([], FeedCursor(0, [9]), more=False)
