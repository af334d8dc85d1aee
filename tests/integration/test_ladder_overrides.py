"""Rungs given by hand over HTTP, folded by lanes at work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx
import msgspec
import pytest

from services.ladder.overrides import overrides
from services.ladder.page.neighbour import Neighbour
from services.ladder.page.routes import desk_of, pages
from services.ladder.people import Registry
from services.ladder.queries import Queries
from shared import db, instants
from shared.http import Keys, Part, new_key
from tests.integration.ladder_http import client_of, ladder, letters_of
from tests.integration.ladder_lanes import Lanes
from tests.make import day, fact, purchase, refund

FLOOR: dict[str, Any] = {"rung": "member", "kind": "floor", "reason": "a lost parcel"}
OVERRIDE = "/v1/customers/c1/override"


@asynccontextmanager
async def desk(dsn: str, lanes: Lanes, keys: Keys | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Where overrides are given; their ids are o1, o2 …."""
    engine = db.engine(dsn, pool_size=2)
    numbers = count(1)
    registry = Registry(Queries(engine, by_facts=True), lanes.book, lanes.settings.lanes)
    routes = overrides(registry, lanes.log, lanes.settings.lanes, lambda: f"o{next(numbers)}")
    try:
        async with client_of(Part("overrides", routes), keys) as client:
            yield client
    finally:
        await engine.dispose()


@asynccontextmanager
async def looking(dsn: str, lanes: Lanes) -> AsyncIterator[httpx.AsyncClient]:
    """The page for operations."""
    engine = db.engine(dsn, pool_size=2)
    desk = desk_of(engine, lanes.settings, lanes.book, letters_of(lanes), Neighbour(None, None))
    try:
        async with client_of(Part("page", pages(desk))) as client:
            yield client
    finally:
        await engine.dispose()


async def _rungs(lanes: Lanes) -> list[tuple[str, object, object, object]]:
    """(type, from, to, cause) of the changes of the rung, in order."""
    told = [msgspec.to_builtins(message) for message in await lanes.announcements()]
    return [
        (each["type"], each["data"]["from"], each["data"]["to"], each["data"]["cause"].get("fact", "deadline"))
        for each in told
        if each["type"] in {"rung.promoted", "rung.demoted"}
    ]


async def test_an_override_is_announced_explained_and_in_the_history(database: str) -> None:
    """A floor lifts at once, is told with the reason, and when it is over the rules put the person back."""
    async with ladder(database) as (lanes, client), desk(database, lanes) as admin:
        await lanes.tell([purchase(day(0), id_="bought")])
        await lanes.settled()
        taken = await admin.put(OVERRIDE, json={**FLOOR, "until": instants.text(day(50)), "by": "ann"})
        await lanes.settled()
        shown = (await client.get("/v1/customers/c1")).json()
        before = (await client.get("/v1/customers/c1", params={"as_of": instants.text(day(0) - 1)})).status_code
        await lanes.tick(day(60))
        await lanes.settled()
        after = (await client.get("/v1/customers/c1")).json()
        history = (await client.get("/v1/customers/c1/history")).json()
        changes = await _rungs(lanes)
    assert (taken.status_code, taken.json()) == (202, {"id": "o1", "time": "2024-01-01T00:00:00Z"})
    assert (shown["rung"]["number"], shown["rung"]["because"][0]["facts"]) == (5, ["o1"])
    assert shown["override"] == {
        "id": "o1",
        "rung": 5,
        "kind": "floor",
        "reason": "a lost parcel",
        "by": "ann",
        "since": "2024-01-01T00:00:00Z",
        "until": "2024-02-20T00:00:00Z",
        "otherwise": 3,
    }
    assert before == 404
    assert (after["rung"]["number"], after["override"]) == (3, None)
    assert changes == [
        ("rung.promoted", None, 3, "bought"),
        ("rung.promoted", 3, 5, "o1"),
        ("rung.demoted", 5, 3, "deadline"),
    ]
    assert history["items"][0]["cause"] == {"deadline": "override_ends", "at": "2024-02-20T00:00:00Z"}
    assert [(word["id"], word["rung"], word["by"]) for word in history["overrides"]] == [("o1", 5, "ann")]


async def test_an_override_is_lifted_by_hand(database: str) -> None:
    """What was given ends with the lifting, which stays in the history with its reason."""
    async with ladder(database) as (lanes, client), desk(database, lanes) as admin:
        await lanes.tell([purchase(day(0), id_="bought"), purchase(day(1), id_="again")])
        await lanes.settled()
        await admin.put(OVERRIDE, json={"rung": 2, "kind": "fixed", "reason": "under suspicion"})
        await lanes.tick(day(2))
        await lanes.settled()
        await admin.delete(OVERRIDE, params={"reason": "cleared"})
        await lanes.settled()
        shown = (await client.get("/v1/customers/c1")).json()
        history = (await client.get("/v1/customers/c1/history")).json()
        changes = await _rungs(lanes)
    assert (shown["rung"]["number"], shown["override"]) == (4, None)
    assert changes[-2:] == [("rung.demoted", 4, 2, "o1"), ("rung.promoted", 2, 4, "o2")]
    assert [(word["type"], word["reason"], word["by"]) for word in history["overrides"]] == [
        ("rung.override_lifted", "cleared", "operator"),
        ("rung.overridden", "under suspicion", "operator"),
    ]


