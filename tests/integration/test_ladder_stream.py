"""The feed as server-sent events, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest

from services.ladder import stream
from shared.log.postgres import PostgresLog
from tests.integration.ingest_http import serving
from tests.integration.ladder_http import part_of
from tests.integration.ladder_lanes import Lanes, working
from tests.make import day, purchase
from tests.until import until

LIVED = {"simulate": True}
"""Facts told now are no history."""


class Event(NamedTuple):
    """One server-sent event; `name` is empty for an announcement."""

    id: str
    name: str
    data: dict[str, Any]


class Listener:
    """Reads a stream and keeps what it has heard."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.events: list[Event] = []
        self.last_id = ""

    async def read(self) -> None:
        """Listen until cancelled."""
        fields: dict[str, str] = {}
        async for line in self._response.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                self.last_id = fields.get("id", self.last_id)
            elif "data" in fields:
                self.events.append(Event(fields["id"], fields.get("event", ""), json.loads(fields["data"])))
                fields = {}
            else:
                fields = {}

    def heard(self) -> list[tuple[str, str]]:
        """(person, type) of all announcements."""
        return [(event.data["subject"], event.data["type"]) for event in self.events if not event.name]


class Stage:
    """Lanes at work and the address where they are told of."""

    def __init__(self, lanes: Lanes, url: str) -> None:
        self.lanes = lanes
        self.url = url

    @asynccontextmanager
    async def listening(self, last_id: str | None = None, **parameters: str) -> AsyncIterator[Listener]:
        """A listener, from the moment it has been answered."""
        headers = {} if last_id is None else {"Last-Event-ID": last_id}
        path = f"{self.url}/v1/announcements/stream"
        async with (
            httpx.AsyncClient(timeout=60) as client,
            client.stream("GET", path, headers=headers, params=parameters) as response,
        ):
            assert response.status_code == 200
            listener = Listener(response)
            reading = asyncio.create_task(listener.read())
            try:
                await until(lambda: listener.last_id)
                yield listener
            finally:
                reading.cancel()


@asynccontextmanager
async def stage(dsn: str, **settings: object) -> AsyncIterator[Stage]:
    async with (
        working(dsn, PostgresLog(dsn), **settings) as lanes,
        part_of(dsn, lanes.settings) as part,
        serving(part) as url,
    ):
        yield Stage(lanes, url)


FIRST_PURCHASE = ["rung.promoted", "phase.changed"]


async def test_announcements_are_heard_as_they_happen(database: str) -> None:
    """All who listen hear what happens from then on, in a person's order, each as its CloudEvent."""
    async with stage(database, **LIVED) as on:
        await on.lanes.tell([purchase(day(0))])
        await on.lanes.settled()
        async with on.listening() as one, on.listening() as other:
            await on.lanes.tell([purchase(day(1)), purchase(day(1), subject="c2")])
            await until(lambda: len(one.events) == 4 and len(other.events) == 4)
    assert [heard for heard in one.heard() if heard[0] == "c1"] == [("c1", kind) for kind in FIRST_PURCHASE]
    assert sorted(one.heard()) == sorted(other.heard())
    assert one.events[0].data["specversion"] == "1.0"


async def test_a_listener_goes_on_where_it_was(database: str) -> None:
    """With the id of the last event a listener who was away hears everything it missed, once."""
    async with stage(database, **LIVED) as on:
        async with on.listening() as before:
            await on.lanes.tell([purchase(day(0), subject=f"p{number}") for number in range(9)])
            await until(lambda: len(before.events) == 18)
        for event in before.events:
            async with on.listening(last_id=event.id) as after:
                seen = before.events.index(event) + 1
                await until(lambda: len(after.events) >= 18 - seen)  # noqa: B023 - it is awaited here
            assert sorted(before.heard()[:seen] + after.heard()) == sorted(before.heard())


