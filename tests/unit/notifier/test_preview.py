"""The pure parts of a preview: where people were before its window, what they would be given, what is counted."""

from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.notifier.message import Message, Reason, State
from services.notifier.offers.book import Amount, Budget, OfferBook, Partner, Percent
from services.notifier.offers.voucher import Wanted
from services.notifier.plays.deciding import learn
from services.notifier.plays.person import Course, Moment, Person, after
from services.notifier.preview.giving import Giving
from services.notifier.preview.queries import GivenBefore, Stock
from services.notifier.preview.rewinding import standing_before
from services.notifier.preview.series import run_before
from services.notifier.preview.tally import EXAMPLES, Tally
from shared.events import Standing
from tests.make import announced, day, demoted
from tests.unit.notifier.people import willing
from tests.unit.notifier.test_series import BOOK, begun, bought, later, place


def _goes_on(*until: float) -> Person:
    """Somebody whose series began on day 0 and went on when its waits were over, on these days; all mail is sent."""
    person, _ = begun()
    for each in until:
        person, _ = later(person, day(each))
    return _sent(person)


def _sent(person: Person) -> Person:
    return replace(person, messages={each.id: _as(each, State.SENT) for each in person.messages.values()})


def _as(message: Message, state: State) -> Message:
    return message if message.state is State.HELD_BACK else msgspec.structs.replace(message, state=state)


def _buys(person: Person, at: int) -> Person:
    fact = bought(at)
    known = replace(person, heard=(*person.heard, fact))
    return after(known, learn(fact, known, Moment(at), BOOK))


WAITS, WAITS_AGAIN, RESTS = _goes_on(), _goes_on(14), _goes_on(14, 59)
STILL, AGAIN, RESTING = (2, Course.WAITING, day(14)), (4, Course.WAITING, day(59)), (4, Course.RESTING, None)


@pytest.mark.parametrize(
    ("now", "since", "then"),
    [
        (WAITS, day(1), STILL),
        (WAITS_AGAIN, day(14), STILL),
        (WAITS_AGAIN, day(15), AGAIN),
        (RESTS, day(1), STILL),
        (RESTS, day(59), AGAIN),
        (RESTS, day(60), RESTING),
        (_goes_on(16), day(15), (2, Course.WAITING, day(15))),
        (_goes_on(16), day(17), (4, Course.WAITING, day(61))),
        (_buys(WAITS, day(7)), day(7), STILL),
        (_buys(WAITS, day(7)), day(8), (2, Course.STOPPED, None)),
        (_buys(WAITS_AGAIN, day(20)), day(1), STILL),
        (_buys(WAITS_AGAIN, day(20)), day(20), AGAIN),
        (_buys(RESTS, day(80)), day(30), AGAIN),
        (_buys(RESTS, day(80)), day(80), RESTING),
        (_buys(RESTS, day(80)), day(81), (4, Course.STOPPED, None)),
    ],
)
def test_a_place_is_led_back_to_where_it_was(now: Person, since: int, then: tuple[int, Course, int | None]) -> None:
    """Whatever has become of it since; what went on late was still waiting, and is due at once."""
    before = replace(now, messages={each.id: each for each in now.messages.values() if each.at < since})
    found = run_before(place(now), now, before, BOOK, since)
    assert found is not None
    assert (found.step, found.course, found.due_at) == then


def test_nobody_is_in_a_series_before_it_began() -> None:
    """It is one more thing that the window brings."""
    assert run_before(place(WAITS), WAITS, willing(), BOOK, day(0)) is None


def test_the_first_change_of_each_kind_says_where_somebody_stood() -> None:
    """Rung by rung, phase by phase; somebody without any has stood still, and who was new was nowhere."""
    now = Standing(rung=3, phase="passive", stage="win_back")
    to, from_ = ({"phase": "passive", "stage": "win_back"}, {"phase": "active", "stage": "degeneration"})
    cues = [
        demoted(day(1), 4),
        announced("phase.changed", day(2), from_, to),
        demoted(day(3), 3, id_="again"),
    ]
    assert standing_before(now, []) == now
    assert standing_before(now, cues) == Standing(rung=7, phase="active", stage="degeneration")
    assert standing_before(now, cues[1:2]) == Standing(rung=3, phase="active", stage="degeneration")
    assert standing_before(now, [announced("rung.promoted", day(1), None, 3)]) is None


OFFERS = OfferBook(
    version=1,
    offer=(
        Percent(key="gift", valid_days=30, percent=10, cost=Decimal("4.00")),
        Amount(key="bonus", valid_days=30, amount=Decimal("10.00")),
        Partner(key="cinema", valid_days=30, pool="cinema", de="Kino", en="cinema"),
    ),
    budget=(Budget(play="birthday", month=Decimal("12.00")),),
)


def _wanted(number: int, play: str, offer: str, at: int) -> Wanted:
    return Wanted(f"m{number}", f"c{number}", play, offer, at)


def test_offers_are_given_until_the_month_is_spent_or_the_pool_is_empty() -> None:
    """What was really given before the window in its month counts, the next month has its own budget."""
    stock = Stock([GivenBefore("birthday", "gift", 1)], {"cinema": 1}, {})
    giving = Giving(OFFERS, 2, ZoneInfo("UTC"), stock, day(10))
    giving.give(_wanted(number, "birthday", "gift", day(11)) for number in range(3))
    giving.give([_wanted(3, "birthday", "gift", day(40)), _wanted(4, "thanks", "bonus", day(11))])
    giving.give([_wanted(each, "thanks", "cinema", day(12)) for each in (5, 6)])
    giving.give([_wanted(7, "thanks", "gone", day(12))])
    assert [(each.play, each.offer, each.given, each.cost) for each in giving.given()] == [
        ("birthday", "gift", 3, Decimal("12.00")),
        ("thanks", "bonus", 1, Decimal("10.00")),
        ("thanks", "cinema", 1, None),
    ]
    assert [(each.play, each.offer, each.reason, each.messages) for each in giving.withheld()] == [
        ("birthday", "gift", "budget_spent", 1),
        ("thanks", "cinema", "pool_empty", 1),
        ("thanks", "gone", "none_fits", 1),
    ]


def test_a_tally_names_some_of_the_people() -> None:
    """By play, step and what became of it; each person once, and never more than a few."""
    tally = Tally()
    message = next(iter(WAITS.messages.values()))
    tally.add(msgspec.structs.replace(message, person=f"c{number % 8}") for number in range(16))
    tally.add([message.held_back(Reason.CAPPED)])
    (went,), (not_gone,) = tally.go(), tally.held_back()
    assert (went.play, went.messages, len(set(went.customers)), len(went.customers)) == (
        "silence",
        16,
        EXAMPLES,
        EXAMPLES,
    )
    assert (not_gone.reason, not_gone.messages, not_gone.customers) == ("capped", 1, ["c1"])
