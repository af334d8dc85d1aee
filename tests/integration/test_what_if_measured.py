"""What if, with the effect that a play on trial has: ladder and notifier in one process, on a real database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from services.ladder.app import router
from services.ladder.estimates.refresher import Refresher
from services.ladder.page.neighbour import Neighbour
from services.ladder.page.routes import desk_of, pages
from shared import db
from shared.http import Keys, Part, application
from shared.instants import DAY
from shared.log.postgres import PostgresLog
from tests.integration.ladder_http import letters_of
from tests.integration.ladder_lanes import working
from tests.integration.notifier_part import Notifier, notifier
from tests.integration.test_notifier_experiments import plays
from tests.make import day, purchase

NOWHERE = "http://127.0.0.1:1"


@asynccontextmanager
async def ladder(database: str, neighbour: Neighbour, *others: Part) -> AsyncIterator[httpx.AsyncClient]:
    """The ladder with its page, and estimates of one person, in one application with the other parts."""
    engine = db.engine(database, pool_size=4)
    async with working(database, PostgresLog(database)) as lanes, await db.pool(database, size=1, name="test") as pool:
        await lanes.tell([purchase(day(number), order=f"o{number}") for number in range(2)])
        await lanes.tell([purchase(day(1), subject="c2")])
        await lanes.settled()
        book = lanes.book
        await Refresher(pool, lanes.settings, book).refresh()
        routes = pages(desk_of(engine, lanes.settings, book, letters_of(lanes), neighbour))
        routes.include_router(router(engine, lanes.settings, book, neighbour))
        app = application([Part("ladder", routes), *others], Keys(None), title="test", version="0")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://ladder") as client:
            yield client
    await neighbour.close()
    await engine.dispose()


async def watched(running: Notifier, treated: int, held_out: int, bought: int) -> None:
    """The win-back came to so many long ago; of the treated so many bought again within the window, nobody else."""
    at = await running.now() - 20 * DAY
    for arm, people in (("treated", treated), ("held_out", held_out)):
        await running.pool.execute(
            """
            insert into notifier.exposure (lane, play, person, arm, at, message)
            select 0, 'win_back', $1 || n, $1, $2, $1 || n from generate_series(1, $3::int) as n
            """,
            arm,
            at,
            people,
        )
    await running.pool.execute(
        """
        insert into notifier.purchase (lane, person, order_id, at, id, amount)
        select 0, 'treated' || n, n, $1, n, 1000 from generate_series(1, $2::int) as n
        """,
        at + DAY,
        bought,
    )


async def test_the_effect_of_a_play_is_the_one_it_has_measured(database: str, tmp_path: Path) -> None:
    """Over HTTP and on the page, whose form offers the play: the difference with its interval, and its grounds."""
    async with (
        notifier(database, tmp_path, plays(tmp_path)) as running,
        ladder(database, Neighbour(None, None), running.part) as client,
    ):
        await watched(running, 300, 300, 60)
        result = (await client.get("/v1/plays/win_back/result")).json()
        got = (await client.get("/v1/ladder/what-if?rung=3&play=win_back&effect=0.9")).raise_for_status().json()
        posted = (await client.post("/v1/ladder/what-if", json={"rung": 3, "play": "win_back"})).json()
        form = (await client.get("/what-if")).text
        shown = await client.get("/what-if?rung=3&share=100&effect=50&play=win_back")
    assert result["verdict"] == "helps"
    assert got["effect"] == result["difference"]["rate"] == 0.2
    assert {name: got["measured"][name] for name in ("low", "high")} == {
        name: result["difference"][name] for name in ("low", "high")
    }
    assert (got["measured"]["goal"], got["measured"]["treated"]) == ("repeat_purchase", 300)
    (rung,) = got["rungs"]
    assert (rung["rests_on"], rung["play"]) == ("measured_effect", "win_back")
    assert "win_back 20.0% of the people" in got["assumptions"][0]
    assert posted == got
    assert "<option>win_back</option>" in form
    assert shown.status_code == 200
    assert "under win_back 20.0 % of the people" in shown.text


async def test_where_nothing_is_measured_there_is_no_figure(database: str, tmp_path: Path) -> None:
    """A play that nobody knows is 404, one of which it is too early to speak 422, as is a goal that is no rise."""
    async with (
        notifier(database, tmp_path, plays(tmp_path)) as running,
        ladder(database, Neighbour(None, None), running.part) as client,
    ):
        unknown = await client.get("/v1/ladder/what-if?play=nothing")
        early = await client.get("/v1/ladder/what-if?play=win_back")
        posted = await client.post("/v1/ladder/what-if", json={"play": "win_back"})
        odd = await client.get("/v1/ladder/what-if?play=a/b")
        shown = [await client.get(f"/what-if?play={play}") for play in ("win_back", "nothing", "")]
    assert (unknown.status_code, unknown.json()["type"]) == (404, "unknown-trial")
    assert (early.status_code, early.json()["type"]) == (422, "not-measured")
    assert "too early" in early.json()["errors"][0]["detail"]
    assert [answer.json()["errors"][0]["pointer"] for answer in (early, posted, odd)] == [
        "/query/play", "/body/play", "/query/play",
    ]  # fmt: skip
    assert [answer.status_code for answer in shown] == [422, 404, 200]
    assert "it is too early to say anything" in shown[0].text


async def test_where_the_notifier_cannot_be_reached_that_is_said(database: str) -> None:
    """503 with a time to try again, whether it is away or there is none; the page says so and keeps its form."""
    async with ladder(database, Neighbour(NOWHERE, None)) as client:
        away = await client.get("/v1/ladder/what-if?play=win_back")
        shown = await client.get("/what-if?play=win_back")
    async with ladder(database, Neighbour(None, None)) as client:
        absent = await client.get("/v1/ladder/what-if?play=win_back")
    for answer in (away, absent):
        assert (answer.status_code, answer.json()["type"]) == (503, "notifier-unavailable")
        assert answer.headers["Retry-After"]
    assert "NOTIFIER_URL" in absent.json()["detail"]
    assert shown.status_code == 503
    assert "<option selected>win_back</option>" in shown.text
