"""A person's life, the newest first: facts, what became true because of them, and messages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from services.ladder.page.language import Language
from services.ladder.page.live import change
from shared import instants

PAGE: Final = 50
_DETAILS: Final = 8
_LONGEST: Final = 200
"""Characters of a detail."""


class Entry(NamedTuple):
    """One thing that happened: what it is called, what it was in detail, why, and whether the past was told anew."""

    kind: str
    at: int
    title: str
    details: list[tuple[str, str]]
    why: str = ""
    correction: bool = False


class Place(NamedTuple):
    """Where a page of a timeline begins: at this instant, after so many entries of it."""

    until: int
    skipped: int


_RANK: Final = {"message": 0, "transition": 1, "fact": 2}
"""Of one instant: what follows from something is newer than it."""


def timeline(
    rows: Iterable[Any], messages: Sequence[Mapping[str, Any]], place: Place, words: Language
) -> tuple[list[Entry], Place | None]:
    """A page of entries, and where the next one begins.

    `rows`: facts and transitions up to `place.until`, of each kind `wanted(place)` at most.
    """
    found: list[tuple[int, int, int, int, Any]]
    found = [(-row.at, _RANK[row.kind], -row.seq, index, row) for index, row in enumerate(rows)]
    sent = ((instants.parse(each["at"]), each) for each in messages)
    found += [(-at, 0, 0, index, each) for index, (at, each) in enumerate(sent) if at <= place.until]
    found.sort(key=lambda each: each[:4])
    shown = found[place.skipped : place.skipped + PAGE]
    entries = [_entry(-at, each, words) for at, _, _, _, each in shown]
    if len(found) <= place.skipped + PAGE:
        return entries, None
    last = entries[-1].at
    skipped = sum(entry.at == last for entry in entries) + (place.skipped if last == place.until else 0)
    return entries, Place(last, skipped)


def wanted(place: Place) -> int:
    """How many rows of each kind a page needs, one more than it shows."""
    return place.skipped + PAGE + 1


def _entry(at: int, each: Any, words: Language) -> Entry:
    if isinstance(each, Mapping):
        return _message(at, each, words)
    return _fact(at, each, words) if each.kind == "fact" else _transition(at, each, words)


def _fact(at: int, row: Any, words: Language) -> Entry:
    told = msgspec.json.decode(row.body)
    details = _details(told.get("data") or {}, words)
    return Entry("fact", at, words.name("fact", told["type"]), [*details, ("id", f"{row.id} ({row.source})")])


def _details(data: Mapping[str, Any], words: Language) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in data.items():
        if isinstance(value, str | int | float) and value != "" and len(found) < _DETAILS:
            found.append((name, _text(name, value, data, words)))
    return found


def _text(name: str, value: object, data: Mapping[str, Any], words: Language) -> str:
    if name == "amount" and isinstance(data.get("currency"), str):
        return words.money(str(value), data["currency"])
    return str(value)[:_LONGEST]


def _transition(at: int, row: Any, words: Language) -> Entry:
    data = msgspec.json.decode(row.body)
    title = change(words, row.type, data["to"])
    return Entry("transition", at, title, [], _why(data["cause"], words), row.correction)


def _why(cause: Mapping[str, str], words: Language) -> str:
    if "deadline" in cause:
        return words("person.cause_deadline", deadline=words.name("deadline", cause["deadline"]))
    return words("person.cause_fact", fact=cause["fact"], source=cause["source"])


def _message(at: int, message: Mapping[str, Any], words: Language) -> Entry:
    state = words.name("message", message["state"])
    parts = [("play", str(message["play"])), ("reason", str(message.get("reason") or ""))]
    title = words("message.sent") if message["state"] == "sent" else f"{words('message.sent')}: {state}"
    return Entry("message", at, title, [(name, text) for name, text in parts if text])
