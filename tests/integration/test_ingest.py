"""Ingest over real HTTP and a real log: what is answered is what is in the log."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from services.ingest.settings import IngestSettings
from shared import events, instants
from shared.http import Keys, new_key
from shared.log import LogUnavailableError, Record
from shared.log.postgres import PostgresLog
from tests.integration.ingest_http import Ingest, ingest
from tests.make import NOW, cloud_event, posted, posted_purchase

STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@pytest.fixture
async def service(database: str) -> AsyncIterator[Ingest]:
    """Under CLOCK=wall."""
    async with ingest(database) as served:
        yield served


@pytest.fixture
async def historic(database: str) -> AsyncIterator[Ingest]:
    """Under CLOCK=facts."""
    async with ingest(database, IngestSettings(lanes=4, clock="facts")) as served:
        yield served


def read(records: list[Record]) -> list[Any]:
    return [msgspec.json.decode(record.value) for record in records]


async def test_a_purchase_in_plain_json_is_in_the_log_when_it_is_answered(service: Ingest) -> None:
    """202 tells the id, and the log has a complete CloudEvent under the person's key."""
    answer = await service.client.post("/v1/events", json=posted_purchase())

    assert answer.status_code == 202, answer.text
    [record] = await service.records(events.SHOP_EVENTS)
    fact = msgspec.json.decode(record.value, type=events.Fact)
    assert isinstance(fact, events.PurchaseCompleted)
    assert answer.json() == {"accepted": 1, "rejected": 0, "results": [{"id": fact.id, "status": "accepted"}]}
    assert (record.key, fact.subject, fact.source, str(fact.data.amount)) == (b"c1", "c1", "shop", "49.90")


async def test_of_a_batch_the_good_are_in_the_log_in_their_order(service: Ingest) -> None:
    """One result per event in order; the refused one leaves no trace."""
    batch = [cloud_event(id=f"e{n}", subject="a@b" if n == 2 else "c1") for n in range(4)]

    answer = await service.client.post("/v1/events", json=batch, headers=BATCH)

    assert answer.status_code == 202
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (3, 1)
    assert [result["status"] for result in told["results"]] == ["accepted", "accepted", "rejected", "accepted"]
    assert [fault["pointer"] for fault in told["results"][2]["error"]["errors"]] == ["/2/subject"]
    assert [event["id"] for event in read(await service.records(events.SHOP_EVENTS))] == ["e0", "e1", "e3"]


async def test_a_request_of_which_nothing_is_taken_is_a_problem(service: Ingest) -> None:
    """422 with all faults, and in a batch the results as well; the log stays empty."""
    one = await service.client.post("/v1/events", json=posted_purchase("-1"))
    many = await service.client.post("/v1/events", json=[posted_purchase("-1"), posted("contact.merged", {})])

    assert (one.status_code, many.status_code) == (422, 422)
    assert one.headers["Content-Type"] == many.headers["Content-Type"] == "application/problem+json"
    assert (one.json()["type"], one.json()["errors"][0]["pointer"]) == ("invalid-event", "/data/amount")
    assert [result["error"]["type"] for result in many.json()["results"]] == ["invalid-event", "not-yet-supported"]
    assert [fault["pointer"] for fault in many.json()["errors"]] == ["/0/data/amount", "/1/type"]
    assert await service.records(events.SHOP_EVENTS) == []


