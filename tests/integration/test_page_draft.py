"""A draft of the rules tried out on the page: who may, one at a time, and what is said of a draft that is no good."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx

from services.ladder.app import router
from services.ladder.page.desk import Desk
from services.ladder.page.neighbour import Neighbour
from services.ladder.page.routes import desk_of, pages
from shared import db
from shared.http import Keys, Part, new_key
from shared.log.postgres import PostgresLog
from tests.integration.ladder_http import client_of, letters_of
from tests.integration.ladder_lanes import working
from tests.make import RULES_TOML, day, purchase

READER, READERS = new_key("reader", ["ladder:read"])
ADMIN, ADMINS = new_key("admin", ["admin"])
KEYS: Final = Keys([READERS, ADMINS])
HERE: Final = {"Sec-Fetch-Site": "same-origin"}
TOML: Final = RULES_TOML.read_text()
STRICTER: Final = TOML.replace(
    'enter = { measure = "purchases", at_least = 1 }', 'enter = { measure = "purchases", at_least = 2 }'
)


@asynccontextmanager
async def page(dsn: str, keys: Keys) -> AsyncIterator[tuple[Desk, httpx.AsyncClient]]:
    """The page and the API over lanes at work that know three people with one order each."""
    log = PostgresLog(dsn)
    engine = db.engine(dsn, pool_size=4)
    try:
        async with working(dsn, log) as lanes:
            book, neighbour = lanes.book, Neighbour(None, None)
            desk = desk_of(engine, lanes.settings, book, letters_of(lanes), neighbour)
            await lanes.tell([purchase(day(1), subject=f"c{number}") for number in range(3)])
            await lanes.settled()
            routes = pages(desk)
            routes.include_router(router(engine, lanes.settings, book, neighbour, desk.previews))
            async with client_of(Part("ladder", routes), keys) as client:
                yield desk, client
    finally:
        await engine.dispose()


async def tried(client: httpx.AsyncClient, draft: str, mark: str = "", **headers: str) -> httpx.Response:
    data = {"draft": draft, "sample": "100", "mark": mark}
    return await client.post("/rules/preview", data=data, headers={**HERE, **headers})


async def test_on_loopback_without_keys_a_draft_is_tried_out(database: str) -> None:
    """The form holds the rules in force; the answer the progress, the matrix, and what would have been announced."""
    async with page(database, Keys(None)) as (_, client):
        form = (await client.get("/rules")).text
        answer = await tried(client, STRICTER.replace("\n", "\r\n"))
    assert form.partition("required>")[2].partition("</textarea>")[0].strip().startswith("# ")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "3 of 3 people told anew" in answer.text
    assert "3 people were told anew, 3 of them would stand elsewhere" in answer.text
    assert "<code>phase.changed</code>" in answer.text
    assert answer.text.rstrip().endswith("</html>")


async def test_with_keys_only_an_admin_tries_out_and_a_reader_reads(database: str) -> None:
    """A reader sees the text without a form; an admin's form must bring back its mark and come from here."""
    async with page(database, KEYS) as (_, client):
        await client.post("/login", data={"key": READER, "to": "/"}, headers=HERE)
        assert "/rules/preview" not in (await client.get("/rules")).text
        assert (await tried(client, STRICTER)).status_code == 403
        await client.post("/login", data={"key": ADMIN, "to": "/"}, headers=HERE)
        mark = (await client.get("/rules")).text.partition('name="mark" value="')[2].partition('"')[0]
        told = [
            await tried(client, STRICTER),
            await tried(client, STRICTER, mark, **{"Sec-Fetch-Site": "cross-site"}),
            await tried(client, STRICTER, mark),
        ]
    assert [answer.status_code for answer in told] == [403, 403, 200]


async def test_a_draft_that_cannot_be_used_is_shown_again_with_the_reason(database: str) -> None:
    """Nothing of what was typed is lost, and nothing of it is markup."""
    async with page(database, Keys(None)) as (_, client):
        answer = await tried(client, "lost_days = </textarea><script>alert(1)</script>")
        share = await client.post("/rules/preview", data={"draft": TOML, "sample": "nan"}, headers=HERE)
        large = await tried(client, "x" * 1_000_000)
    assert (answer.status_code, share.status_code, large.status_code) == (422, 422, 422)
    assert "The draft cannot be used" in answer.text
    assert "lost_days = &lt;/textarea&gt;&lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert "The share must lie above 0" in share.text


async def test_one_draft_is_tried_out_at_a_time(database: str) -> None:
    """A second one is asked to come again, on the page and over the API, until the first has ended."""
    async with page(database, Keys(None)) as (desk, client):
        await desk.previews.begin(TOML.encode(), 1.0)
        busy = [await tried(client, STRICTER), await client.post("/v1/rules/preview", content=STRICTER)]
        desk.previews.end()
        free = [
            await tried(client, STRICTER),
            await client.post("/v1/rules/preview", content=STRICTER),
            await tried(client, STRICTER),
        ]
    assert [answer.status_code for answer in busy] == [429, 429]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in busy)
    assert "tries out one at a time" in busy[0].text
    assert "at_least = 2" in busy[0].text
    assert busy[1].json()["type"] == "preview-under-way"
    assert [answer.status_code for answer in free] == [200, 200, 200]
