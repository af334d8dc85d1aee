"""What is refused, with the place of each fault and words for it."""

from typing import Any

import pytest

from services.ingest.shop import Shop
from shared import instants
from tests.make import NOW, cloud_event, posted, posted_purchase
from tests.unit.ingest.judged import batch, facts, faults, judged, pointers, structured

PURCHASE = b'{"type":"purchase.completed","subject":"c1","time":"2026-02-01T12:00:00Z","data":%s}'


def purchase(**data: Any) -> dict[str, Any]:
    return posted("purchase.completed", {"order_id": "o1", "amount": "1.00", "currency": "EUR", **data})


AMOUNTS = {
    "negative as text": ("-1", "sign"),
    "negative as a number": (-1, "negative"),
    "too precise": ("49.905", "at most 2"),
    "a number too precise": (0.001, "at most 2"),
    "too large": ("1000000000001", "above 1000000000000"),
    "just too large": ("1000000000000.01", "above 1000000000000"),
    "with underscores": ("1_000", "decimal number"),
    "with a space": (" 1", "decimal number"),
    "with a comma": ("49,90", "decimal number"),
    "with a sign": ("+1", "decimal number"),
    "NaN as text": ("NaN", "decimal number"),
    "infinite as text": ("Infinity", "decimal number"),
    "with an exponent": ("1e400", "decimal number"),
    "digits of another script": ("١٢", "decimal number"),
    "empty": ("", "decimal number"),
    "true": (True, "decimal number"),
    "null": (None, "decimal number"),
    "an object": ({}, "decimal number"),
    "of 5,000 digits": ("1" * 5000, "at most 400 characters"),
}


