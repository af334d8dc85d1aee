"""What the demo promises, checked against what the system says."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from demo.answers import Answer
from demo.history import History
from demo.story import FALLEN, TOP, WON_BACK


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was seen of the system once it had processed the history."""

    picture: Answer
    announcements: Sequence[Answer]
    messages: Sequence[Answer]
    letters: int
    """Mail in the Maildir."""
    mail: EmailMessage
    """The one that is shown."""


def broken(history: History, seen: Evidence) -> list[str]:
    """The promises that were not kept."""
    return [promise for promise, kept in _promises(history, seen) if not kept]


def _promises(history: History, seen: Evidence) -> Iterator[tuple[str, bool]]:
    yield from _of_people(history, seen.picture)
    yield from _of_announcements(seen)
    yield from _of_lives(seen.announcements)
    yield from _of_mail(seen)


def _of_people(history: History, picture: Answer) -> Iterator[tuple[str, bool]]:
    rungs, everybody = picture["rungs"], history.real_people + len(history.lives)
    yield "everybody of the history is known", picture["people"] == everybody
    yield "everybody stands on one rung", sum(rung["people"] for rung in rungs) == everybody
    yield "everybody is in one phase", sum(phase["people"] for phase in picture["phases"]) == everybody
    yield "all seven rungs are occupied", len(rungs) == 7 and all(rung["people"] > 0 for rung in rungs)


def _of_announcements(seen: Evidence) -> Iterator[tuple[str, bool]]:
    told = Counter(each["type"] for each in seen.announcements)
    ids = {each["id"] for each in seen.announcements}
    counted = {type_: count for type_, count in seen.picture["announced"].items() if count}
    yield "each announcement is in the feed once", len(ids) == len(seen.announcements)
    yield "the feed holds what the picture counts", told == counted
    yield "all kinds of announcements occur", len(counted) == len(seen.picture["announced"])
    yield "all is announced as if lived, nothing late", not any("historical" in a["data"] for a in seen.announcements)


def _of_lives(announcements: Sequence[Answer]) -> Iterator[tuple[str, bool]]:
    reached = [each["data"]["to"] for each in _of(TOP, announcements, "rung.promoted")]
    yield f"{TOP} climbs through all seven rungs", set(reached) == set(range(1, 8))
    yield f"{TOP} has three converted referrals", len(_of(TOP, announcements, "referral.converted")) >= 3
    yield f"{FALLEN} falls", bool(_of(FALLEN, announcements, "rung.demoted"))
    yield f"{WON_BACK} lapses", bool(_of(WON_BACK, announcements, "customer.lapsed"))
    yield f"{WON_BACK} is won back", bool(_of(WON_BACK, announcements, "customer.won_back"))


def _of_mail(seen: Evidence) -> Iterator[tuple[str, bool]]:
    states = Counter(each["state"] for each in seen.messages if "way" not in each)
    reasons = {each.get("reason") for each in seen.messages if each["state"] == "held_back"}
    yield "every mail was sent or held back", states.keys() == {"sent", "held_back"}
    yield "what was held back has its reason", None not in reasons
    yield "the Maildir holds what was sent, each once", seen.letters == states["sent"]
    yield "mail can be unsubscribed from in one click", _one_click(seen.mail)


def _of(person: str, announcements: Sequence[Answer], type_: str) -> list[Answer]:
    return [each for each in announcements if each["subject"] == person and each["type"] == type_]


def _one_click(mail: EmailMessage) -> bool:
    return "/u/" in mail["List-Unsubscribe"] and mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
