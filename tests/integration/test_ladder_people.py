"""Asking the ladder about people: standings, histories, lists, the picture."""

import time
from urllib.parse import quote

import msgspec
import pytest

from services.ladder import answers
from services.ladder.core import fold
from services.ladder.core.explain import explain
from services.ladder.settings import LadderSettings
from shared import instants
from shared.events import Fact
from shared.http import Keys, new_key
from shared.instants import HOUR
from tests.integration.ladder_http import client_of, ladder, pages, part_of
from tests.make import day, fact, purchase, refund, rules

AWKWARD_IDS = ["a/b", "x/history", "x", "history", "100%", "a+b", "ä ö", "..%2F", "a?b#c", "\n", "%00", "🛒"]

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"
"""Of what is refused the database is not asked."""


def _path(person: str) -> str:
    return "/v1/customers/" + quote(person, safe="")


async def test_a_standing_is_explained_as_of_the_lanes_time(database: str) -> None:
    """The answer is the core's explanation at the newest time the lane was told."""
    facts: list[Fact] = [purchase(day(0)), purchase(day(10)), fact("referral.made", day(20))]
    async with ladder(database) as (lanes, client):
        await lanes.tell(facts)
        await lanes.tick(day(200))
        await lanes.settled()
        answer = await client.get(_path("c1"))
    standing = fold.refold(facts, rules(), day(200))
    assert standing is not None
    expected = msgspec.json.decode(msgspec.json.encode(explain(standing, day(200), rules())))
    assert answer.json() == {"customer": "c1", **expected}
    assert answer.json()["churn"]["risk_raised"] is True


async def test_as_of_is_the_standing_as_it_was(database: str) -> None:
    """An order counts until its refund became known, a later one not yet, and the future is by what is known now."""
    facts: list[Fact] = [purchase(day(0), order="o1"), purchase(day(5)), refund(day(9), order="o1")]
    async with ladder(database) as (lanes, client):
        await lanes.tell(facts)
        await lanes.settled()
        orders = {
            at: (await client.get(_path("c1"), params={"as_of": instants.text(day(at))})).json()["totals"]["purchases"]
            for at in (1, 6, 10, 5_000)
        }
        with_offset = await client.get(_path("c1") + "?as_of=2024-01-02T01:00:00+01:00")
    assert orders == {1: 1, 6: 2, 10: 1, 5_000: 1}
    assert with_offset.json()["as_of"] == "2024-01-02T00:00:00Z"


async def test_any_id_can_be_asked_for(database: str) -> None:
    """Ids with slashes, percent signs, blanks or other scripts lead to their person and to nobody else."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(0), subject=person, id_=f"purchase of {person}") for person in AWKWARD_IDS])
        await lanes.settled()
        for person in AWKWARD_IDS:
            standing, history = await client.get(_path(person)), await client.get(_path(person) + "/history")
            assert standing.json()["customer"] == person
            assert history.json()["items"][0]["cause"] == {
                "fact": history.json()["items"][0]["cause"]["fact"],
                "source": "shop",
            }
        nobody = await client.get("/v1/customers/a/b")
    assert nobody.status_code == 404


@pytest.mark.parametrize("person", ["nobody", "friend"])
async def test_who_told_nothing_is_unknown(database: str, person: str) -> None:
    """Neither a stranger nor somebody who was only named by a referral has a standing or a history."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([fact("referral.made", day(0), referee="friend")])
        await lanes.settled()
        found = [await client.get(_path(person) + rest) for rest in ("", "/history", f"?as_of={instants.text(day(1))}")]
    assert [answer.status_code for answer in found] == [404, 404, 404]
    assert found[0].json()["type"] == "unknown-customer"
    assert found[0].headers["content-type"] == "application/problem+json"


