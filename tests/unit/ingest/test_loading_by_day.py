"""How the loader cuts a history into requests when time is to pass day by day."""

import itertools

from services.ingest.loading.delivery import batches, quiet_midnights
from services.ingest.loading.history import Line
from shared import instants
from shared.instants import DAY


def line(time: str) -> Line:
    return Line(instants.parse(time), time, 1, b"{}")


def told(last: str, *batch: str) -> list[str]:
    """The midnights that are told between an event and the batch behind it."""
    found = quiet_midnights(instants.parse(last), [line(time) for time in batch])
    return [instants.text(midnight) for midnight in found]


def test_a_request_by_day_ends_where_the_utc_day_ends() -> None:
    times = ["1997-01-01T00:00:00Z", "1997-01-01T23:59:59Z", "1997-01-02T00:00:00Z"]

    cut = [[each.id for each in batch] for batch in batches(map(line, times), 500, by_day=True)]

    assert cut == [times[:2], times[2:]]


def test_a_request_by_day_holds_no_more_than_any_other() -> None:
    lines = [line("1997-01-01T12:00:00Z")] * 5

    assert [len(batch) for batch in batches(lines, 2, by_day=True)] == [2, 2, 1]


def test_nothing_is_told_between_events_of_which_the_newest_is_at_most_a_day_later() -> None:
    assert told("1997-01-01T12:00:00Z", "1997-01-02T00:00:00Z", "1997-01-02T12:00:00Z") == []


def test_days_on_which_nothing_happened_are_told_as_they_pass() -> None:
    assert told("1998-04-12T00:00:03Z", "1998-04-14T00:00:00Z") == ["1998-04-13T00:00:00Z", "1998-04-14T00:00:00Z"]


def test_the_midnight_before_is_told_when_the_newest_event_is_more_than_a_day_later() -> None:
    assert told("1997-01-01T00:00:00Z", "1997-01-02T09:00:00Z") == ["1997-01-02T00:00:00Z"]


def test_whatever_the_gap_time_never_passes_by_more_than_a_day_at_once() -> None:
    last = instants.parse("1997-01-01T07:00:00Z")
    for hours in range(200):
        at = last + hours * DAY // 24
        steps = [last, *quiet_midnights(last, [Line(at, "", 1, b"")]), at]

        assert all(after - before <= DAY for before, after in itertools.pairwise(steps))
