"""Dead letters of both services over HTTP and on the page: listed, replayed, and parked persons tried again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from services.ladder.app import router
from services.ladder.page.neighbour import Neighbour
from services.ladder.page.routes import desk_of, pages
from shared import db, events, instants
from shared.http import Keys, Part, new_key
from shared.lanes.replay_routes import dead_letters
from shared.log import Entry
from shared.log.postgres import PostgresLog
from tests.integration.ladder_http import client_of, letters_of
from tests.integration.ladder_lanes import Lanes, working
from tests.integration.notifier_part import notifier
from tests.make import day, fact, purchase
from tests.until import until

READER, READERS = new_key("reader", ["ladder:read"])
ADMIN, ADMINS = new_key("admin", ["admin"])
KEYS: Final = Keys([READERS, ADMINS])
READING: Final = {"Authorization": f"Bearer {READER}"}
ACTING: Final = {"Authorization": f"Bearer {ADMIN}"}
HERE: Final = {"Sec-Fetch-Site": "same-origin"}


@asynccontextmanager
async def ladder(dsn: str, neighbour: Neighbour | None = None) -> AsyncIterator[tuple[Lanes, httpx.AsyncClient]]:
    """The ladder with page and API over lanes at work, with keys."""
    engine = db.engine(dsn, pool_size=4)
    async with working(dsn, PostgresLog(dsn)) as lanes:
        book, letters = lanes.book, letters_of(lanes)
        routes = pages(desk_of(engine, lanes.settings, book, letters, neighbour or Neighbour(None, None)))
        routes.include_router(router(engine, lanes.settings, book))
        routes.include_router(dead_letters("ladder", letters))
        async with client_of(Part("ladder", routes), KEYS) as client:
            yield lanes, client
    await engine.dispose()


async def test_an_admin_replays_a_letter_over_http(database: str) -> None:
    """It is listed without its content and page by page; replayed once it is folded, and asking again does no harm."""
    async with ladder(database) as (lanes, client):
        for number in range(3):
            told = events.encode(purchase(day(number), order=f"o{number}"))
            await lanes.log.append([Entry(events.SHOP_EVENTS, number, b"other", told)])  # the key is not the subject
        await until(lambda: has(lanes, 3))
        first = await client.get("/v1/dead-letters/ladder", params={"limit": 2}, headers=READING)
        second = await client.get("/v1/dead-letters/ladder", params={"after": first.json()["next"]}, headers=READING)
        listed = first.json()["items"] + second.json()["items"]
        paths = [f"/v1/dead-letters/ladder/{each['id']}/replay" for each in listed]
        refused = await client.post(paths[0], headers=READING)
        replayed = [await client.post(path, headers=ACTING) for path in paths]
        await lanes.settled()
        again = await client.post(paths[0], headers=ACTING)
        facts = await lanes.pool.fetchval("select count(*) from ladder.fact")
        left = (await client.get("/v1/dead-letters/ladder", headers=READING)).json()
        bad = [await client.post(f"/v1/dead-letters/ladder/{place}/replay", headers=ACTING) for place in ("x", "1-2")]
    assert [(each["topic"], each["lane"]) for each in listed] == [(events.SHOP_EVENTS, lane) for lane in range(3)]
    assert second.json()["next"] is None
    assert "amount" not in first.text
    assert listed[0]["reason"] == "the record's key is not the subject"
    assert refused.status_code == 403
    assert [(answer.status_code, answer.json()["outcome"]) for answer in replayed] == [(202, "replayed")] * 3
    assert (again.status_code, again.json()["outcome"]) == (202, "gone")
    assert (facts, left) == (3, {"items": [], "next": None})
    assert [answer.status_code for answer in bad] == [400, 400]


async def has(lanes: Lanes, letters: int) -> bool:
    """Whether the ladder has so many dead letters."""
    return bool(await lanes.pool.fetchval("select count(*) = $1 from ladder.dead_letter", letters))


async def test_a_record_that_names_nobody_stays(database: str) -> None:
    """422, and the letter is still there."""
    async with ladder(database) as (lanes, client):
        await lanes.log.append([Entry(events.SHOP_EVENTS, 0, b"x", b"no JSON")])
        await until(lambda: has(lanes, 1))
        (letter,) = (await client.get("/v1/dead-letters/ladder", headers=READING)).json()["items"]
        answer = await client.post(f"/v1/dead-letters/ladder/{letter['id']}/replay", headers=ACTING)
        assert await has(lanes, 1)
    assert (answer.status_code, answer.json()["type"]) == (422, "names-nobody")


async def test_the_notifiers_letters_are_replayed_on_the_page_too(database: str, tmp_path: Path) -> None:
    """In one process without further ado; the profile that had not been read is there, and is shown to nobody."""
    told = fact("contact.identified", day(1), subject="c9", profile={"email": "anna@example.org"})
    async with notifier(database, tmp_path) as running:
        await running.log.append([Entry(events.SHOP_PROFILES, 0, b"other", events.encode(told))])
        await until(lambda: running.pool.fetchval("select count(*) from notifier.dead_letter"))
        engine = db.engine(database, pool_size=4)
        async with working(database, PostgresLog(database)) as lanes:
            desk = desk_of(engine, lanes.settings, lanes.book, letters_of(lanes), Neighbour(None, None))
            routes = pages(desk)
            routes.include_router(running.part.router)
            async with client_of(Part("ladder", routes), KEYS) as client:
                await client.post("/login", data={"key": READER, "to": "/"}, headers=HERE)
                reading = (await client.get("/health")).text
                await client.post("/login", data={"key": ADMIN, "to": "/"}, headers=HERE)
                text = (await client.get("/health")).text
                mark = text.partition('name="mark" value="')[2].partition('"')[0]
                place = text.partition('name="places" value="')[2].partition('"')[0]
                data = {"mark": mark, "of": "notifier", "places": place}
                done = await client.post("/health/replay", data=data, headers=HERE)
                await running.settled()
                after = (await client.get("/health")).text
        await engine.dispose()
        assert await running.pool.fetchval("select count(*) from notifier.dead_letter") == 0
        assert await running.pool.fetchval("select count(*) from notifier.profile where person = 'c9'") == 1
    assert "/health/replay" not in reading
    assert events.SHOP_PROFILES in reading
    assert "anna@example.org" not in text
    assert done.headers["Location"] == "/health?replayed=1&failed=0#letters"
    assert events.SHOP_PROFILES not in after


async def test_parked_persons_are_tried_again(database: str) -> None:
    """Listed with the reason; after the retry the fact is folded by the lane's next owner, and nobody waits."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(1))])
        await lanes.settled()
        lane, body = await lanes.pool.fetchrow("select lane, body from ladder.fact") or (0, b"")
        later = body.replace(b"o1", b"o2").replace(b'"id":"', b'"id":"x')
        await lanes.pool.execute(
            "insert into ladder.parked values ($1, 'c1', 1, 'ValueError()', $2, $3)", lane, later, day(2)
        )
        listed = (await client.get("/v1/parked", headers=READING)).json()
        epoch = await lanes.pool.fetchval("select epoch from ladder.lane where lane = $1", lane)
        refused = await client.post("/v1/parked/retry", headers=READING)
        await client.post("/login", data={"key": ADMIN, "to": "/"}, headers=HERE)
        text = (await client.get("/health")).text
        mark = text.partition('name="mark" value="')[2].partition('"')[0]
        done = await client.post("/health/retry", data={"mark": mark}, headers=HERE)

        async def folded() -> bool:
            waiting = await lanes.pool.fetchval("select count(*) from ladder.parked")
            return not waiting and await lanes.pool.fetchval("select count(*) from ladder.fact") == 2

        await until(folded, 60)
        again = await client.post("/v1/parked/retry", headers=ACTING)
        assert await lanes.pool.fetchval("select epoch from ladder.lane where lane = $1", lane) > epoch
    (person,) = listed["items"]
    assert person == {"customer": "c1", "facts": 1, "reason": "ValueError()", "since": instants.text(day(2))}
    assert refused.status_code == 403
    assert "ValueError()" in text
    assert done.headers["Location"] == "/health?retried=1#parked"
    assert (again.status_code, again.json()) == (202, {"lanes": []})
