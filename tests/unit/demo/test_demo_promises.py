"""What the demo says when the system is not as promised, and how it draws."""

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from demo.history import History
from demo.paper import bar
from demo.promises import Evidence, broken
from demo.story import FALLEN, TOP, WON_BACK

KINDS = ("phase.changed", "churn.risk_raised", "churn.risk_cleared")


def evidence() -> Evidence:
    """Everything as promised of seven people, one on each rung."""
    announcements = [
        *(announcement(TOP, "rung.promoted", to=rung) for rung in range(1, 8)),
        *(announcement(TOP, "referral.converted", to=f"friend{number}") for number in range(3)),
        *(announcement(TOP, kind) for kind in KINDS),
        announcement(FALLEN, "rung.demoted", to=1),
        announcement(WON_BACK, "customer.lapsed"),
        announcement(WON_BACK, "customer.won_back"),
    ]
    for number, each in enumerate(announcements):
        each["id"] = str(number)
    messages = [{"state": "sent"}, {"state": "held_back", "reason": "no_address"}]
    return Evidence(picture(announcements), announcements, messages, letters=1, mail=mail())


def announcement(person: str, type_: str, **data: Any) -> dict[str, Any]:
    return {"subject": person, "type": type_, "data": data}


def picture(announcements: list[dict[str, Any]]) -> dict[str, Any]:
    types = [each["type"] for each in announcements]
    return {
        "people": 7,
        "rungs": [{"people": 1} for _ in range(7)],
        "phases": [{"people": 3}, {"people": 4}],
        "announced": {type_: types.count(type_) for type_ in types},
    }


def mail() -> EmailMessage:
    message = EmailMessage()
    message["List-Unsubscribe"] = "<http://127.0.0.1/u/token>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


PEOPLE = History(happenings=(), lives=(), real_people=7, purchases=0)


def empty_rung(seen: Evidence) -> None:
    seen.picture["rungs"][6]["people"] -= 1
    seen.picture["rungs"][5]["people"] += 1


def doubled(seen: Evidence) -> None:
    seen.announcements[0]["id"] = seen.announcements[1]["id"]


def lost(seen: Evidence) -> None:
    seen.picture["announced"]["rung.demoted"] += 1


def late(seen: Evidence) -> None:
    seen.announcements[0]["data"]["historical"] = True


def pending(seen: Evidence) -> None:
    seen.messages[1]["state"] = "pending"


FAULTS: dict[str, Callable[[Evidence], None]] = {
    "all seven rungs are occupied": empty_rung,
    "each announcement is in the feed once": doubled,
    "the feed holds what the picture counts": lost,
    "all is announced as if lived, nothing late": late,
    "every mail was sent or held back": pending,
}


def test_where_all_is_as_promised_no_promise_is_broken() -> None:
    assert broken(PEOPLE, evidence()) == []


@pytest.mark.parametrize("promise", FAULTS)
def test_a_promise_that_is_not_kept_is_named(promise: str) -> None:
    seen = evidence()

    FAULTS[promise](seen)

    assert broken(PEOPLE, seen) == [promise]


@pytest.mark.parametrize(
    ("part", "drawn"), [(0, ""), (1, "▏"), (500, "█████"), (988, "█████████▉"), (1_000, "██████████")]
)
def test_a_bar_is_as_long_as_its_part_and_shows_the_smallest(part: int, drawn: str) -> None:
    assert bar(part, 1_000, 10) == drawn
