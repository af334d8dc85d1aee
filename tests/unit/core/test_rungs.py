"""Rungs: entered, held through their grace, lost."""

import pytest

from services.ladder.core.decide import DeadlineCause, FactCause
from services.ladder.core.facts import Known
from shared import instants
from shared.events import Counted, Fact
from tests.make import credit, day, fact, purchase
from tests.unit.core.told import Ladder, of_type, stand, tell, told


def engaged(at: int) -> Fact:
    return fact("contact.engaged", at, kind="opened")


def joined(at: int) -> Fact:
    return fact("membership.started", at)


def left(at: int, cause: str = "moved") -> Fact:
    return fact("membership.ended", at, cause=cause)


def voiced(at: int, *, positive: bool = True) -> Fact:
    return fact("referral.voiced", at, kind="review", positive=positive)


def rated(at: int, score: int) -> Fact:
    return fact("contact.rated", at, score=score)


def consented(at: int, **data: str) -> Fact:
    return fact("contact.consented", at, **data)


MEMBER = (joined(day(0)), purchase(day(0)))
ADVOCATE = (*MEMBER, fact("referral.made", day(0), referee="f1"))
FAN = (*ADVOCATE, *(credit(friend, converted=day(1)) for friend in ("f1", "f2", "f3")))

ENTERED: dict[str, tuple[tuple[Known, ...], float, int]] = {
    "any fact makes known": ((fact("contact.identified", day(0)),), 0, 1),
    "an objection does too": ((fact("contact.objected", day(0)),), 0, 1),
    "a response": ((fact("contact.responded", day(0), channel="mail"),), 0, 2),
    "a consent for marketing": ((consented(day(0), purpose="marketing"),), 0, 2),
    "a consent without a purpose is for marketing": ((consented(day(0), channel="mail"),), 0, 2),
    "a consent for something else": ((consented(day(0), purpose="service"),), 0, 1),
    "joining is a response": ((joined(day(0)),), 0, 2),
    "a checkout": ((fact("contact.checkout_started", day(0)),), 0, 2),
    "two engagements": ((engaged(day(0)), engaged(day(1))), 1, 1),
    "three engagements within 90 days": ((engaged(day(0)), engaged(day(1)), engaged(day(89.9))), 89.9, 2),
    "three engagements in 90 days": ((engaged(day(0)), engaged(day(1)), engaged(day(90))), 90, 1),
    "a purchase": ((purchase(day(0)),), 0, 3),
    "a purchase for nothing": ((purchase(day(0), amount="0"),), 0, 3),
    "two purchases of one instant": (
        (purchase(day(0), order="1", id_="1"), purchase(day(0), order="2", id_="2")),
        0,
        4,
    ),
    "the second purchase after years": ((purchase(day(0)), purchase(day(2_000))), 2_000, 4),
    "a purchase and a running membership": (MEMBER, 0, 5),
    "a membership of one who never bought": ((joined(day(0)),), 3, 2),
    "a membership ended before the purchase": ((joined(day(0)), left(day(1)), purchase(day(2))), 2, 3),
    "a membership begun anew": ((joined(day(0)), left(day(1)), joined(day(2)), purchase(day(3))), 3, 5),
    "four purchases within 365 days": (tuple(purchase(day(at)) for at in (0, 100, 200, 364)), 364, 5),
    "four purchases in 365 days": (tuple(purchase(day(at)) for at in (0, 100, 200, 365)), 365, 4),
    "a member's referral": (ADVOCATE, 0, 6),
    "a member's referral of nobody named": ((*MEMBER, fact("referral.made", day(1))), 1, 6),
    "a member's referral of themselves": ((*MEMBER, fact("referral.made", day(1), referee="c1")), 1, 5),
    "a member's good word": ((*MEMBER, voiced(day(1))), 1, 6),
    "a member's bad word": ((*MEMBER, voiced(day(1), positive=False)), 1, 5),
    "a member's nine of ten": ((*MEMBER, rated(day(1), 9)), 1, 6),
    "a member's eight of ten": ((*MEMBER, rated(day(1), 8)), 1, 5),
    "a buyer's good word": ((purchase(day(0)), voiced(day(1))), 1, 3),
    "a good word from before": ((voiced(day(0)), purchase(day(1)), joined(day(364.9))), 364.9, 6),
    "a good word from long before": ((voiced(day(0)), purchase(day(1)), joined(day(365))), 365, 5),
    "three friends became buyers": (FAN, 1, 7),
    "two friends became buyers": (FAN[:-1], 1, 6),
}


@pytest.mark.parametrize(("facts", "at", "rung"), ENTERED.values(), ids=ENTERED.keys())
def test_entered(facts: tuple[Known, ...], at: float, rung: int) -> None:
    """A rung is entered the instant its criteria hold, with the one below where it needs that."""
    assert stand(*facts, at=day(at)).rung == rung


