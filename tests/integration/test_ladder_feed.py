"""The feed of announcements, pulled and streamed."""

import json
from typing import Any

import msgspec
import pytest

from services.ladder import answers
from services.ladder.settings import LadderSettings
from shared.events import Fact
from tests.integration.ladder_http import client_of, ladder, pages, part_of
from tests.integration.ladder_lanes import Lanes
from tests.make import day, fact, purchase

FEED = "/v1/announcements"


def lives(number: int, first_day: int = 0) -> list[Fact]:
    """So many people who identify themselves and buy twice, in the order of time."""
    return [
        told
        for after in range(3)
        for person in range(number)
        for told in [
            fact("contact.identified", day(first_day), subject=f"p{person}")
            if not after
            else purchase(day(first_day + after), subject=f"p{person}")
        ]
    ]


async def announced(lanes: Lanes) -> list[dict[str, Any]]:
    """What the lanes announced, as they wrote it."""
    rows = await lanes.pool.fetch(
        "select value from ladder.outbox where topic = 'ladder.events' and type <> 'clock.tick' order by lane, seq"
    )
    return [json.loads(row["value"]) for row in rows]


def by_person(items: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Ids in their order, person by person."""
    found: dict[str, list[str]] = {}
    for item in items:
        found.setdefault(item["subject"], []).append(item["id"])
    return found


@pytest.mark.parametrize("limit", [1, 3, 1_000])
async def test_the_feed_gives_everything_once_and_goes_on(database: str, limit: int) -> None:
    """Pages of any size hold every announcement as written and no tick; the last cursor leads to what is new."""
    async with ladder(database) as (lanes, client):
        await lanes.tell(lives(9))
        await lanes.settled()
        items = await pages(client, FEED, limit=limit)
        end = (await client.get(FEED, params={"limit": 1_000})).json()
        await lanes.tell([purchase(day(400), subject="p3")])
        await lanes.settled()
        new = (await client.get(FEED, params={"after": end["next"], "limit": 1_000})).json()
        everything = await announced(lanes)
    assert not end["more"]
    assert by_person(items + new["items"]) == by_person(everything)
    assert {item["id"]: item for item in items + new["items"]} == {item["id"]: item for item in everything}
    msgspec.json.decode(json.dumps(end), type=answers.Announcements)


async def test_an_empty_page_has_a_cursor(database: str) -> None:
    """Where nothing was announced yet, `next` is a cursor to come back with."""
    async with ladder(database) as (lanes, client):
        empty = (await client.get(FEED)).json()
        await lanes.tell([purchase(day(0))])
        await lanes.settled()
        first = (await client.get(FEED, params={"after": empty["next"]})).json()
    assert (empty["items"], empty["more"]) == ([], False)
    assert [item["type"] for item in first["items"]] == ["rung.promoted", "phase.changed"]


async def test_the_feed_of_some_types(database: str) -> None:
    """Asked for types, the feed leaves the others out and still comes to its end."""
    async with ladder(database) as (lanes, client):
        await lanes.tell(lives(9))
        await lanes.tick(day(600))
        await lanes.settled()
        wanted = ["customer.lapsed", "churn.risk_raised"]
        items = await pages(client, FEED, type=wanted, limit=2)
        everything = await announced(lanes)
    assert by_person(items) == by_person([item for item in everything if item["type"] in wanted])
    assert len(items) == 18


async def test_the_feed_of_one_person_leaves_the_others_unread(database: str) -> None:
    """Asked for one person the feed gives theirs in order; its cursor without the filter still leads to all others."""
    async with ladder(database) as (lanes, client):
        await lanes.tell(lives(9))
        await lanes.settled()
        items = await pages(client, FEED, customer="p1", limit=1)
        first = (await client.get(FEED, params={"customer": "p1", "limit": 1})).json()
        rest = await pages(client, FEED, after=first["next"])
        of_type = await pages(client, FEED, customer="p1", type="rung.promoted")
        nobody = (await client.get(FEED, params={"customer": "nobody"})).json()
        everything = await announced(lanes)
    expected = by_person(everything)
    assert by_person(items) == {"p1": expected["p1"]}
    assert set(expected) - {"p1"} <= set(by_person(rest))
    assert first["items"][0]["id"] not in by_person(rest).get("p1", [])
    assert [item["data"]["to"] for item in of_type] == [1, 3, 4]
    assert (nobody["items"], nobody["more"]) == ([], False)


async def test_a_cursor_that_is_too_old_has_expired(database: str) -> None:
    """When rows behind a cursor have been deleted the answer is 410, from the oldest kept on the feed can be read."""
    async with ladder(database) as (lanes, client):
        old = (await client.get(FEED)).json()
        await lanes.tell(lives(9))
        await lanes.settled()
        end = (await client.get(FEED, params={"limit": 1_000})).json()
        await lanes.pool.execute("delete from ladder.outbox where seq <= 2")
        kept = await announced(lanes)
        gone = await client.get(FEED, params={"after": old["next"]})
        gone_for_one = await client.get(FEED, params={"after": old["next"], "customer": "p1"})
        from_oldest = await pages(client, FEED)
        await lanes.pool.execute("delete from ladder.outbox")
        at_end = await client.get(FEED, params={"after": end["next"]})
        from_nothing = (await client.get(FEED)).json()
    assert (gone.status_code, gone.json()["type"]) == (410, "cursor-expired")
    assert gone_for_one.status_code == 410
    assert by_person(from_oldest) == by_person(kept)
    assert at_end.json() == {"items": [], "next": end["next"], "more": False}
    assert from_nothing == at_end.json()


async def test_a_cursor_of_other_lanes_is_refused(database: str) -> None:
    """A cursor with another number of positions is none of this feed."""
    async with ladder(database, lanes=2) as (_, client):
        cursor = (await client.get(FEED)).json()["next"]
        async with part_of(database, LadderSettings(lanes=3)) as part, client_of(part) as other:
            answer = await other.get(FEED, params={"after": cursor})
    assert answer.status_code == 400