async def test_before_the_first_fact_nobody_is_known(database: str) -> None:
    """As of an instant before all facts a person is unknown."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(10))])
        await lanes.settled()
        answer = await client.get(_path("c1"), params={"as_of": instants.text(day(9))})
    assert answer.status_code == 404
    assert answer.json()["detail"].endswith("2024-01-10T00:00:00Z.")


async def test_a_fact_ahead_of_the_clock_is_not_seen_yet(database: str) -> None:
    """By the wall clock a purchase dated an hour from now counts for `as_of` then, and not now."""
    now = time.time_ns() // 1_000
    facts: list[Fact] = [purchase(now - HOUR), purchase(now + HOUR), purchase(now + HOUR, subject="c2")]
    async with ladder(database, clock="wall") as (lanes, client):
        await lanes.tell(facts)
        await lanes.settled()
        seen = await client.get(_path("c1"))
        later = await client.get(_path("c1"), params={"as_of": instants.text(now + HOUR)})
        unseen = await client.get(_path("c2"))
    assert seen.json()["totals"]["purchases"] == 1
    assert later.json()["totals"]["purchases"] == 2
    assert unseen.status_code == 404


async def test_parked_facts_are_mentioned(database: str) -> None:
    """A person of whom facts wait says how many; nobody else mentions any."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(0)), purchase(day(0), subject="c2")])
        await lanes.settled()
        await lanes.pool.execute(
            "insert into ladder.parked select lane, person, n, 'broken', '', 0 "
            "from ladder.standing, generate_series(1, 2) as n where person = 'c1'"
        )
        waiting, clear = await client.get(_path("c1")), await client.get(_path("c2"))
    assert waiting.json()["parked"] == 2
    assert "parked" not in clear.json()


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/v1/customers/%00", "/path/id"),
        ("/v1/customers/%FF", "/path/id"),
        ("/v1/customers/%ED%A0%80/history", "/path/id"),
        ("/v1/customers/" + 201 * "x", "/path/id"),
        ("/v1/customers/c1?as_of=yesterday", "/query/as_of"),
        ("/v1/customers/c1?as_of=2024-01-01T00:00:00", "/query/as_of"),
        ("/v1/customers/c1?as_of=9999-12-31T23:59:59-23:00", "/query/as_of"),
        ("/v1/customers/c1?as_of=0001-01-01T00:00:00%2B23:00", "/query/as_of"),
        ("/v1/customers/c1/history?limit=0", "/query/limit"),
        ("/v1/customers?limit=1001", "/query/limit"),
        ("/v1/customers?limit=99999999999999999999999999", "/query/limit"),
        ("/v1/customers?rung=8", "/query/rung"),
        ("/v1/customers?phase=happy", "/query/phase"),
        ("/v1/customers?stage=%00", "/query/stage"),
        ("/v1/announcements?type=clock.tick", "/query/type/0"),
        ("/v1/announcements?customer=%00", "/query/customer"),
    ],
)
async def test_a_bad_parameter_is_named(path: str, pointer: str) -> None:
    """What cannot be meant is refused with a pointer to it."""
    async with part_of(NOWHERE, LadderSettings()) as part, client_of(part) as client:
        answer = await client.get(path)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("cursor", ["x", "", "%00", "%C3%A4", "kaFhAA", "gA", "A" * 5_000])
@pytest.mark.parametrize("path", ["customers", "customers/c1/history", "announcements", "announcements/stream"])
async def test_a_bad_cursor_is_refused(path: str, cursor: str) -> None:
    """What no list has given out is no cursor."""
    async with part_of(NOWHERE, LadderSettings()) as part, client_of(part) as client:
        answer = await client.get(f"/v1/{path}?after={cursor}")
    assert answer.status_code == 400
    assert answer.json()["type"] == "bad-cursor"


async def test_a_history_is_told_newest_first(database: str) -> None:
    """Page by page come all transitions of the person, each with its cause, the newest first."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(0), id_="p1"), purchase(day(10), id_="p2"), purchase(day(10), subject="c2")])
        await lanes.tick(day(300))
        await lanes.settled()
        whole = await pages(client, _path("c1") + "/history")
        paged = await pages(client, _path("c1") + "/history", limit=2)
        announced = [message for message in await lanes.announcements() if message.subject == "c1"]
    assert paged == whole
    assert [item["id"] for item in whole] == [message.id for message in reversed(announced)]
    assert {key: whole[-1][key] for key in ("type", "time", "from", "to", "cause", "correction")} == {
        "type": "rung.promoted",
        "time": "2024-01-01T00:00:00Z",
        "from": None,
        "to": 3,
        "cause": {"fact": "p1", "source": "shop"},
        "correction": False,
    }
    assert whole[0]["recorded_at"] == instants.text(day(300))
    assert whole[0]["historical"] is True
    msgspec.convert({"items": whole, "next": None}, answers.History)


async def test_what_a_late_fact_changed_is_marked(database: str) -> None:
    """A refund's demotion is a correction in the history; the steps before it are not."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(0)), purchase(day(1), order="o2"), refund(day(2), order="o2", id_="r1")])
        await lanes.settled()
        items = await pages(client, _path("c1") + "/history")
    marked = {(item["type"], item["correction"], item["cause"]["fact"] == "r1") for item in items}
    assert ("rung.demoted", True, True) in marked
    assert {correction for _, correction, by_refund in marked if not by_refund} == {False}


@pytest.fixture
def crowd() -> list[Fact]:
    """Forty people: leads, buyers and customers."""
    return [
        told
        for number in range(40)
        for told in [
            fact("contact.identified", day(0), subject=f"p{number}"),
            *[purchase(day(1 + order), subject=f"p{number}") for order in range(number % 3)],
        ]
    ]