HELD: dict[str, tuple[tuple[Known, ...], float, int]] = {
    "a response lasts 365 days": ((fact("contact.responded", day(0), channel="mail"),), 365, 1),
    "three engagements last 365 days": (tuple(engaged(day(at)) for at in (0, 1, 2)), 365, 1),
    "a customer lasts 730 days": ((purchase(day(0)), purchase(day(1))), 731, 3),
    "two purchases in 365 days keep a member, and 30 days of grace": (
        tuple(purchase(day(at)) for at in (0, 0.1, 10, 20)),
        10 + 365 + 30,
        4,
    ),
    "a running membership keeps a member as long as a purchase counts, and 30 days": (MEMBER, 730, 3),
    "a membership ended leaves 30 days": ((*MEMBER, left(day(50))), 80, 4),
    "a referral lasts 730 days and 30": ((*ADVOCATE, purchase(day(700))), 760, 5),
    "a conversion lasts 365 days and 30": ((*FAN, purchase(day(300)), voiced(day(300))), 396, 6),
}


@pytest.mark.parametrize(("facts", "at", "rung"), HELD.values(), ids=HELD.keys())
def test_held_until(facts: tuple[Known, ...], at: float, rung: int) -> None:
    """A rung is held until its keep has failed for the whole grace, and not an instant longer."""
    assert stand(*facts, at=day(at) - 1).rung > rung
    assert stand(*facts, at=day(at)).rung == rung


def test_a_grace_is_forgotten_when_keep_turns_true_again() -> None:
    """The days of a grace that was broken off are not counted against the next."""
    facts = (*MEMBER, left(day(50)), joined(day(79)), left(day(90)))
    assert stand(*facts, at=day(120) - 1).rung == 5
    assert stand(*facts, at=day(120)).rung == 4


def test_a_grace_goes_on_when_a_fact_does_not_end_it() -> None:
    """A purchase that is not enough to hold the rung does not start its grace anew."""
    four = tuple(purchase(day(at)) for at in (0, 1, 2, 3))
    facts = (*four, purchase(day(2 + 365 + 20)))
    assert stand(*facts, at=day(2 + 365 + 30) - 1).rung == 5
    assert stand(*facts, at=day(2 + 365 + 30)).rung == 4


def test_a_rung_in_grace_carries_the_next() -> None:
    """In grace a rung is held in full, also as the base for entering the next."""
    facts = (*MEMBER, left(day(50)), voiced(day(60)))
    assert stand(*facts, at=day(60)).rung == 6


def test_losing_a_rung_loses_those_above_at_once() -> None:
    """An advocate who is no member any more falls to customer in one announcement."""
    ladder = tell(*ADVOCATE, left(day(50)), until=day(80))
    assert told(ladder.changes)[-1] == (80, "rung.demoted", 6, 4, "rung_lapsed")


def test_a_rung_lost_is_entered_again_by_its_enter() -> None:
    """What sufficed to hold the rung does not suffice to come back."""
    four = tuple(purchase(day(at)) for at in (0, 1, 2, 3))
    back = tuple(purchase(day(at)) for at in (500, 501, 502, 503))
    assert stand(*four, *back[:3], at=day(502)).rung == 4
    assert stand(*four, *back, at=day(503)).rung == 5


def test_all_rungs_above_are_entered_again_with_the_one_below() -> None:
    """One fact may lead over several rungs, in one announcement."""
    ladder = tell(*ADVOCATE, left(day(50)), joined(day(100)), until=day(100))
    assert told(ladder.changes)[-1] == (100, "rung.promoted", 4, 6, "membership.started@2024-04-10T00:00:00Z")


def test_since_is_when_the_number_was_reached() -> None:
    """Falling to a rung begins it anew."""
    standing = stand(*ADVOCATE, left(day(50)), at=day(200))
    assert (standing.rung, standing.rung_since) == (4, day(80))


# -- a fall that is near -----------------------------------------------------------------------------------------


def endangered(ladder: Ladder) -> list[tuple[float, object, object]]:
    """The warnings: day, rung and the rung below."""
    return [(at, from_, to) for at, type_, from_, to, _ in told(ladder.changes) if type_ == "rung.endangered"]


def test_a_fall_is_warned_of_thirty_days_before() -> None:
    """The warning names the day of the fall, the rung below, and what runs out."""
    ladder = tell(purchase(day(0), id_="a"), purchase(day(1), id_="b"), until=day(701))
    (warning,) = of_type(ladder.changes, "rung.endangered")
    assert (warning.at, warning.from_, warning.to) == (day(701), 4, 3)
    assert warning.cause == DeadlineCause("rung_endangered", day(701))
    assert warning.falls is not None
    assert warning.falls.at == instants.text(day(731))
    assert warning.falls.because == [Counted("purchases", 2, 1, 730, ("b",))]


def test_who_buys_in_time_is_warned_again_only_of_the_next_danger() -> None:
    """A purchase ends the danger; the next one is a new one."""
    ladder = tell(purchase(day(0)), purchase(day(1)), purchase(day(720)), until=day(1420))
    assert endangered(ladder) == [(701, 4, 3), (1420, 4, 3)]


def test_a_fall_nearer_than_the_warning_is_told_at_once() -> None:
    """Who leaves the programme has thirty days, and is told so with the leaving as its cause."""
    ladder = tell(*MEMBER, left(day(50)), until=day(79))
    (warning,) = of_type(ladder.changes, "rung.endangered")
    assert (warning.at, warning.from_, warning.to) == (day(50), 5, 4)
    assert isinstance(warning.cause, FactCause)


def test_a_warning_does_not_wait_for_a_fall_that_does_not_come() -> None:
    """A buyer never falls, so nobody is warned."""
    assert endangered(tell(purchase(day(0)), until=day(5000))) == []
