"""Referrals: the friend's side, which decides, and the maker's, which counts."""

import pytest

from services.ladder.core import fold
from services.ladder.core.facts import Known
from services.ladder.core.past import Past, makes_known
from services.ladder.core.referrals import credit_of
from shared.events import Fact, ReferralNamed
from tests.make import credit, day, fact, naming, purchase, refund, rules
from tests.unit.core.told import of_type, stand, tell, told, types

MADE = (fact("contact.identified", day(0)), fact("referral.made", day(0), referee="f1"))


def made(at: int, referee: str, **more: str) -> Fact:
    return fact("referral.made", at, referee=referee, **more)


CREDITED: dict[str, tuple[tuple[Fact, ...], tuple[ReferralNamed, ...], tuple[str, str] | None]] = {
    "named, then bought": ((purchase(day(2), id_="p"),), (naming("m", day(1)),), ("m", "p")),
    "not bought yet": ((), (naming("m", day(1)),), None),
    "not named": ((purchase(day(2)),), (), None),
    "named after the purchase": ((purchase(day(2)),), (naming("m", day(3)),), None),
    "named at the purchase's instant, before it": (
        (purchase(day(2), id_="p"),),
        (naming("m", day(2), id_="a"),),
        ("m", "p"),
    ),
    "named at the purchase's instant, after it": ((purchase(day(2), id_="p"),), (naming("m", day(2), id_="z"),), None),
    "the first referrer counts": (
        (purchase(day(3), id_="p"),),
        (naming("second", day(2), id_="2"), naming("first", day(1), id_="1")),
        ("first", "p"),
    ),
    "the first of one instant is the one with the smaller id": (
        (purchase(day(3), id_="p"),),
        (naming("second", day(1), id_="2"), naming("first", day(1), id_="1")),
        ("first", "p"),
    ),
    "of themselves": ((purchase(day(3)),), (naming("c1", day(1)),), None),
    "of themselves, then by another": (
        (purchase(day(3), id_="p"),),
        (naming("c1", day(1), id_="1"), naming("m", day(2), id_="2")),
        ("m", "p"),
    ),
    "in a circle": ((made(day(0), "m"), purchase(day(3))), (naming("m", day(1)),), None),
    "in a circle, then by another": (
        (made(day(0), "m"), purchase(day(3), id_="p")),
        (naming("m", day(1), id_="1"), naming("n", day(2), id_="2")),
        ("n", "p"),
    ),
    "the other way round": ((made(day(2), "m"), purchase(day(3), id_="p")), (naming("m", day(1)),), ("m", "p")),
    "the first purchase was refunded": (
        (purchase(day(2), order="1"), purchase(day(4), id_="p"), refund(day(3), order="1")),
        (naming("m", day(1)),),
        ("m", "p"),
    ),
    "the only purchase was refunded": (
        (purchase(day(2), order="1"), refund(day(3), order="1")),
        (naming("m", day(1)),),
        None,
    ),
    "the purchase before the referral was refunded": (
        (purchase(day(0), order="1"), purchase(day(4), id_="p"), refund(day(3), order="1")),
        (naming("m", day(1)),),
        ("m", "p"),
    ),
}


@pytest.mark.parametrize(("facts", "namings", "expected"), CREDITED.values(), ids=CREDITED.keys())
def test_who_gets_credit(
    facts: tuple[Fact, ...], namings: tuple[ReferralNamed, ...], expected: tuple[str, str] | None
) -> None:
    """The maker of the earliest valid referral gets credit for the friend's first standing purchase after it."""
    found = credit_of("c1", facts[::-1], namings, rules())
    assert (found and (found[0], found[1].id)) == expected


COUNTED: dict[str, tuple[tuple[Known, ...], int]] = {
    "a friend": ((credit("f1", converted=day(1)),), 1),
    "two friends": ((credit("f1", converted=day(1)), credit("f2", converted=day(1))), 2),
    "a friend again": ((credit("f1", converted=day(1)), credit("f1", 2, converted=day(2), cause=day(3))), 1),
    "taken back": ((credit("f1", converted=day(1)), credit("f1", 2, cause=day(3))), 0),
    "taken back and earned again": (
        (credit("f1", converted=day(1)), credit("f1", 2, cause=day(3)), credit("f1", 3, converted=day(4))),
        1,
    ),
    "taken back, told in the wrong order": ((credit("f1", 2, cause=day(3)), credit("f1", converted=day(1))), 0),
}


