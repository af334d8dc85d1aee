"""What becomes of events that are taken: the records of facts and profiles."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.accept import accept
from services.ingest.posting import Posting
from shared import events, instants
from shared.http import Problem
from shared.log.partitioner import lane_of
from tests.make import NOW, cloud_event, posted, posted_purchase
from tests.unit.ingest.judged import FACTS, SHOP, batch, facts, judged, structured

PROFILE = {"email": "anna@example.org", "name": "Anna Alm", "address": {"street": "Hauptstr. 1"}, "language": "de"}
SECRETS = ("anna@example.org", "Anna Alm", "Hauptstr. 1", "signed by Anna")


def test_a_complete_cloud_event_goes_on_as_it_was_sent() -> None:
    """Byte for byte, with space, order and unknown fields."""
    event = (
        b'{ "data": {"reason": "late", "new": [1e2]},"type":"contact.complained" , "id":"e1", "x":null, "source":"s",'
        b'"subject":"c1","specversion":"1.0","time":"2026-02-01T13:00:00+01:00"}'
    )

    assert [entry.value for entry in structured(event).facts] == [event]


def test_what_is_missing_is_filled_in_and_the_rest_kept() -> None:
    """Source, version, time and id; unknown fields stay as they were sent."""
    found = judged(b'{"type":"contact.complained","subject":"c1","new":1.50,"data":{"x":1.0}}')

    assert found.facts[0].value.endswith(b'"subject":"c1","new":1.50,"data":{"x":1.0}}')
    sent = msgspec.json.decode(found.facts[0].value)
    assert {**sent, "id": ""} == {
        "specversion": "1.0", "id": "", "source": "shop", "type": "contact.complained", "subject": "c1",
        "time": instants.text(NOW), "new": 1.5, "data": {"x": 1.0},
    }  # fmt: skip


def test_null_is_as_good_as_missing() -> None:
    """As the JSON format of CloudEvents has it; the ladder reads what is left."""
    event = {"type": "contact.complained", "subject": "c1", "id": None, "time": None, "source": None, "data": None}

    [fact] = facts(judged(event))

    assert (fact.source, fact.at) == ("shop", NOW)


def test_a_missing_time_of_a_cloud_event_is_filled_in() -> None:
    """The one attribute that may be missing."""
    [fact] = facts(structured(cloud_event(time=None)))

    assert (fact.id, fact.at) == ("e1", NOW)


def test_records_are_keyed_by_person_and_in_their_lane() -> None:
    """As any client of Kafka would place them; the order of the request is kept."""
    found = batch([cloud_event(subject=f"c{n % 7}", id=f"e{n}") for n in range(100)])

    assert [entry.key for entry in found.facts] == [f"c{n % 7}".encode() for n in range(100)]
    assert [entry.lane for entry in found.facts] == [lane_of(f"c{n % 7}", SHOP.lanes) for n in range(100)]
    assert {entry.topic for entry in found.facts} == {events.SHOP_EVENTS}


def test_the_newest_instant_of_a_request_is_told() -> None:
    """Of what was taken, whatever its order."""
    times = ["2026-01-03T00:00:00Z", "2026-01-05T00:00:00.5Z", "2026-01-04T00:00:00Z"]

    found = judged([posted(time=time) for time in times] + [posted(time="2026-02-01T00:00:00Z", subject="a@b")])

    assert found.newest == instants.parse("2026-01-05T00:00:00.5Z")


def test_a_profile_goes_to_the_profiles_and_nowhere_else() -> None:
    """The whole event on shop.profiles; on shop.events source and cost only, and no extensions."""
    data = {"source": "fair", "acquisition_cost": "2.50", "profile": PROFILE, "email": PROFILE["email"]}
    event = cloud_event("contact.identified", data, comment="Anna Alm")

    found = structured(event)

    assert [(entry.topic, entry.key) for entry in found.profiles] == [(events.SHOP_PROFILES, b"c1")]
    assert msgspec.json.decode(found.profiles[0].value) == event
    public = {**event, "data": {"source": "fair", "acquisition_cost": "2.50"}}
    del public["comment"]
    assert msgspec.json.decode(found.facts[0].value) == public
    assert found.profiles[0].lane == found.facts[0].lane


def test_an_identification_without_a_profile_has_nothing_personal() -> None:
    """There is no record on shop.profiles; what else stood in its data is dropped all the same."""
    found = judged(posted("contact.identified", {"source": "fair", "email": "anna@example.org"}))

    assert found.profiles == []
    assert msgspec.json.decode(found.facts[0].value)["data"] == {"source": "fair"}


@pytest.mark.parametrize("type_", ["contact.consented", "contact.objected"])
def test_a_consent_goes_to_the_profiles_with_its_proof(type_: str) -> None:
    """For everybody there are channel and purpose only."""
    data = {"channel": "mail", "purpose": "marketing", "basis": "consent", "proof": {"text": "signed by Anna"}}

    found = judged(posted(type_, data))

    assert msgspec.json.decode(found.profiles[0].value)["data"] == data
    assert msgspec.json.decode(found.facts[0].value)["data"] == {"channel": "mail", "purpose": "marketing"}
    one, other = (msgspec.json.decode(entry.value) for entry in (found.profiles[0], found.facts[0]))
    assert {**one, "data": 0} == {**other, "data": 0}


@given(
    st.sampled_from(["contact.identified", "contact.consented", "contact.objected"]),
    st.dictionaries(
        st.sampled_from(["profile", "proof", "basis", "purpose", "note", "\u0070rofile2", "data"]),
        st.sampled_from([PROFILE, {"x": list(SECRETS)}, None]),
    ),
    st.dictionaries(st.sampled_from(["comment", "dataschema", "id", "time", "source"]), st.sampled_from([None, "x1"])),
    st.booleans(),
)
def test_personal_data_never_enters_the_facts(
    type_: str, data: dict[str, object], attributes: dict[str, object], escaped: bool
) -> None:
    """However an event is put together: what is taken of it shows nothing of the profile, the basis or the proof."""
    event = {"type": type_, "subject": "c1", **attributes, "data": data, "extension": SECRETS[0]}
    body = msgspec.json.encode(event)
    body = body.replace(b'"profile"', b'"pr\\u006ffile"').replace(b'"data"', b'"d\\u0061ta"') if escaped else body

    found = judged(body)

    assert not any(secret.encode() in entry.value for entry in found.facts for secret in SECRETS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    ["order_id", "amount", "currency", "items", "sku", "channel", "kind", "score", "minutes", "profile", "email",
     "positive", "cause", "referee", "proof", "paid", "unknown", "_at", "acquisition_cost", "discount", "quantity"]
)  # fmt: skip
VALUES = JSON | st.sampled_from(["EUR", "1.00", 9, True, "opened", "review", [{"sku": "s"}], {"email": "a@b"}])
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from([events.type_of(fact) for fact in events.FACT_TYPES]) | JSON,
        "subject": st.sampled_from(["c1", "c2"]) | JSON,
    },
    optional={
        "id": JSON,
        "source": JSON,
        "time": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01 00:00:00.1234567891+01:30"]) | st.text() | JSON,
        "specversion": st.just("1.0") | JSON,
        "data": st.dictionaries(MEMBERS, VALUES, max_size=6) | JSON,
        "_at": JSON,
        "data_base64": JSON,
    },
)


@given(st.lists(EVENTS, min_size=1, max_size=3))
def test_whatever_is_taken_can_be_read_by_the_ladder(posted_events: list[object]) -> None:
    """Every event has a result; each record on shop.events is a fact under its id and within the bounds of time."""
    found = judged(msgspec.json.encode(posted_events))

    taken = [result for result in found.results if result.status == "accepted"]
    assert len(found.results) == len(posted_events)
    read = [FACTS.decode(entry.value) for entry in found.facts]
    assert [fact.id for fact in read] == [result.id for result in taken]
    assert all(0 <= fact.at <= NOW + instants.DAY for fact in read)
    assert all(result.error and result.error.errors for result in found.results if result.status == "rejected")


def taken_or_refused(body: bytes) -> bool:
    """True where every event of the body has its result, and every record can be read; a problem is an answer too."""
    try:
        found = judged(body)
    except Problem as problem:
        return problem.status in (400, 413, 422)
    return len(facts(found)) == len([result for result in found.results if result.status == "accepted"])


@given(st.binary() | st.binary().map(lambda noise: b"[" + noise + b"]") | JSON.map(msgspec.json.encode))
def test_any_bytes_are_taken_or_refused(body: bytes) -> None:
    """Nothing that is posted raises anything but a problem."""
    assert taken_or_refused(body)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 200), st.booleans())
def test_a_purchase_with_some_bytes_changed_is_taken_or_refused(noise: bytes, at: int, instead: bool) -> None:
    """What is nearly right raises nothing either, and what is taken can be read."""
    good = msgspec.json.encode([posted_purchase(), posted("contact.identified", {"profile": PROFILE})])

    assert taken_or_refused(good[:at] + noise + good[at + (len(noise) if instead else 0) :])


@given(st.binary())
def test_any_bytes_as_one_event_have_a_result(event: bytes) -> None:
    """Also below the splitting of bodies nothing raises."""
    found = accept(Posting([event], listed=True, whole=False), SHOP, now=NOW, new_id=lambda: "new")

    assert len(found.results) == 1
