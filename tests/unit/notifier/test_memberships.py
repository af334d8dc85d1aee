"""Whether a membership that starts is a new one or goes on."""

import pytest

from services.notifier.plays.memberships import renews
from services.notifier.plays.person import Heard
from shared.instants import DAY
from tests.make import day

GRACE = 30 * DAY


def started(at: int, until: int | None = None) -> Heard:
    return Heard("shop", f"s{at}", "membership.started", at, ends_at=until)


def ended(at: int) -> Heard:
    return Heard("shop", f"e{at}", "membership.ended", at)


@pytest.mark.parametrize(
    ("before", "at", "goes_on"),
    [
        ((), 400, False),
        ((started(day(0)),), 4_000, True),
        ((started(day(0), day(365)),), 360, True),
        ((started(day(0), day(365)),), 395, True),
        ((started(day(0), day(365)),), 396, False),
        ((started(day(0), day(365)), ended(day(100))), 130, True),
        ((started(day(0), day(365)), ended(day(100))), 131, False),
        ((started(day(0)), ended(day(100)), started(day(200))), 300, True),
        ((ended(day(100)),), 101, False),
        ((started(day(500)),), 400, False),
    ],
)
def test_one_that_stands_or_has_just_ended_goes_on(before: tuple[Heard, ...], at: int, *, goes_on: bool) -> None:
    """By its end, told or announced; what starts later says nothing."""
    fact = started(day(at))

    assert renews(fact, (*before, fact), GRACE) is goes_on