async def test_late_facts_and_a_refund_leave_an_override_in_force(database: str) -> None:
    """The past is told anew around it, with the journal it is kept in."""
    async with ladder(database) as (lanes, client), desk(database, lanes) as admin:
        await lanes.tell([purchase(day(5), order="a"), purchase(day(6))])
        await lanes.settled()
        await admin.put(OVERRIDE, json={"rung": 4, "kind": "fixed", "reason": "a tester"})
        await lanes.settled()
        late = [purchase(day(1)), purchase(day(2)), refund(day(7), order="a"), fact("membership.started", day(3))]
        await lanes.tell(late)
        await lanes.settled()
        shown = (await client.get("/v1/customers/c1")).json()
    assert (shown["rung"]["number"], shown["override"]["otherwise"], shown["totals"]["purchases"]) == (4, 5, 3)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no such rung": ({"rung": 8}, "/body/rung"),
    "no such key": ({"rung": "boss"}, "/body/rung"),
    "no such kind": ({"kind": "ceiling"}, "/body/kind"),
    "no reason": ({"reason": ""}, "/body/reason"),
    "an address": ({"reason": "ask anna@example.org"}, "/body/reason"),
    "over already": ({"until": instants.text(day(0))}, "/body/until"),
    "no time": ({"until": "tomorrow"}, "/body/until"),
    "an unknown field": ({"note": "x"}, "/body/note"),
}


@pytest.mark.parametrize(("change", "pointer"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_cannot_be_given_is_refused(database: str, change: dict[str, Any], pointer: str) -> None:
    """The answer points to the fault, and nothing is in the log."""
    async with ladder(database) as (lanes, _), desk(database, lanes) as admin:
        await lanes.tell([purchase(day(0))])
        await lanes.settled()
        refused = await admin.put(OVERRIDE, json={**FLOOR, **change})
        ends = await lanes.log.end_positions("ladder.internal")
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert sum(ends.values()) == 0


async def test_a_stranger_has_nothing_to_override(database: str) -> None:
    """Neither giving nor lifting makes somebody known."""
    async with ladder(database) as (lanes, _), desk(database, lanes) as admin:
        answers = [await admin.put(OVERRIDE, json=FLOOR), await admin.delete(OVERRIDE)]
    assert [answer.status_code for answer in answers] == [404, 404]


async def test_with_keys_it_takes_the_scope_admin_and_the_keys_name_is_noted(database: str) -> None:
    """Whatever the request says of itself, by whom is the name of the key."""
    boss, boss_record = new_key("crm", ["admin"])
    reader, reader_record = new_key("page", ["ladder:read"])
    keys = Keys([boss_record, reader_record])
    async with ladder(database) as (lanes, client), desk(database, lanes, keys) as admin:
        await lanes.tell([purchase(day(0))])
        await lanes.settled()
        answers = [
            await admin.put(OVERRIDE, json={**FLOOR, "by": "me"}, headers=headers)
            for headers in ({}, {"Authorization": f"Bearer {reader}"}, {"Authorization": f"Bearer {boss}"})
        ]
        await lanes.settled()
        shown = (await client.get("/v1/customers/c1")).json()
    assert [answer.status_code for answer in answers] == [401, 403, 202]
    assert shown["override"]["by"] == "crm"


async def test_the_persons_page_shows_it_in_both_languages(database: str) -> None:
    """Who looks at the person sees by whom and why, and where the rules would put them; a reason is no markup."""
    given = {**FLOOR, "reason": "<b>kind</b>", "until": instants.text(day(50))}
    async with ladder(database) as (lanes, _), desk(database, lanes) as admin, looking(database, lanes) as page:
        await lanes.tell([purchase(day(0))])
        await lanes.settled()
        await admin.put(OVERRIDE, json=given)
        await lanes.settled()
        english, german = [
            (await page.get("/person?id=c1", headers={"Accept-Language": language})).text for language in ("en", "de")
        ]
    assert "Given by hand by operator since" in english
    assert "<q>&lt;b&gt;kind&lt;/b&gt;</q>" in english
    assert "By the rules alone: rung 3, Buyer." in english
    assert "a rung given by hand" in english
    assert "Von Hand gegeben von operator" in german