@pytest.mark.parametrize(("amount", "words"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_an_amount_that_is_none_is_refused_at_its_place(amount: object, words: str) -> None:
    """Of a purchase's amount the shop is told where it is and what is wrong with it."""
    [(pointer, detail)] = faults(judged(purchase(amount=amount)))

    assert pointer == "/data/amount"
    assert words in detail


@pytest.mark.parametrize("token", [b"1e400", b"1e999999999999", b"1" + b"0" * 5000, b"NaN", b"-Infinity", b"1e-3"])
def test_a_number_that_is_no_amount_is_refused_at_its_place(token: bytes) -> None:
    """Numbers of any size and the names of numbers that JSON does not have harm nobody."""
    event = PURCHASE % (b'{"order_id":"o1","currency":"EUR","amount":' + token + b"}")

    assert pointers(judged(event)) == ["/data/amount"]


@pytest.mark.parametrize("amount", ["0", "49.9", "49.900", "1000000000000", 0, 49.9, 1e2, "007.50"], ids=repr)
def test_an_amount_that_is_exact_in_the_currency_is_taken(amount: object) -> None:
    """Zeros behind the point, numbers and text alike: what counts is the value."""
    assert faults(judged(purchase(amount=amount))) == []


def test_a_currency_without_decimals_takes_none() -> None:
    """Precision is the currency's own."""
    yen = Shop(currency="JPY", exponent=0, lanes=4)

    assert faults(judged(purchase(amount="500.00", currency="JPY"), shop=yen)) == []
    assert pointers(judged(purchase(amount="500.5", currency="JPY"), shop=yen)) == ["/data/amount"]


def test_every_amount_of_a_purchase_is_checked() -> None:
    """Discount and items as well as the amount; all faults are told at once."""
    items = [
        {"sku": "a", "amount": "1.00", "cost": "0.50", "quantity": 2},
        {"sku": "b", "amount": "-1", "quantity": "x"},
    ]

    found = pointers(judged(purchase(amount="1.001", discount="-1", items=items)))

    assert found == ["/data/amount", "/data/items/1/quantity", "/data/items/1/amount", "/data/discount"]


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        (posted("purchase.refunded", {"order_id": "o1", "amount": "0.001"}), "/data/amount"),
        (posted("contact.identified", {"acquisition_cost": "1_0"}), "/data/acquisition_cost"),
        (purchase(currency="USD"), "/data/currency"),
        (purchase(currency="eur"), "/data/currency"),
        (purchase(order_id=""), "/data/order_id"),
        (purchase(order_id="x" * 201), "/data/order_id"),
        (purchase(order_id=17), "/data/order_id"),
        (purchase(items={}), "/data/items"),
        (purchase(items=[{}]), "/data/items/0/sku"),
        (posted("purchase.completed"), "/data"),
        (posted("purchase.completed", []), "/data"),
        (posted("contact.engaged", {"kind": "bought"}), "/data/kind"),
        (posted("contact.rated", {"score": 11}), "/data/score"),
        (posted("contact.rated", {"score": "9"}), "/data/score"),
        (posted("contact.served", {"minutes": -1}), "/data/minutes"),
        (posted("referral.made", {"referee": "friend@example.org"}), "/data/referee"),
        (posted("referral.voiced", {"kind": "review"}), "/data/positive"),
        (posted("contact.identified", {"profile": {"interests": ["a", 1]}}), "/data/profile/interests/1"),
        (posted(subject="c1@example.org"), "/subject"),
        (posted(subject=""), "/subject"),
        (posted(subject="x" * 201), "/subject"),
        (posted(subject=None), "/subject"),
        (posted(id="x" * 201), "/id"),
        (posted(id=1), "/id"),
        (posted(source=""), "/source"),
        (posted(specversion="0.3"), "/specversion"),
        (posted("contact.kissed"), "/type"),
        ({"subject": "c1"}, "/type"),
        ({"subject": "c1", "type": []}, "/type"),
        ({**posted(), "_at": 7}, "/_at"),
        ({**posted(), "data_base64": "e30="}, "/data_base64"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(event: dict[str, Any], pointer: str) -> None:
    """Each member is held against its type, and has its own pointer."""
    assert pointers(judged(event)) == [pointer]


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("2026-02-01T12:00:00", "no zone"),
        ("2026-02-01", "RFC 3339"),
        ("yesterday", "RFC 3339"),
        ("2026-02-30T12:00:00Z", "day is out of range"),
        ("2026-02-01T25:00:00Z", "hour must be in"),
        ("2026-02-01T12:00:00+25:00", ""),
        ("1969-12-31T23:59:59Z", "before 1970"),
        ("0001-01-01T00:00:00+14:00", "before 1970"),
        ("9999-12-31T23:59:59-14:00", "future"),
        (instants.text(NOW + instants.DAY + 1), "future"),
        ("", "RFC 3339"),
        (17, "must be text"),
    ],
)
def test_a_time_that_is_none_is_refused(time: object, words: str) -> None:
    """A fact has a time with a zone, between 1970 and a day ahead."""
    [(pointer, detail)] = faults(judged(posted(time=time)))

    assert pointer == "/time"
    assert words in detail


def test_a_time_up_to_a_day_ahead_is_taken() -> None:
    """Clocks differ, and the wall clock is the measure."""
    [fact] = facts(judged(posted(time=instants.text(NOW + instants.DAY))))

    assert fact.at == NOW + instants.DAY


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject"])
@pytest.mark.parametrize("value", ["missing", None])
def test_a_cloud_event_must_be_whole(name: str, value: object) -> None:
    """Of CloudEvents only the time is filled in; null is as good as missing."""
    event = cloud_event() | {name: value}
    if value == "missing":
        del event[name]

    assert pointers(structured(event)) == [f"/{name}"]


@pytest.mark.parametrize("type_", ["contact.merged", "contact.erased"])
def test_what_is_not_there_yet_says_so(type_: str) -> None:
    """These words are known and refused under a name of their own."""
    [result] = judged(posted(type_, {"from": "c2"})).results

    assert result.error
    assert (result.error.type, result.error.errors[0].pointer) == ("not-yet-supported", "/type")


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (b'{"reason":"\\u0000"}', "/data/reason"),
        (b'{"unknown":{"deep":["x\\u0000y"]}}', "/data/unknown/deep/0"),
        (b'{"unknown\\u0000":1}', "/data"),
        (b'{"reason":"\\ud800"}', "/data/reason"),
        (b'{"unknown":"\\udc00x"}', "/data/unknown"),
        (b'{"reason":"\xff"}', "/data/reason"),
        (b'{"unknown":"\xff"}', "/data/unknown"),
        (b'{"unknown":NaN}', "/data/unknown"),
        (b'{"unknown":' + b"1" * 5000 + b"}", "/data/unknown"),
        (b'{"unknown":' + b"[" * 101 + b"]" * 101 + b"}", ""),
        (b'{"unknown":' + b"[" * 100_000 + b"]" * 100_000 + b"}", ""),
        (b'{"a/b~c":"\\u0000"}', "/data/a~1b~0c"),
    ],
)
def test_values_that_some_reader_could_not_hold_are_refused_anywhere(text: bytes, pointer: str) -> None:
    """Also in fields that nobody knows: what is taken can be read by everybody further on."""
    event = b'{"type":"contact.complained","subject":"c1","time":"2026-02-01T12:00:00Z","data":' + text + b"}"

    assert pointers(judged(event)) == [pointer]


