"""Who may look at the page, and who may replay a dead letter there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import pytest

from services.ladder.page.access import inside
from services.ladder.page.neighbour import Neighbour
from services.ladder.page.routes import desk_of, pages
from services.ladder.people_queries import end_of
from shared import db, events
from shared.http import Keys, Part, new_key
from shared.log import Entry
from shared.log.postgres import PostgresLog
from tests.integration.ladder_http import client_of, letters_of
from tests.integration.ladder_lanes import Lanes, working
from tests.make import day, purchase
from tests.until import until

READER, READERS = new_key("reader", ["ladder:read"])
WRITER, WRITERS = new_key("writer", ["events:write"])
ADMIN, ADMINS = new_key("admin", ["admin"])
KEYS: Final = Keys([READERS, WRITERS, ADMINS])
PATHS: Final = (
    "/",
    "/picture",
    "/live",
    "/live/stream",
    "/people",
    "/at-risk",
    "/person?id=c1",
    "/figures",
    "/worth",
    "/what-if",
    "/plays",
    "/rules",
    "/health",
)
HERE: Final = {"Sec-Fetch-Site": "same-origin"}


@asynccontextmanager
async def page(dsn: str, keys: Keys) -> AsyncIterator[tuple[Lanes, httpx.AsyncClient]]:
    """The page over lanes at work that know one person."""
    log = PostgresLog(dsn)
    engine = db.engine(dsn, pool_size=4)
    try:
        async with working(dsn, log) as lanes:
            desk = desk_of(engine, lanes.settings, lanes.book, letters_of(lanes), Neighbour(None, None))
            await lanes.tell([purchase(day(1))])
            await lanes.settled()
            async with client_of(Part("ladder", pages(desk)), keys) as client:
                yield lanes, client
    finally:
        await engine.dispose()


async def log_in(client: httpx.AsyncClient, key: str, to: str = "/", **headers: str) -> httpx.Response:
    return await client.post("/login", data={"key": key, "to": to}, headers={**HERE, **headers})


async def test_without_keys_everybody_on_loopback_may_look_and_only_look(database: str) -> None:
    """The pages are open; a form that would change something is refused."""
    async with page(database, Keys(None)) as (_, client):
        for path in PATHS:
            if path != "/live/stream":
                assert (await client.get(path)).status_code == 200, path
        for path in ("/health/replay", "/health/retry"):
            assert (await client.post(path, data={"places": ""}, headers=HERE)).status_code == 403
        assert (await client.get("/person?id=nobody")).status_code == 404


async def test_with_keys_every_page_leads_to_the_log_in_and_back(database: str) -> None:
    """A reader's key lets in, one that may only post facts and one that is none do not; log-out ends it."""
    async with page(database, KEYS) as (_, client):
        for path in PATHS:
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["Location"][:10]) == (303, "/login?to="), path
        assert [(await log_in(client, key)).status_code for key in (WRITER, "ll_no", "", "ü" * 50)] == [403] * 4

        entered = await log_in(client, READER, to="/person?id=c1")
        assert (entered.status_code, entered.headers["Location"]) == (303, "/person?id=c1")
        cookie = entered.headers["Set-Cookie"]
        assert READER not in cookie
        assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        shown = await client.get("/person?id=c1")
        assert shown.status_code == 200
        assert "Person c1" in shown.text
        assert (await client.post("/logout", headers=HERE)).status_code == 303
        assert (await client.get("/")).status_code == 303


async def test_a_cookie_is_worth_only_what_was_signed(database: str) -> None:
    """Another key's name, a later end or another signature under it opens nothing, nor does it when its key is gone."""
    async with page(database, KEYS) as (_, client):
        await log_in(client, READER)
        digest, end, signature = client.cookies["ladder_session"].split(".")
        forged = [
            f"{ADMINS.sha256}.{end}.{signature}",
            f"{digest}.{int(end) + 1}.{signature}",
            f"{digest}.{end}.{signature[:-1]}",
            f"{digest}.{end}.",
            "..",
            "x",
        ]
        client.cookies.clear()
        for cookie in forged:
            assert (await client.get("/", headers={"Cookie": f"ladder_session={cookie}"})).status_code == 303, cookie
        good = f"{digest}.{end}.{signature}"
        assert (await client.get("/", headers={"Cookie": f"ladder_session={good}"})).status_code == 200
    async with page(database, Keys([ADMINS])) as (_, client):
        assert (await client.get("/", headers={"Cookie": f"ladder_session={good}"})).status_code == 303


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nX: y", "/"),
        ("/x?y", "/x?y"),
    ],
)
def test_the_log_in_leads_nowhere_else(to: str, expected: str) -> None:
    """However the address is written."""
    assert inside(to) == expected