async def test_posting_again_is_harmless(service: Ingest) -> None:
    """202 again, and under the same id, by which readers know it."""
    answers = [await service.client.post("/v1/events", json=posted_purchase(time=None)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert len({event["id"] for event in read(await service.records(events.SHOP_EVENTS))}) == 1


async def test_a_profile_is_on_its_own_topic(service: Ingest) -> None:
    """The address is on shop.profiles in the person's lane, and on shop.events it is not."""
    event = posted("contact.identified", {"source": "fair", "profile": {"email": "anna@example.org"}})

    await service.client.post("/v1/events", json=event)

    [profile] = await service.records(events.SHOP_PROFILES)
    [fact] = await service.records(events.SHOP_EVENTS)
    assert b"anna@example.org" in profile.value
    assert b"anna@example.org" not in fact.value
    assert (profile.key, profile.lane) == (fact.key, fact.lane)


def sdk_event() -> CloudEvent:
    attributes = {"type": "contact.complained", "source": "/shöp", "subject": "c1", "time": instants.to_datetime(NOW)}
    return CloudEvent({**attributes, "datacontenttype": "application/json"}, {"reason": "zu spät"})


def sdk_batch() -> HTTPMessage:
    single = [json.loads(to_structured_event(sdk_event()).body) for _ in range(3)]
    return HTTPMessage({"content-type": "application/cloudevents-batch+json"}, json.dumps(single).encode())


@pytest.mark.parametrize(
    ("message", "count"),
    [(to_structured_event(sdk_event()), 1), (to_binary_event(sdk_event()), 1), (sdk_batch(), 3)],
    ids=["structured", "binary", "batch"],
)
async def test_the_messages_of_the_cloud_events_sdk_are_taken(
    service: Ingest, message: HTTPMessage, count: int
) -> None:
    """Whichever of the three modes a client speaks."""
    answer = await service.client.post("/v1/events", content=message.body, headers=message.headers)

    assert answer.status_code == 202, answer.text
    taken = read(await service.records(events.SHOP_EVENTS))
    assert [(event["source"], event["data"]) for event in taken] == [("/shöp", {"reason": "zu spät"})] * count


async def test_under_the_facts_clock_every_lane_is_told_the_time(historic: Ingest) -> None:
    """Behind the request's facts, in every lane, the newest instant so far."""
    early, late = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    for time in (late, early):
        assert (await historic.client.post("/v1/events", json=posted(time=time))).status_code == 202

    lanes = [read(lane) for lane in await historic.lanes(events.SHOP_EVENTS)]

    ticks = [[event["time"] for event in lane if event["type"] == "clock.tick"] for lane in lanes]
    assert ticks == [[late, late]] * 4
    [told] = [lane for lane in lanes if len(lane) == 4]
    assert [event["type"] for event in told] == ["contact.checkout_started", "clock.tick"] * 2
    assert {msgspec.json.decode(msgspec.json.encode(told[1]), type=events.Tick).at} == {instants.parse(late)}


async def test_under_the_wall_clock_nobody_is_told_the_time(service: Ingest) -> None:
    """No ticks, and no clock to set."""
    await service.client.post("/v1/events", json=posted())
    answer = await service.client.post("/v1/clock", json={"to": "2026-01-01T00:00:00Z"})

    assert (answer.status_code, answer.json()["type"]) == (409, "wall-clock")
    assert [event["type"] for event in read(await service.records(events.SHOP_EVENTS))] == ["contact.checkout_started"]


async def test_the_clock_can_be_set_by_hand(historic: Ingest) -> None:
    """A tick on every lane; what is told later never goes back behind it."""
    to = instants.text(NOW + instants.DAY)
    answer = await historic.client.post("/v1/clock", json={"to": f"{to[:-1]}+00:00"})
    await historic.client.post("/v1/events", json=posted())

    assert (answer.status_code, answer.json()) == (202, {"to": to})
    lanes = [read(lane) for lane in await historic.lanes(events.SHOP_EVENTS)]
    ticks = [[event["time"] for event in lane if event["type"] == "clock.tick"] for lane in lanes]
    assert ticks == [[to] * 2] * 4


async def test_the_clock_cannot_be_set_further_than_a_day_ahead(historic: Ingest) -> None:
    """Time never goes back, so a year too much could never be mended."""
    to = instants.text(NOW + instants.DAY + instants.SECOND)
    answer = await historic.client.post("/v1/clock", json={"to": to})

    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"pointer": "/to", "detail": "lies more than a day in the future"}],
    )
    assert await historic.records(events.SHOP_EVENTS) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"to":"\xff"}', 400),
        (b'{"to":"2026-01-01"}', 422),
        (b'{"to":""}', 422),
    ],
)
async def test_a_time_that_is_none_is_refused(historic: Ingest, body: bytes, status: int) -> None:
    """And nobody is told of it."""
    assert (await historic.client.post("/v1/clock", content=body)).status_code == status
    assert await historic.records(events.SHOP_EVENTS) == []


