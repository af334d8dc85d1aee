"""Phases and stages, and why."""

import pytest

from services.ladder.core import phases
from services.ladder.core.facts import Known
from shared.events import Fact
from tests.make import day, fact, purchase, refund
from tests.unit.core.told import stand, tell, told, types


def responded(at: int) -> Fact:
    return fact("contact.responded", at, channel="mail")


def engaged(at: int) -> Fact:
    return fact("contact.engaged", at, kind="visited")


def checkout(at: int) -> Fact:
    return fact("contact.checkout_started", at)


def complained(at: int) -> Fact:
    return fact("contact.complained", at)


def served(at: int) -> Fact:
    return fact("contact.served", at, minutes=5)


def cancelled(at: int) -> Fact:
    return fact("contact.cancelled", at)


def joined(at: int) -> Fact:
    return fact("membership.started", at)


def left(at: int, cause: str = "not_renewed") -> Fact:
    return fact("membership.ended", at, cause=cause)


def bought(*days: float) -> tuple[Fact, ...]:
    return tuple(purchase(day(at)) for at in days)


RISK_DAY = 12.277349537037036 * 7
"""When one who bought once is at risk: the whole second after 12.277 weeks."""
SILENT_DAY = 43.62149470899471 * 7

STAGES: dict[str, tuple[tuple[Known, ...], float, str, str | None]] = {
    "known": ((fact("contact.identified", day(0)),), 0, "lead", None),
    "a response": ((responded(day(0)),), 89.9, "qualification", None),
    "a response 90 days ago": ((responded(day(0)),), 90, "lead", None),
    "one engagement": ((engaged(day(0)),), 89.9, "qualification", None),
    "joining": ((joined(day(0)),), 89.9, "qualification", None),
    "a rating is no response": ((fact("contact.rated", day(0), score=10),), 0, "lead", None),
    "a checkout": ((checkout(day(0)),), 13.9, "closing", None),
    "a checkout 14 days ago": ((checkout(day(0)),), 14, "lead", None),
    "a response before a checkout 14 days ago": ((responded(day(0)), checkout(day(1))), 15, "qualification", None),
    "a first purchase": (bought(0), 0, "retention", None),
    "a rise to customer": (bought(0, 10), 10, "growth", "rung_rose"),
    "a rise to customer 90 days ago": ((*bought(0, 10, 60),), 100, "retention", None),
    "a rise to member": ((*bought(0, 60, 70), joined(day(151))), 151, "growth", "rung_rose"),
    "a rise that was lost again": (
        (*bought(0), joined(day(0)), left(day(1), "moved"), purchase(day(40))),
        40,
        "growth",
        "rung_rose",
    ),
    "a risk": (bought(0), RISK_DAY, "degeneration", "churn_risk"),
    "before a risk": (bought(0), RISK_DAY - 0.001, "retention", None),
    "a complaint 14 days ago": ((*bought(0), complained(day(1))), 15, "degeneration", "complaint"),
    "a complaint of less than 14 days": ((*bought(0), complained(day(1))), 14.9, "retention", None),
    "a complaint that was served": ((*bought(0), complained(day(1)), served(day(14))), 15, "retention", None),
    "a complaint that was served late": ((*bought(0), complained(day(1)), served(day(20))), 20, "retention", None),
    "served before the complaint": (
        (*bought(0), served(day(0.5)), complained(day(1))),
        15,
        "degeneration",
        "complaint",
    ),
    "a complaint from before the purchase": ((complained(day(0)), *bought(20)), 20, "degeneration", "complaint"),
    "a complaint of a lead": ((complained(day(0)),), 20, "lead", None),
    "a complaint 180 days ago": ((complained(day(0)), *bought(150)), 180, "retention", None),
    "a complaint nearly 180 days ago": ((complained(day(0)), *bought(150)), 179.9, "degeneration", "complaint"),
    "a risk outweighs a complaint": ((*bought(0), complained(day(1))), 100, "degeneration", "churn_risk"),
    "a complaint outweighs growth": ((*bought(0, 10), complained(day(11))), 25, "degeneration", "complaint"),
    "silence": (bought(0), SILENT_DAY, "win_back", "silence"),
    "before silence": (bought(0), SILENT_DAY - 0.001, "degeneration", "churn_risk"),
    "a cancellation": ((*bought(0), cancelled(day(1))), 1, "win_back", "cancelled"),
    "a cancellation of a lead": ((cancelled(day(0)), *bought(1)), 1, "retention", None),
    "a cancellation of one whose purchase was refunded": (
        (purchase(day(0), order="1"), cancelled(day(1)), refund(day(2), order="1"), purchase(day(3))),
        3,
        "retention",
        None,
    ),
    "not renewed": ((*bought(0), left(day(90))), 90, "win_back", "not_renewed"),
    "not renewed, but bought": ((*bought(0), left(day(89.9))), 89.9, "degeneration", "churn_risk"),
    "ended otherwise": ((*bought(0), left(day(90), "moved")), 90, "degeneration", "churn_risk"),
    "lost": ((*bought(0), cancelled(day(1))), 366, "lost", "cancelled"),
    "not lost yet": ((*bought(0), cancelled(day(1))), 365.9, "win_back", "cancelled"),
    "the first cause stays": ((*bought(0), cancelled(day(1)), left(day(200))), 330, "win_back", "cancelled"),
    "a checkout of the passive": ((*bought(0), cancelled(day(1)), checkout(day(2))), 2, "win_back", "cancelled"),
    "won back": ((*bought(0), cancelled(day(1)), *bought(2)), 2, "growth", "rung_rose"),
    "won back from lost": ((*bought(0, 1), cancelled(day(1)), *bought(500)), 500, "retention", None),
}