async def test_forms_of_other_pages_are_refused(database: str) -> None:
    """Log-in, log-out and replay, however the browser says where the form came from."""
    async with page(database, KEYS) as (_, client):
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://a.b"}):
            answer = await client.post("/login", data={"key": ADMIN}, headers=headers)
            assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)
            await log_in(client, ADMIN)
            for path in ("/logout", "/health/replay", "/health/retry", "/rules/preview"):
                assert (await client.post(path, data={}, headers=headers)).status_code == 403
            assert (await client.get("/")).status_code == 200
            client.cookies.clear()


async def test_an_admin_replays_a_dead_letter(database: str) -> None:
    """Once it can be read the record is folded and the letter gone; without the form's mark or as a reader it stays."""
    async with page(database, KEYS) as (lanes, client):
        fact = events.encode(purchase(day(2), order="o2"))
        lane = await lanes.pool.fetchval("select lane from ladder.standing")
        await lanes.log.append([Entry(events.SHOP_EVENTS, lane, b"other", fact)])  # the key is not the subject
        await until(lambda: lanes.pool.fetchval("select count(*) from ladder.dead_letter"))
        await log_in(client, READER)
        assert "/health/replay" not in (await client.get("/health")).text
        await log_in(client, ADMIN)
        text = (await client.get("/health")).text
        assert "key is not the subject" in text
        mark = text.partition('name="mark" value="')[2].partition('"')[0]
        places = text.partition('name="places" value="')[2].partition('"')[0]

        for data in ({"places": places}, {"places": places, "mark": mark[:-1]}):
            assert (await client.post("/health/replay", data=data, headers=HERE)).status_code == 403
        done = await client.post("/health/replay", data={"places": places, "mark": mark}, headers=HERE)
        assert done.headers["Location"] == "/health?replayed=1&failed=0#letters"
        await lanes.settled()
        assert await lanes.pool.fetchval("select count(*) from ladder.dead_letter") == 0
        assert await lanes.pool.fetchval("select count(*) from ladder.fact") == 2
        again = await client.post("/health/replay", data={"places": places, "mark": mark}, headers=HERE)
        assert again.status_code == 303


async def test_what_names_no_person_cannot_be_replayed(database: str) -> None:
    """It stays, and the page says so."""
    async with page(database, KEYS) as (lanes, client):
        await lanes.log.append([Entry(events.SHOP_EVENTS, 0, b"x", b"<script>alert(1)</script>")])
        await until(lambda: lanes.pool.fetchval("select count(*) from ladder.dead_letter"))
        await log_in(client, ADMIN)
        text = (await client.get("/health")).text
        assert "<script>alert" not in text
        mark = text.partition('name="mark" value="')[2].partition('"')[0]
        places = text.partition('name="places" value="')[2].partition('"')[0]
        done = await client.post("/health/replay", data={"places": places, "mark": mark}, headers=HERE)
        assert done.headers["Location"] == "/health?replayed=0&failed=1#letters"
        assert "names no person" in (await client.get("/health?failed=1")).text


ODD: Final = (
    "/person", "/person?id=", "/person?id=%00", "/person?id=%ED%A0%80", f"/person?id={'x' * 300}",
    "/person?id=c1&until=x", "/person?id=c1&until=99999999999999999999", "/person?id=c1&skipped=-1",
    "/people?id=%00", "/people?id=%F4%8F%BF%BF", "/people?rung=0", "/people?rung=&stage=", "/people?stage=x",
    "/people?after=x", "/people?after=%FF", "/at-risk?after=x", "/health?after=1", "/health?after=1%201%20%00",
    "/health?after=99999999999%201%20x", "/health?replayed=x", "/health?theirs=x",
    "/health?waiting=x", "/health?retried=x", "/what-if?play=a/b",
    "/what-if?share=nan", "/what-if?rung=7", "/what-if?rung=&share=5", "/?language=xx", "/?language=de&x=%ED%A0%80",
    "/figures?from=x", "/figures?from=&to=", "/figures?from=2024-02-01&to=2024-01-01", "/figures?from=0001-01-01",
    "/?language=xx", "/?language=de&x=%ED%A0%80",
    "/page/nothing", "/login?to=%00", f"/login?to={'x' * 5000}",
)  # fmt: skip


async def test_no_address_breaks_the_page(database: str) -> None:
    """Whatever is asked, the answer is a page, and what is no address of ours is no server error."""
    async with page(database, Keys(None)) as (_, client):
        for path in ODD:
            answer = await client.get(path)
            assert answer.status_code in {200, 400, 404, 422}, path
            assert answer.headers["Content-Type"].startswith("text/html"), path
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            head, body = answer.text.split("<body>")
            assert "<style" not in head + body
            assert " style=" not in body


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [("a", "b"), ("az", "a{"), ("\ud7ff", "\ue000"), ("a\U0010ffff", "b"), ("\U0010ffff", None), ("ß", "à")],
)
def test_the_end_of_a_beginning(beginning: str, expected: str | None) -> None:
    """The first text that does not begin so, by code point and without halves of surrogates."""
    assert end_of(beginning) == expected
