"""What everybody is worth and what to expect: made in the background, asked over HTTP."""

import asyncio
import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyarrow import parquet

from services.ladder.estimates import store
from services.ladder.estimates.refresher import Refresher
from shared import db
from shared.events import Fact
from tests.integration.ladder_http import ladder, pages
from tests.integration.ladder_lanes import Lanes
from tests.make import day, fact, identified, purchase, refund
from tests.system import run

PEOPLE = 12
END = day(400)


def lives() -> list[Fact]:
    """Some buy often, some once, some never; some come by letter, one refers another."""
    facts: list[Fact] = []
    for number in range(PEOPLE):
        person = f"c{number}"
        source, cost = ("letter", "90.00") if number % 3 else ("search", "1.50")
        facts.append(identified(day(number), source, cost, subject=person))
        for order in range(number // 2):
            at, amount = day(20 * order + number), f"{10 + number}.00"
            discount: dict[str, Any] = {} if order else {"discount": "2.00"}
            facts.append(purchase(at, order=f"{person}-{order}", amount=amount, subject=person, **discount))
    facts.append(fact("referral.made", day(1), referee="c11", subject="c3"))
    facts.append(refund(day(390), order="c8-0", subject="c8"))
    facts.append(fact("contact.served", day(391), minutes=4_000, subject="c10"))
    return facts


@asynccontextmanager
async def told(database: str) -> AsyncIterator[tuple[Lanes, httpx.AsyncClient, Refresher]]:
    """Everybody's life told, and who makes the estimates."""
    async with ladder(database) as (lanes, client), await db.pool(database, size=1, name="test-estimates") as pool:
        await lanes.tell(lives())
        await lanes.tick(END)
        await lanes.settled()
        yield lanes, client, Refresher(pool, lanes.settings, lanes.book)


async def values(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """What each person's own page says."""
    asked = await asyncio.gather(*(client.get(f"/v1/customers/c{number}/value") for number in range(PEOPLE)))
    return {answer.json()["customer"]: answer.json() for answer in asked}


async def test_people_come_in_the_order_of_what_they_are_worth(database: str) -> None:
    """Page by page, either way round, with the figures that each person's own page has."""
    async with told(database) as (_, client, refresher):
        await refresher.refresh()
        own = await values(client)
        by_value = await pages(client, "/v1/customers", sort="net_value", limit=5)
        rising = await pages(client, "/v1/customers", sort="net_value", order="asc", limit=5)
        by_chance = await pages(client, "/v1/customers", sort="chance_now", limit=3)
        on_a_rung = await pages(client, "/v1/customers", sort="at_stake", rung=3, limit=1)
    assert {one["customer"]: one["value"]["net_value"] for one in by_value} == {
        person: value["net_value"] for person, value in own.items()
    }
    worth = [float(one["value"]["net_value"]) for one in by_value]
    assert worth == sorted(worth, reverse=True)
    assert rising == by_value[::-1]
    expected = {person: value["expected"]["value"] for person, value in own.items() if value["expected"]}
    assert {one["customer"]: one["value"]["expected_value"] for one in by_chance} == expected
    chances = [one["value"]["chance_now"] for one in by_chance]
    assert chances == sorted(chances, reverse=True)
    assert {one["customer"] for one in on_a_rung} == {"c2", "c3"}


async def test_a_rungs_estimates_are_those_of_its_people(database: str) -> None:
    """What is expected of a rung is the sum over its people, and lies within its range."""
    async with told(database) as (_, client, refresher):
        await refresher.refresh()
        own = await values(client)
        answer = (await client.get("/v1/ladder/estimates")).raise_for_status().json()
        standings = [(await client.get(f"/v1/customers/{person}")).json() for person in own]
    for rung in answer["rungs"]:
        here = [own[one["customer"]] for one in standings if one["rung"]["number"] == rung["number"]]
        buyers = [value["expected"] for value in here if value["expected"]]
        assert (rung["people"], rung["buyers"]) == (len(here), len(buyers))
        assert rung["purchase_days"]["expected"] == pytest.approx(sum(one["purchase_days"] for one in buyers), abs=0.01)
        assert float(rung["value"]["expected"]) == pytest.approx(sum(float(one["value"]) for one in buyers), abs=0.05)
        assert float(rung["net_value"]) == pytest.approx(sum(float(value["net_value"]) for value in here))
        assert float(rung["value"]["low"]) <= float(rung["value"]["expected"]) <= float(rung["value"]["high"])
    whole = answer["all"]
    assert whole["people"] == PEOPLE
    assert whole["purchase_days"]["expected"] == pytest.approx(
        sum(rung["purchase_days"]["expected"] for rung in answer["rungs"]), abs=0.05
    )


async def test_what_new_customers_cost_and_bring(database: str) -> None:
    """By source, as plain sums over the people from there; who costs more than they bring is marked."""
    async with told(database) as (_, client, refresher):
        await refresher.refresh()
        own = await values(client)
        answer = (await client.get("/v1/acquisition")).raise_for_status().json()
    sources = {source["source"]: source for source in answer["sources"]}
    assert set(sources) == {"letter", "search"}
    for name, source in sources.items():
        here = [value for value in own.values() if value["acquisition"]["source"] == name]
        customers = [value for value in here if value["expected"]]
        discounts = sum(float(value["acquisition"]["first_order_discount"]) for value in here)
        cost = sum(float(value["acquisition"]["cost"]) for value in here) + discounts
        so_far = sum(
            float(value["margin"]) + float(value["referrals"]["credited"]) - float(value["effort"]["cost"])
            for value in here
        )
        assert (source["people"], source["customers"]) == (len(here), len(customers))
        assert float(source["cost_per_customer"]) == pytest.approx(cost / len(customers), abs=0.006)
        assert float(source["value_so_far"]) == pytest.approx((so_far + discounts) / len(customers), abs=0.006)
    assert [sources[name]["costs_more_than_it_brings"] for name in ("letter", "search")] == [True, False]


async def test_estimates_are_made_when_something_has_happened(database: str) -> None:
    """Before the first time a question is answered with 409; without news nothing is done; one process at a time."""
    async with told(database) as (lanes, client, refresher):
        asked = [await client.get(path) for path in ("/v1/customers?sort=net_value", "/v1/acquisition")]
        assert [(answer.status_code, answer.json()["type"]) for answer in asked] == [(409, "no-estimates-yet")] * 2
        made = await refresher.refresh()
        assert made is not None
        assert made.all.people == PEOPLE
        assert await refresher.refresh() is None
        await lanes.tell([purchase(END, subject="newcomer")])
        await lanes.settled()
        async with lanes.pool.acquire() as other:
            assert await store.be_only_one(other)
            assert await refresher.refresh(always=True) is None
            await store.be_no_longer(other)
        made = await refresher.refresh(always=True)
        assert made is not None
        assert made.all.people == PEOPLE + 1


async def test_a_cursor_of_another_order_is_refused(database: str) -> None:
    """A cursor belongs to one list."""
    async with told(database) as (_, client, refresher):
        await refresher.refresh()
        cursor = (await client.get("/v1/customers", params={"sort": "net_value", "limit": 1})).json()["next"]
        answers = [
            await client.get("/v1/customers", params={**other, "after": cursor})
            for other in ({"sort": "chance_now"}, {"sort": "net_value", "order": "asc"}, {})
        ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]


async def test_what_if_says_what_it_stands_on(database: str) -> None:
    """Over GET by assumption; over POST a play is asked after, and that there is no notifier is told, not an error."""
    async with told(database) as (_, client, refresher):
        await refresher.refresh()
        got = (await client.get("/v1/ladder/what-if", params={"rung": 3, "share": 0.5})).raise_for_status().json()
        body = {"rung": 3, "share": 0.5, "measured": [{"rung": 3, "play": "thank_you"}]}
        posted = (await client.post("/v1/ladder/what-if", json=body)).raise_for_status().json()
        estimates = (await client.get("/v1/ladder/estimates")).json()
        wrong = [
            await client.post("/v1/ladder/what-if", json={"rung": 7}),
            await client.post("/v1/ladder/what-if", content=b"{", headers={"Content-Type": "application/json"}),
            await client.get("/v1/ladder/what-if?share=0"),
        ]
    here, above = (float(estimates["rungs"][number]["value_per_person"]) for number in (2, 3))
    (rung,) = got["rungs"]
    assert (rung["people"], rung["rests_on"]) == (1, "assumption")
    assert float(rung["gain_per_person"]["expected"]) == pytest.approx(above - here, abs=0.011)
    (tried,) = posted["rungs"]
    assert tried["unavailable"].startswith("there is no result of a play of this name")
    assert tried["gain"] == rung["gain"]
    assert [answer.status_code for answer in wrong] == [422, 400, 422]


async def test_everybody_can_be_exported(database: str, tmp_path: Path) -> None:
    """A line a person, with the figures of their own pages; CSV runs no formula, Parquet has types."""
    async with told(database) as (lanes, client, _):
        await lanes.tell([purchase(END, subject="=1+1", amount="3.00")])
        await lanes.settled()
        own = await values(client)
    settings = {"DATABASE_URL": database, "LANES": "4", "CLOCK": "facts", "DATA_DIR": str(tmp_path)}
    ended = [await run("services.ladder", settings, "export", str(tmp_path / name)) for name in ("a.csv", "a.parquet")]
    assert [one.code for one in ended] == [0, 0], ended
    assert "people written: 13 (100%)" in ended[0].err
    assert ended[0].out == f"13 people written to {tmp_path / 'a.csv'}.\n"
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = {row["customer"]: row for row in csv.DictReader(file)}
    assert set(rows) == {*own, "'=1+1"}
    for person, value in own.items():
        assert (rows[person]["spent"], rows[person]["net_value"]) == (value["brought"], value["net_value"])
        assert rows[person]["expected_value"] == (value["expected"] or {"value": "0.00"})["value"]
        assert rows[person]["source"] == value["acquisition"]["source"]
    typed = {row["customer"]: row for row in parquet.read_table(tmp_path / "a.parquet").to_pylist()}
    assert set(typed) == {*own, "=1+1"}
    assert typed["=1+1"]["spent"] == Decimal("3.00")
    assert {str(typed[person]["net_value"]) for person in own} == {value["net_value"] for value in own.values()}
    assert not list(tmp_path.glob("*.part"))
