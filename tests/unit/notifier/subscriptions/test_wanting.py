"""Who gets what, and what a body says."""

import msgspec
import pytest

from services.notifier.subscriptions.queueing import heard, with_sequence
from services.notifier.subscriptions.subscription import State, Subscription
from shared import events
from shared.events import LADDER_EVENTS, SHOP_EVENTS
from shared.log import Record
from tests.make import day, lapsed, promoted, purchase

ALL: dict[str, object] = {
    "id": "s1",
    "url": "https://x.example/",
    "description": "",
    "types": (),
    "rungs": (),
    "historical": False,
    "state": State.ON,
    "off_reason": None,
    "created_at": 0,
}


def subscription(**wanted: object) -> Subscription:
    return msgspec.convert({**ALL, **wanted}, Subscription)


@pytest.mark.parametrize(
    ("wanted", "type_", "rung", "historical", "gets"),
    [
        ({}, "rung.promoted", 4, False, True),
        ({}, "voucher.issued", None, False, True),
        ({}, "rung.promoted", 4, True, False),
        ({"historical": True}, "rung.promoted", 4, True, True),
        ({"types": ["rung.demoted"]}, "rung.promoted", 4, False, False),
        ({"types": ["rung.demoted", "rung.promoted"]}, "rung.promoted", 4, False, True),
        ({"rungs": [5, 6]}, "rung.promoted", 4, False, False),
        ({"rungs": [4]}, "rung.promoted", 4, False, True),
        ({"rungs": [4]}, "voucher.issued", None, False, False),
    ],
)
def test_a_subscription_gets_what_it_wants(
    wanted: dict[str, object], type_: str, rung: int | None, historical: bool, gets: bool
) -> None:
    """By type, by rung, history only if asked for."""
    assert subscription(**wanted).wants(type_, rung, historical=historical) is gets


def record(topic: str, value: bytes) -> Record:
    return Record(topic, 0, 0, b"c1", value)


def test_announcements_are_heard_in_their_order_and_nothing_else_is() -> None:
    """Ticks, facts and what cannot be read are left out."""
    first, second = promoted(day(0), 4), lapsed(day(1))
    tick = events.Tick(id="t", source="ladder", time="2024-01-01T00:00:00Z")
    records = [
        record(LADDER_EVENTS, events.encode(first)),
        record(SHOP_EVENTS, events.encode(purchase(day(0)))),
        record(LADDER_EVENTS, events.encode(tick)),
        record(LADDER_EVENTS, b"{"),
        record(LADDER_EVENTS, b'{"type":"rung.promoted","id":"x","subject":"c1","time":"yesterday"}'),
        record(LADDER_EVENTS, b'{"type":"rung.promoted","id":"a\\u0000","subject":"c1","time":"2024-01-01T00:00:00Z"}'),
        record(LADDER_EVENTS, events.encode(second)),
    ]
    found = heard(records, [])
    assert [each.envelope.id for each in found] == [first.id, second.id]
    assert [each.at for each in found] == [day(0), day(1)]
    assert found[0].envelope.data.standing is not None
    assert found[0].envelope.data.standing.rung == 4


def test_a_body_is_the_event_and_its_number() -> None:
    """The numbers have one length, so that they are ordered as text too."""
    told = msgspec.json.decode(with_sequence(b' {"id": "a", "data": {}}', 12))
    assert told == {"sequence": "00000000000000000012", "id": "a", "data": {}}
    assert msgspec.json.decode(with_sequence(b'{"id":"a"}', 9))["sequence"] < told["sequence"]