async def test_people_are_listed_by_where_they_stand(database: str, crowd: list[Fact]) -> None:
    """Each filter gives those who stand there, page by page, each once."""
    async with ladder(database) as (lanes, client):
        await lanes.tell(sorted(crowd, key=lambda told: told.at))
        await lanes.settled()
        everybody = await pages(client, "/v1/customers", limit=7)
        buyers = await pages(client, "/v1/customers", rung=3, limit=2)
        leads = await pages(client, "/v1/customers", phase="initiation", stage="lead")
        none = await pages(client, "/v1/customers", phase="initiation", rung=4)
        wrong = await client.get(
            "/v1/customers", params={"after": (await client.get("/v1/announcements")).json()["next"]}
        )
    assert sorted(item["customer"] for item in everybody) == sorted({f"p{number}" for number in range(40)})
    assert {item["customer"] for item in buyers} == {f"p{number}" for number in range(1, 40, 3)}
    assert {item["customer"] for item in leads} == {f"p{number}" for number in range(0, 40, 3)}
    assert leads[0] == {**leads[0], "rung": 1, "phase": "initiation", "stage": "lead", "since": "2024-01-01T00:00:00Z"}
    assert none == []
    assert wrong.status_code == 400
    msgspec.convert({"items": everybody, "next": None}, answers.People)


async def test_the_picture_counts_everybody_once(database: str, crowd: list[Fact]) -> None:
    """Rungs, stages, money and announcements are those of all lanes together."""
    async with ladder(database) as (lanes, client):
        await lanes.tell(sorted(crowd, key=lambda told: told.at))
        await lanes.settled()
        picture = (await client.get("/v1/ladder")).json()
        announced = await lanes.announcements()
    assert picture["as_of"] == instants.text(day(2))
    assert picture["people"] == 40
    assert [rung["people"] for rung in picture["rungs"]] == [14, 0, 13, 13, 0, 0, 0]
    assert [rung["spent"] for rung in picture["rungs"][:4]] == ["0.00", "0.00", "130.00", "260.00"]
    assert picture["phases"][0] == {"phase": "initiation", "stage": "lead", "people": 14}
    assert sum(phase["people"] for phase in picture["phases"]) == 40
    assert sum(picture["announced"].values()) == len(announced)
    msgspec.convert(picture, answers.Picture)


async def test_an_empty_shop_has_a_picture_too(database: str) -> None:
    """With nobody known all seven rungs, eight stages and eight types are there, at zero."""
    settings = LadderSettings.model_validate({"currency": "JPY"})
    async with part_of(database, settings) as part, client_of(part) as client:
        picture = (await client.get("/v1/ladder")).json()
    assert [rung["number"] for rung in picture["rungs"]] == [1, 2, 3, 4, 5, 6, 7]
    assert {rung["spent"] for rung in picture["rungs"]} == {"0"}
    assert [len(picture["phases"]), len(picture["announced"]), picture["people"]] == [8, 9, 0]


async def test_the_rules_can_be_read(database: str) -> None:
    """The rules are told as they are written, with what identifies them."""
    async with ladder(database, time_zone="Europe/Berlin") as (_, client):
        told = (await client.get("/v1/rules")).json()
    assert told["digest"] == rules("Europe/Berlin").digest
    assert told["rules"] == rules().document
    assert (told["version"], told["currency"], told["time_zone"]) == (2, "EUR", "Europe/Berlin")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers",
        "/v1/customers/c1",
        "/v1/customers/c1/history",
        "/v1/ladder",
        "/v1/announcements",
        "/v1/announcements/stream",
        "/v1/rules",
    ],
)
async def test_a_key_with_the_scope_is_needed(path: str) -> None:
    """Without a key nothing is told, nor with one that may only post."""
    secret, key = new_key("shop", ["events:write"])
    async with part_of(NOWHERE, LadderSettings()) as part, client_of(part, Keys([key])) as client:
        without = await client.get(path)
        with_other = await client.get(path, headers={"Authorization": f"Bearer {secret}"})
    assert (without.status_code, with_other.status_code) == (401, 403)


async def test_ended_sessions_are_not_noticed(database: str) -> None:
    """When the database ends the sessions that wait for questions, the next question is answered all the same."""
    async with ladder(database) as (lanes, client):
        before = await client.get("/v1/ladder")
        ended = await lanes.pool.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid() and query ilike '%ladder.tally%'"
        )
        after = await client.get("/v1/ladder")
    assert (before.status_code, after.status_code, len(ended)) == (200, 200, 1)


async def test_without_a_database_there_is_a_retry_after() -> None:
    """When nobody listens at the database's address the answer is 503 and says when to come back."""
    async with part_of(NOWHERE, LadderSettings()) as part, client_of(part) as client:
        answer = await client.get("/v1/customers/c1")
    assert (answer.status_code, answer.json()["type"]) == (503, "database-unavailable")
    assert answer.headers["retry-after"] == "2"


async def test_every_answer_is_described() -> None:
    """The OpenAPI document has a schema for each answer, names ids as `{id}` and refers to nothing outside of it."""
    async with part_of(NOWHERE, LadderSettings()) as part, client_of(part) as client:
        document = (await client.get("/openapi.json")).json()
    paths = document["paths"].items()
    ours = {path: item["get"] for path, item in paths if path.startswith("/v1/") and "get" in item}
    assert "/v1/customers/{id}/history" in ours
    assert all("content" in operation["responses"]["200"] for operation in ours.values())
    assert "#/$defs" not in str(document)
    standing = ours["/v1/customers/{id}"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert {"customer", "rung", "next", "falls"} <= set(standing["properties"])