@pytest.mark.parametrize(("facts", "at", "stage", "because"), STAGES.values(), ids=STAGES.keys())
def test_stage(facts: tuple[Known, ...], at: float, stage: str, because: str | None) -> None:
    """Stage and reason follow from the facts and the instant."""
    standing = stand(*facts, at=day(at))
    assert (standing.stage, phases.because(standing, day(at))) == (stage, because)


PACES: dict[str, tuple[tuple[Fact, ...], bool]] = {
    "twice the money per day": (bought(0, 20, 40, 60, 70, 80), True),
    "less than twice": (bought(0, 20, 40, 60, 70, 80.1), False),
    "five orders": (bought(0, 20, 40, 60, 61), False),
    "the same days, twice the money": (
        (*bought(0, 10, 20), *(purchase(day(at), amount="20") for at in (30, 40, 50))),
        True,
    ),
    "all within a day count as a day": (
        (*bought(0, 0.1, 0.2), *(purchase(day(at), amount="20") for at in (0.3, 0.4, 0.5))),
        True,
    ),
    "money after gifts": ((*(purchase(day(at), amount="0") for at in (0, 1, 2)), *bought(30, 40, 50)), True),
    "gifts after gifts": (tuple(purchase(day(at), amount="0") for at in range(6)), False),
    "twice the money, one of the orders refunded in part": (
        (
            *bought(0, 10, 20),
            *(purchase(day(at), amount="20", order=str(at)) for at in (30, 40, 50)),
            refund(day(51), order="30", amount="0.01"),
        ),
        False,
    ),
}


@pytest.mark.parametrize(("facts", "grows"), PACES.values(), ids=PACES.keys())
def test_growth_by_pace(facts: tuple[Fact, ...], grows: bool) -> None:
    """The newest three orders must bring twice the money per day of the three before them."""
    standing = stand(*facts, at=day(81))
    assert (standing.growth_by_pace_until > day(81)) is grows


def test_growth_by_pace_lasts_90_days_from_the_purchase() -> None:
    """Growth by pace ends 90 days after the purchase at which it was seen."""
    facts = (*bought(0, 100, 200, 300, 310, 320), purchase(day(400), amount="0"))
    assert phases.because(stand(*facts, at=day(410) - 1), day(410) - 1) == "pace"
    assert stand(*facts, at=day(410)).stage == "retention"


def test_complaints_overlap() -> None:
    """Degeneration lasts while any complaint is unanswered, from the oldest on to the expiry of the newest."""
    facts = (complained(day(0)), complained(day(100)), complained(day(266)), complained(day(470)))
    regular = bought(*range(0, 700, 10))
    ladder = tell(*sorted((*facts, *regular), key=lambda one: (one.at, one.id)), until=day(700))
    degenerations = [one for one in told(ladder.changes) if "degeneration" in one]
    assert [(one[0], one[-1]) for one in degenerations] == [
        (14, "complaint_unanswered"),
        (446, "complaint_expired"),
        (484, "complaint_unanswered"),
        (650, "complaint_expired"),
    ]


