"""How bodies are split into events, and which are refused whole."""

import msgspec
import pytest

from services.ingest.posting import BATCH, PLAIN, STRUCTURED
from shared.http import Problem
from tests.make import cloud_event, posted
from tests.unit.ingest.judged import batch, binary, facts, faults, judged, pointers

GOOD = msgspec.json.encode(posted())
POISON = {
    "a lone surrogate": b'{"type":"contact.complained","subject":"\\ud800"}',
    "NaN": b'{"type":"contact.complained","subject":"c1","data":{"x":NaN}}',
    "a nesting bomb": b'{"type":"contact.complained","subject":"c1","x":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "5,000 digits": b'{"type":"contact.complained","subject":"c1","x":' + b"1" * 5000 + b"}",
    "bytes that are not UTF-8": b'{"type":"contact.complained","subject":"\xff"}',
    "a zero byte": b'{"type":"contact.complained","subject":"\\u0000"}',
    "no object": b"17",
    "brackets in text": b'{"type":"no such","subject":"]]}},\\"[[{{"}',
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_a_poisoned_event_harms_no_other(poison: bytes) -> None:
    """The events around it are taken, in their order, and the fault names its place."""
    found = judged(b" [" + GOOD + b" , " + poison + b"\n," + GOOD + b"] ")

    assert [result.status for result in found.results] == ["accepted", "rejected", "accepted"]
    assert all(pointer.startswith("/1") for pointer in pointers(found))
    assert len(found.facts) == 2


def test_several_kinds_of_poison_in_one_batch_are_told_apart() -> None:
    """Splitting by hand keeps the order and the places."""
    body = b"[" + b",".join([GOOD, *POISON.values(), GOOD]) + b"]"

    found = judged(body)

    assert [result.status for result in found.results] == ["accepted", *["rejected"] * len(POISON), "accepted"]
    assert {pointer.split("/")[1] for pointer in pointers(found)} == {str(n + 1) for n in range(len(POISON))}


BROKEN = [
    b"",
    b" ",
    b"{",
    b"[",
    b"[1",
    b"[1,]",
    b"[1]]",
    b"[1] 2",
    b"{} {}",
    b'["',
    b'["\\',
    b"[[[[",
    b"]",
    b"nonsense",
    b'{"a":1',
    b"\xef\xbb\xbf{}",
    b"\xff",
    b"[NaN, bad]",
    b'[{"a":"\\ud800"}, {bad}]',
    b'[{"a":"\\ud800"}] [',
    b"[" * 5000,
    b'["' + b'\\"' * 5000,
]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize("media_type", [PLAIN, STRUCTURED, BATCH])
def test_a_body_that_is_no_json_is_refused_whole(body: bytes, media_type: str) -> None:
    """400: nothing of it is taken."""
    with pytest.raises(Problem) as refused:
        judged(body, media_type)

    assert (refused.value.status, refused.value.body["type"]) == (400, "malformed")


def test_a_batch_is_a_list() -> None:
    """A single event belongs under another content type."""
    with pytest.raises(Problem, match="no JSON") as refused:
        batch(cloud_event())

    assert "list" in refused.value.body["detail"]


@pytest.mark.parametrize("body", [b"[]", b" [ ] "])
def test_an_empty_batch_is_refused(body: bytes) -> None:
    """422: there is nothing to take."""
    with pytest.raises(Problem) as refused:
        judged(body)

    assert (refused.value.status, refused.value.body["type"]) == (422, "empty-batch")


@pytest.mark.parametrize("poison", [b"", b',"\\ud800"'])
def test_a_batch_has_at_most_a_thousand_events(poison: bytes) -> None:
    """1,000 are taken and 1,001 are not, whichever way they are split."""
    thousand = b",".join([GOOD] * 999) + (poison or b"," + GOOD)

    assert len(judged(b"[" + thousand + b"]").results) == 1000
    with pytest.raises(Problem) as refused:
        judged(b"[" + thousand + b"," + GOOD + b"]")
    assert (refused.value.status, refused.value.body["type"]) == (413, "too-many-events")


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/xml", "application/cloudevents+avro", "json"])
def test_another_content_type_is_refused(media_type: str) -> None:
    """415 tells what would be taken."""
    with pytest.raises(Problem) as refused:
        judged(posted(), media_type)

    assert refused.value.status == 415
    assert refused.value.headers
    assert BATCH in refused.value.headers["Accept"]


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"])
def test_parameters_of_the_content_type_change_nothing(media_type: str) -> None:
    """Clients write it in many ways."""
    assert faults(judged(posted(), media_type)) == []


def test_an_event_in_headers_is_taken() -> None:
    """Binary mode: the attributes are percent-encoded headers, the body is the data."""
    attributes = {"id": "e%201", "source": "/sh%C3%B6p", "time": "2026-02-01T12:00:00Z", "traceparent": "00-1"}

    found = binary({"reason": "late"}, type="contact.complained", **attributes)

    [fact] = facts(found)
    sent = msgspec.json.decode(found.facts[0].value)
    assert (fact.id, fact.source, sent["traceparent"], sent["data"]) == ("e 1", "/shöp", "00-1", {"reason": "late"})


def test_an_event_in_headers_may_have_no_body() -> None:
    """Of a checkout nothing more is known than that it was begun."""
    assert [fact.id for fact in facts(binary(b"", ""))] == ["e1"]


def test_the_body_of_an_event_in_headers_cannot_speak_for_its_headers() -> None:
    """Data that is no JSON value is no JSON, whatever it would be between braces."""
    with pytest.raises(Problem) as refused:
        binary(b'{},"subject":"c2"')

    assert refused.value.status == 400


@pytest.mark.parametrize("subject", ["%00", "a%40b", ""])
def test_a_header_is_held_against_the_same_rules(subject: str) -> None:
    """A zero byte, an address, nothing: refused at their attribute."""
    assert pointers(binary(b"", subject=subject)) == ["/subject"]


def test_a_header_must_be_utf_8() -> None:
    """What it was encoded from must have been text."""
    with pytest.raises(Problem) as refused:
        binary(b"", subject="%FF")

    assert [fault.pointer for fault in refused.value.body["errors"]] == ["/subject"]