@pytest.mark.parametrize(
    "text", [b'"\\\\u0000"', b'"\\ud83d\\ude00"', '"grüße"'.encode(), b"[" * 90 + b"]" * 90, b'"' + b"1" * 5000 + b'"']
)
def test_what_only_looks_dangerous_is_taken(text: bytes) -> None:
    """An escaped backslash before u0000, a pair of surrogates, umlauts, lists, long texts of digits."""
    event = b'{"type":"contact.complained","subject":"c1","data":{"unknown":' + text + b"}}"

    assert faults(judged(event)) == []


def test_an_event_over_the_limit_is_refused_alone() -> None:
    """262,144 bytes as sent are taken, one more is not; the others of the batch are."""
    frame = len(b'{"type":"contact.complained","subject":"c1","data":{"reason":"","x":""}}')
    large = b'{"type":"contact.complained","subject":"c1","data":{"reason":"","x":"%s"}}'
    fits, too_large = large % (b"x" * (262_144 - frame)), large % (b"x" * (262_145 - frame))

    found = judged(b"[" + fits + b"," + too_large + b"]")

    assert [result.status for result in found.results] == ["accepted", "rejected"]
    assert pointers(found) == ["/1"]
    assert found.results[1].error
    assert found.results[1].error.type == "event-too-large"


def test_all_faults_of_an_event_are_told_at_once() -> None:
    """Nobody has to post five times to learn of five faults."""
    event = purchase(amount="-1", currency="USD", order_id="") | {"subject": "a@b", "time": "now", "id": ""}

    assert set(pointers(batch([cloud_event(), event]))) == {
        "/1/specversion", "/1/source", "/1/id", "/1/subject", "/1/time",
        "/1/data/order_id", "/1/data/amount", "/1/data/currency",
    }  # fmt: skip


@pytest.mark.parametrize("event", [b"1", b'"x"', b"null", b"[]", b"true"])
def test_an_item_that_is_no_object_is_no_event(event: bytes) -> None:
    """It is refused at its place in the list."""
    assert faults(judged(b"[" + event + b"]")) == [("/0", "must be an object")]


def test_the_id_that_a_refused_event_brought_is_told() -> None:
    """So that the shop finds it again; what cannot be an id is not repeated."""
    [known] = judged(posted(subject="a@b", id="e7")).results
    [unknown] = judged(posted(subject="a@b", id="x" * 201)).results

    assert (known.id, unknown.id) == ("e7", None)


def test_a_refused_purchase_brings_nothing_to_the_log() -> None:
    """What is rejected leaves no trace."""
    found = judged(posted_purchase("-1"))

    assert (found.facts, found.profiles, found.newest) == ([], [], None)