def test_since_is_when_phase_and_stage_began() -> None:
    """A reason that changes within a stage does not begin it anew, a stage that comes back does."""
    standing = stand(*bought(0), complained(day(1)), at=day(100))
    assert (standing.stage, standing.phase_since) == ("degeneration", day(15))
    lost = stand(*bought(0), cancelled(day(1)), at=day(400))
    assert lost.phase_since == day(366)


def test_a_life_in_its_announcements() -> None:
    """Every change of phase is announced at its own instant with its own cause, with what it means besides."""
    ladder = tell(responded(day(0)), checkout(day(10)), until=day(30))
    ladder.learn(purchase(day(100), id_="1"))
    ladder.learn(purchase(day(200), id_="2"))
    ladder.sweep(day(1_000))
    first, second = "contact.responded@2024-01-01T00:00:00Z", "contact.checkout_started@2024-01-11T00:00:00Z"
    shown = [(round(at), *rest) for at, *rest in told(ladder.changes)]
    assert shown == [
        (0, "rung.promoted", None, 2, first),
        (0, "phase.changed", None, "qualification", first),
        (10, "phase.changed", "qualification", "closing", second),
        (24, "phase.changed", "closing", "qualification", "closing_ended"),
        (90, "phase.changed", "qualification", "lead", "qualification_ended"),
        (100, "rung.promoted", 2, 3, "1"),
        (100, "phase.changed", "lead", "retention", "1"),
        (186, "phase.changed", "retention", "degeneration", "churn_risk"),
        (186, "churn.risk_raised", "retention", "degeneration", "churn_risk"),
        (200, "rung.promoted", 3, 4, "2"),
        (200, "phase.changed", "degeneration", "growth", "2"),
        (200, "churn.risk_cleared", "degeneration", "growth", "2"),
        (290, "phase.changed", "growth", "retention", "growth_ended"),
        (343, "phase.changed", "retention", "degeneration", "churn_risk"),
        (343, "churn.risk_raised", "retention", "degeneration", "churn_risk"),
        (578, "phase.changed", "degeneration", "win_back", "churn_silence"),
        (578, "customer.lapsed", "degeneration", "win_back", "churn_silence"),
        (900, "rung.endangered", 4, 3, "rung_endangered"),
        (930, "rung.demoted", 4, 3, "rung_lapsed"),
        (943, "phase.changed", "win_back", "lost", "lost"),
    ]


def test_risk_is_raised_even_in_degeneration() -> None:
    """A complaint hides no risk: it is announced though the stage stays as it is."""
    ladder = tell(*bought(0), complained(day(1)), until=day(100))
    assert types(ladder.changes)[-1] == "churn.risk_raised"
    assert ladder.changes[-1].from_ == ladder.changes[-1].to
    ladder.learn(served(day(100)))
    assert types(ladder.changes)[-1] == "churn.risk_raised"


def test_risk_in_the_passive_phase_is_not_announced() -> None:
    """The churn deadlines of one who cancelled pass in silence."""
    ladder = tell(*bought(0), cancelled(day(1)), until=day(320))
    assert types(ladder.changes)[-1] == "phase.changed"
    assert "churn.risk_raised" not in types(ladder.changes)


def test_a_purchase_of_the_passive_wins_back() -> None:
    """Who was silent and buys again is won back; the risk was over when silence began."""
    ladder = tell(*bought(0, 10), until=day(400))
    ladder.learn(purchase(day(401), id_="back"))
    assert told(ladder.changes)[-2:] == [
        (401, "phase.changed", "win_back", "retention", "back"),
        (401, "customer.won_back", "win_back", "retention", "back"),
    ]


def test_a_change_of_reason_alone_is_not_announced() -> None:
    """Growth that goes on by pace when the growth of the rise is over is the same growth."""
    facts = (*bought(0, 50, 100, 120, 122, 124), *(purchase(day(at), amount="0") for at in (160, 200)))
    ends = [one for one in told(tell(*facts, until=day(220)).changes) if one[2:4] == ("growth", "retention")]
    assert [(one[0], one[-1]) for one in ends] == [(214, "growth_ended")]
    reasons = [phases.because(stand(*facts, at=day(at)), day(at)) for at in (200, 209, 210, 213)]
    assert reasons == ["rung_rose", "rung_rose", "pace", "pace"]


def test_only_a_deadline_that_acts_explains_a_change() -> None:
    """A lead's complaint that turns unanswered when closing ends is not why closing ends."""
    ladder = tell(responded(day(0)), checkout(day(1)), complained(day(1)), until=day(15))
    assert told(ladder.changes)[-1] == (15, "phase.changed", "closing", "qualification", "closing_ended")
