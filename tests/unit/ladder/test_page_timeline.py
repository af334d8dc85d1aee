"""A person's timeline, page by page."""

from typing import Any, NamedTuple

import msgspec

from services.ladder.page.language import language
from services.ladder.page.timeline import PAGE, Entry, Place, timeline, wanted
from shared import events, instants
from tests.make import day, purchase

WORDS = language("en", "UTC")
END = Place(2**63 - 1, 0)


class Row(NamedTuple):
    """As the query gives it."""

    kind: str
    at: int
    id: str
    source: str = "shop"
    type: str = ""
    body: bytes = b""
    correction: bool = False
    seq: int = 0


def bought(at: int) -> Row:
    fact = purchase(at)
    return Row("fact", at, fact.id, body=events.encode(fact))


def rose(at: int, seq: int, to: int) -> Row:
    data = {"to": to, "from": to - 1, "cause": {"fact": "f1", "source": "shop"}}
    return Row("transition", at, f"t{seq}", "", "rung.promoted", msgspec.json.encode(data), seq=seq)


def message(at: int, state: str = "sent") -> dict[str, Any]:
    return {"id": "m1", "play": "thank_you", "state": state, "at": instants.text(at), "reason": "no_consent"}


def test_what_follows_from_something_stands_above_it() -> None:
    """Of one instant: message, transitions in their order, fact; the newest first."""
    rows = [bought(day(1)), bought(day(2)), rose(day(2), 1, 3), rose(day(2), 2, 4)]
    entries, further = timeline(rows, [message(day(2), "held_back")], END, WORDS)

    assert [entry.title for entry in entries] == [
        "Message: held back",
        "rose to Customer",
        "rose to Buyer",
        "Order",
        "Order",
    ]
    assert entries[1].why == "because of f1 (shop)"
    assert ("amount", "€10.00") in entries[3].details
    assert further is None


def test_every_entry_is_on_exactly_one_page() -> None:
    """Also where many happened at one instant, across the end of a page."""
    moments = [1] * 70 + [2] * 30 + [3] * 49 + [4, 4, 5]
    rows = [Row("fact", day(each), f"f{place}", body=b'{"type":"x"}') for place, each in enumerate(moments)]
    rows.sort(key=lambda row: (-row.at, row.id))
    seen: list[Entry] = []
    place = END
    while True:
        found = [row for row in rows if row.at <= place.until]
        entries, further = timeline(found[: wanted(place)], [], place, WORDS)
        assert len(entries) <= PAGE
        seen += entries
        if further is None:
            break
        place = further
    assert [entry.details[-1][1] for entry in seen] == [f"{row.id} (shop)" for row in rows]


def test_messages_newer_than_the_page_are_not_on_it() -> None:
    """They were on an earlier one."""
    entries, _ = timeline([bought(day(1))], [message(day(2))], Place(day(1), 0), WORDS)
    assert [entry.kind for entry in entries] == ["fact"]


def test_a_fact_of_a_later_make_is_told_by_its_type() -> None:
    """Nested fields are left out, long texts cut."""
    body = msgspec.json.encode({"type": "contact.later", "data": {"a": {"b": 1}, "c": "x" * 999, "d": 5, "e": None}})
    entries, _ = timeline([Row("fact", 0, "f", body=body)], [], END, WORDS)
    assert entries == [Entry("fact", 0, "contact.later", [("c", "x" * 200), ("d", "5"), ("id", "f (shop)")])]