@pytest.mark.parametrize(("credits_", "converted"), COUNTED.values(), ids=COUNTED.keys())
def test_how_many_converted(credits_: tuple[Known, ...], converted: int) -> None:
    """Of each friend the newest version of the credit counts, in whatever order they arrive."""
    standing = tell(*MADE, *credits_).standing
    assert standing is not None
    assert (standing.referrals_made, standing.referrals_converted) == (1, converted)


def test_a_conversion_is_announced_with_the_friend_and_what_they_did() -> None:
    """The maker hears of the friend at the instant of the friend's purchase."""
    ladder = tell(*MADE, credit("f1", converted=day(5)))
    assert told(ladder.changes)[-1] == (5, "referral.converted", None, "f1", "f1-bought")


def test_a_conversion_is_announced_once_per_entering() -> None:
    """Another purchase of a friend who counts is not announced, nor is the taking back; entering again is."""
    ladder = tell(*MADE, credit("f1", converted=day(5)))
    ladder.learn(credit("f1", 2, converted=day(6), cause=day(7)))
    assert len(of_type(ladder.changes, "referral.converted")) == 1
    ladder.learn(credit("f1", 3, cause=day(8)))
    assert len(of_type(ladder.changes, "referral.converted")) == 1
    ladder.learn(credit("f1", 4, converted=day(9)))
    assert [one.at for one in of_type(ladder.changes, "referral.converted")] == [day(5), day(9)]


def test_a_credit_that_comes_late_is_announced_at_the_newest_step() -> None:
    """What crosses lanes may come late: the standing is exact, the announcement is dated by the newest step."""
    ladder = tell(*MADE, fact("contact.objected", day(9)))
    ladder.learn(credit("f1", converted=day(5)))
    assert told(ladder.changes)[-1][:4] == (9, "referral.converted", None, "f1")


def test_a_credit_alone_makes_nobody_known() -> None:
    """A person exists from the first fact whose subject they are, not by what a friend did."""
    alone = credit("f1", converted=day(5))
    assert fold.refold([alone], rules()) is None
    assert not makes_known(alone)
    with pytest.raises(ValueError, match="makes nobody known"):
        fold.step(None, alone, rules())
    with pytest.raises(ValueError, match="makes nobody known"):
        fold.correct(None, Past([alone], rules()), alone, rules())


def test_what_takes_a_credit_back_makes_nobody_older() -> None:
    """A friend's refund from before the referral does not date the maker's standing."""
    standing = stand(*(fact("referral.made", day(10), referee="f1"),), credit("f1", 2, cause=day(3)), at=day(11))
    assert standing.rung_since == day(10)


def test_as_of_counts_a_credit_from_its_cause_on() -> None:
    """Of a friend who bought twice the credit moved with the refund, and counted all the time in between."""
    facts = [*MADE, credit("f1", converted=day(5)), credit("f1", 2, converted=day(20), cause=day(30))]
    counts = []
    for at in (4, 5, 25, 30):
        standing = fold.as_of(facts, rules(), day(at))
        assert standing is not None
        counts.append((standing.referrals_converted, standing.marks.get("referrals_converted")))
    assert [count for count, _ in counts] == [0, 1, 1, 1]
    assert [marks and marks.ats for _, marks in counts] == [None, (day(5),), (day(5),), (day(20),)]


def test_referrals_count_for_the_maker_whoever_is_named() -> None:
    """A circle counts as made, a referral of oneself does not."""
    facts = (made(day(0), "f1", id_="1"), made(day(1), "c1", id_="2"), made(day(2), "f1", id_="3"))
    assert stand(*facts, at=day(2)).referrals_made == 2


def test_an_unknown_friend_is_announced_nowhere() -> None:
    """A credit that converts nobody announces nothing."""
    ladder = tell(*MADE)
    before = len(ladder.changes)
    ladder.learn(credit("f1", cause=day(3)))
    assert types(ladder.changes)[before:] == []