@pytest.mark.parametrize("path", ["/v1/events", "/v1/clock"])
async def test_a_body_over_the_limit_is_refused(historic: Ingest, path: str) -> None:
    """413, whether its length was announced or not."""
    plain = {"Content-Type": "application/json"}

    announced = await historic.client.post(path, content=b" " * 5_000_001, headers=plain)
    chunked = await historic.client.post(path, content=_chunks(b" " * 1_000_000, 6), headers=plain)
    fits = await historic.client.post(path, content=b" " * 5_000_000, headers=plain)

    assert [answer.status_code for answer in (announced, chunked, fits)] == [413, 413, 400]


async def _chunks(chunk: bytes, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield chunk


async def test_a_key_with_the_scope_is_needed_where_there_are_keys(database: str) -> None:
    """401 without one, 403 with another scope, on both routes."""
    writer, its_record = new_key("shop", ["events:write"])
    reader, other_record = new_key("page", ["ladder:read"])
    keys = Keys([its_record, other_record])

    async with ingest(database, IngestSettings(lanes=4, clock="facts"), keys) as served:
        for path, body in (("/v1/events", posted()), ("/v1/clock", {"to": "2026-01-01T00:00:00Z"})):
            statuses = [
                (await served.client.post(path, json=body, headers=headers)).status_code
                for headers in ({}, _bearer("ll_wrong"), _bearer(reader), _bearer(writer))
            ]
            assert statuses == [401, 401, 403, 202]


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


class AwayLog(PostgresLog):
    """A log that cannot be reached once facts come; profiles it still takes."""

    async def append(self, entries: Any) -> None:
        if any(entry.topic == events.SHOP_EVENTS for entry in entries):
            raise LogUnavailableError("away")
        await super().append(entries)


async def test_a_log_that_is_away_is_a_problem_that_says_when_to_come_again(database: str) -> None:
    """503 with Retry-After; the profile, which goes first, may be in the log already."""
    async with ingest(database, log=AwayLog(database)) as served:
        answer = await served.client.post("/v1/events", json=posted("contact.consented", {"channel": "mail"}))

        assert (answer.status_code, answer.json()["type"]) == (503, "log-unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert len(await served.records(events.SHOP_PROFILES)) == 1
        assert await served.records(events.SHOP_EVENTS) == []


async def test_time_does_not_run_ahead_of_facts_that_are_not_in_the_log(database: str) -> None:
    """A request that failed does not count for the next one's tick."""
    log = FailingOnce(database)
    async with ingest(database, IngestSettings(lanes=4, clock="facts"), log=log) as served:
        failed = await served.client.post("/v1/events", json=posted(time="2026-02-02T00:00:00Z"))
        await served.client.post("/v1/events", json=posted(time="2026-01-01T00:00:00Z"))

        assert failed.status_code == 503
        times = {event["time"] for event in read(await served.records(events.SHOP_EVENTS))}
        assert times == {"2026-01-01T00:00:00Z"}


class FailingOnce(PostgresLog):
    """A log that is away for the first append."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._failures: Iterator[Exception] = iter([LogUnavailableError("away")])

    async def append(self, entries: Any) -> None:
        for failure in self._failures:
            raise failure
        await super().append(entries)


async def test_the_service_says_whether_its_log_can_be_used(service: Ingest) -> None:
    """/readyz asks the log."""
    answer = await service.client.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]["log"]) == (200, "ok")


async def test_what_was_taken_and_refused_is_counted(service: Ingest) -> None:
    """/metrics shows both."""
    before = await _counted(service)
    await service.client.post("/v1/events", json=[posted(), posted(), posted(subject="a@b")])

    assert [now - then for now, then in zip(await _counted(service), before, strict=True)] == [2, 1]


async def _counted(service: Ingest) -> list[float]:
    lines = (await service.client.get("/metrics")).text.splitlines()
    names = [f'loyalty_ingest_events_total{{outcome="{outcome}"}}' for outcome in ("accepted", "rejected")]
    return [float(line.split()[-1]) for name in names for line in lines if line.startswith(name)]


async def test_a_fact_a_little_ahead_of_the_clock_is_taken(service: Ingest) -> None:
    """The wall clock of the service is the measure: a day ahead, and no more."""
    times = [instants.text(NOW + instants.DAY), instants.text(NOW + instants.DAY + 1)]

    answer = await service.client.post("/v1/events", json=[posted(time=time) for time in times])

    assert [result["status"] for result in answer.json()["results"]] == ["accepted", "rejected"]