async def test_a_listener_hears_only_what_it_asked_for(database: str) -> None:
    """Filters by type and person hold for what was missed and for what comes."""
    async with stage(database, **LIVED) as on:
        async with on.listening() as start:
            pass
        await on.lanes.tell([purchase(day(0), subject=person) for person in ("c1", "c2")])
        await on.lanes.settled()
        async with (
            on.listening(after=start.last_id, customer="c1") as of_person,
            on.listening(last_id=start.last_id, type="rung.promoted") as of_type,
        ):
            await on.lanes.tell([purchase(day(1), subject=person) for person in ("c1", "c2")])
            await until(lambda: len(of_person.events) == 4 and len(of_type.events) == 4)
    assert of_person.heard() == [("c1", kind) for kind in FIRST_PURCHASE * 2]
    assert sorted(of_type.heard()) == [(person, "rung.promoted") for person in ("c1", "c1", "c2", "c2")]


async def test_history_is_left_out_unless_asked_for(database: str) -> None:
    """What became true long before it was recorded is heard only with `historical`."""
    async with stage(database) as on:
        async with on.listening() as present, on.listening(historical="true") as past:
            await on.lanes.tell([purchase(day(0))])
            await until(lambda: len(past.events) == 2)
            async with on.listening(last_id=past.events[0].id, historical="true") as rest:
                await until(lambda: rest.events)
        assert present.events == []
        assert rest.heard() == [("c1", "phase.changed")]


async def test_who_was_away_too_long_is_told_to_begin_anew(database: str) -> None:
    """When the feed no longer goes back to the listener's last event there is a `resync`, and then what is new."""
    async with stage(database, **LIVED) as on:
        async with on.listening() as start:
            pass
        await on.lanes.tell([purchase(day(0))])
        await on.lanes.settled()
        await on.lanes.pool.execute("delete from ladder.outbox")
        async with on.listening(last_id=start.last_id) as late:
            await until(lambda: late.events)
            await on.lanes.tell([purchase(day(1))])
            await until(lambda: len(late.events) == 3)
    assert (late.events[0].name, late.events[0].data) == ("resync", {"reason": "cursor-expired"})
    assert late.heard() == [("c1", kind) for kind in FIRST_PURCHASE]


async def test_a_slow_listener_misses_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not keep up with the news reads the feed again: every announcement is heard once."""
    monkeypatch.setattr(stream, "WAITING", 1)
    monkeypatch.setattr(stream, "PAGE", 3)
    monkeypatch.setattr(stream, "POLL_SECONDS", 0.01)
    people = [f"p{number}" for number in range(50)]
    async with stage(database, **LIVED) as on, on.listening() as listener:
        for after in range(3):
            await on.lanes.tell([purchase(day(after), subject=person) for person in people])
        await on.lanes.settled()
        told = [(message.subject, message.id) for message in await on.lanes.announcements()]
        await until(lambda: len(listener.events) >= len(told))
    heard = [(event.data["subject"], event.data["id"]) for event in listener.events]
    assert sorted(heard) == sorted(told)
    assert [each for each in heard if each[0] == "p7"] == [each for each in told if each[0] == "p7"]


async def test_a_silent_stream_gives_signs_of_life(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing concerns the listener, comments carry the cursor on."""
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    async with stage(database, **LIVED) as on, on.listening(customer="nobody") as listener:
        begun = listener.last_id
        await on.lanes.tell([purchase(day(0))])
        await until(lambda: listener.last_id != begun)
        async with on.listening(last_id=listener.last_id) as other:
            await on.lanes.tell([purchase(day(1))])
            await until(lambda: len(other.events) >= 2)
    assert listener.events == []


async def test_nobody_is_looked_for_when_nobody_listens(database: str) -> None:
    """When the last listener has gone, also without a word, the watch ends."""
    async with stage(database, **LIVED) as on:
        async with on.listening():
            assert _watches()
        await until(lambda: not _watches())


def _watches() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if "Watch._watch" in repr(task.get_coro())]
