"""Another version of the rules activated over HTTP while the lanes are at work: everybody is decided anew once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.ladder import refold
from services.ladder.core.rules import load
from services.ladder.core.standing import RUNGS
from services.ladder.rulebook import handover
from services.ladder.rulebook.opening import open_book
from services.ladder.settings import LadderSettings
from shared import db, events, instants
from shared.http import Keys, new_key
from shared.instants import DAY
from shared.log import Entry
from shared.log.partitioner import lane_of
from shared.log.postgres import PostgresLog
from shared.settings import RefusedError
from tests.integration.community import arrivals, community
from tests.integration.ladder_http import client_of, ladder, part_of
from tests.integration.ladder_lanes import Lanes, working
from tests.make import RULES_TOML, day, overridden, purchase
from tests.seen import counted, figured, folded_anew, recounted, refigured, seen, stored
from tests.until import until

TOML = RULES_TOML.read_text()
STRICTER = TOML.replace("version = 2", "version = 3").replace(
    'enter = { measure = "purchases", at_least = 1 }', 'enter = { measure = "purchases", at_least = 2 }'
)
PATIENCE = 60


async def activated(client: httpx.AsyncClient, mode: str, toml: str = STRICTER, version: int = 3) -> None:
    """Put a version and have it activated."""
    (await client.put(f"/v1/rules/{version}", content=toml)).raise_for_status()
    answer = await client.post(f"/v1/rules/{version}/activate", json={"mode": mode})
    assert answer.status_code == 202, answer.text


async def gone_over(client: httpx.AsyncClient, version: int = 3) -> None:
    """Wait until every lane has gone over, and the process knows."""

    async def done() -> bool:
        told = (await client.get("/v1/rules")).json()
        return bool(told["version"] == version and told["activation"] is None)

    await until(done, PATIENCE)


async def as_told_anew(lanes: Lanes) -> dict[str, int]:
    """Assert that all is as if it had been the stricter rules from the beginning; everybody's rung."""
    at = int(await lanes.pool.fetchval("select max(time) from ladder.lane"))
    rules = load(STRICTER, time_zone=lanes.settings.time_zone)
    assert await stored(lanes.pool) == await folded_anew(lanes.pool, rules, at)
    assert await counted(lanes.pool) == await recounted(lanes.pool)
    assert await figured(lanes.pool) == await refigured(lanes.pool, rules)
    return {person: place[0] for person, place in (await stored(lanes.pool)).items()}


@pytest.mark.parametrize("mode", ["emit", "silent"])
@pytest.mark.parametrize("seed", range(3))
async def test_everybody_stands_as_if_it_had_always_been_those_rules(database: str, seed: int, mode: str) -> None:
    """Standings, sums and figures equal a fold from nothing; with `emit` each other rung is announced once."""
    facts = community(seed)
    end = max(fact.at for fact in facts)
    async with ladder(database, batch_limit=20) as (lanes, client):
        await lanes.tell(arrivals(facts, seed, late=0.3, twice=0.2))
        await lanes.tick(end)
        await lanes.settled()
        before = {row["person"]: row["rung"] for row in await lanes.pool.fetch("select * from ladder.standing")}
        announced = {message.id for message in await lanes.announcements()}
        previewed = await matrix(client)
        await activated(client, mode)
        await gone_over(client)
        after = await as_told_anew(lanes)
        news = [seen(each) for each in await lanes.announcements() if each.id not in announced]
    assert Counter((RUNGS[before[who] - 1], RUNGS[rung - 1]) for who, rung in after.items()) == previewed
    changed = {(who, before[who], rung) for who, rung in after.items() if rung != before[who]}
    assert changed
    told = [(each.person, each.origin, each.to) for each in news if each.type in {"rung.promoted", "rung.demoted"}]
    assert sorted(map(repr, told)) == (sorted(map(repr, changed)) if mode == "emit" else [])
    assert all(each.cause[:2] == ("deadline", "rules_changed") for each in news)
    assert mode == "emit" or not news


async def matrix(client: httpx.AsyncClient) -> Counter[tuple[str, str]]:
    """What a preview says of the rungs."""
    lines = (await client.post("/v1/rules/preview", content=STRICTER)).text.splitlines()
    result = httpx.Response(200, text=lines[-1]).json()["result"]
    return Counter({(move["from"], move["to"]): move["people"] for move in result["rungs"]})


async def test_facts_flow_on_meanwhile(database: str) -> None:
    """What comes while the lanes go over is folded once, by whichever version its person is at."""
    facts = community(5, people=40)
    half = len(facts) // 2
    async with ladder(database, batch_limit=20) as (lanes, client):
        await lanes.tell(facts[:half])
        await lanes.settled()
        await activated(client, "emit")
        for start in range(half, len(facts), 20):
            await lanes.tell(facts[start : start + 20])
        await gone_over(client)
        await lanes.settled()
        await lanes.tick(max(fact.at for fact in facts))
        await lanes.settled()
        await as_told_anew(lanes)
        newest = await lanes.pool.fetchval("select person from ladder.transition where rules_version = 3 limit 1")
        history = (await client.get(f"/v1/customers/{newest}/history")).json()["items"]
        ids = [message.id for message in await lanes.announcements()]
    assert history[0]["rules_version"] == 3
    assert {each["rules_version"] for each in history} <= {2, 3}
    assert len(ids) == len(set(ids))


async def test_an_activation_that_was_stopped_goes_on_where_it_was(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that come and go leave the same as one that stays; nobody is told twice."""
    facts = community(2, people=40)
    whole = handover.go_over
    pages = Counter[int]()

    async def some(*arguments: Any) -> Any:
        pages.update([arguments[1].lane])
        assert pages[arguments[1].lane] % 3, "every third page fails"
        return await whole(*arguments)

    async with ladder(database, batch_limit=20) as (lanes, client):
        await lanes.tell(facts)
        await lanes.settled()
        monkeypatch.setattr(handover, "go_over", some)
        await activated(client, "emit")
        await until(lambda: sum(pages.values()) > 4, PATIENCE)
    async with ladder(database, batch_limit=20) as (lanes, client):
        assert lanes.book.rules.version in {2, 3}
        await gone_over(client)
        await lanes.settled()
        await as_told_anew(lanes)
        told = [seen(each) for each in await lanes.announcements()]
    assert len(told) == len(set(told))
    assert max(pages.values()) > 3


async def test_by_the_wall_clock_what_lies_behind_by_the_new_rules_is_the_past(database: str) -> None:
    """In silence nobody is told of a risk that by the new rules was there weeks ago; it is dated to that day."""
    sooner = TOML.replace("version = 2\n", "version = 3\n").replace("risk_at = 0.5 ", "risk_at = 0.9 ")
    async with ladder(database, clock="wall") as (lanes, client):
        now = int(await lanes.pool.fetchval("select (extract(epoch from clock_timestamp()) * 1000000)::bigint"))
        await lanes.tell([purchase(now - 40 * DAY, subject=f"c{number}") for number in range(20)])
        await lanes.settled()
        before = [message.id for message in await lanes.announcements()]
        await activated(client, "silent", sooner)
        await gone_over(client)
        told = (await client.get("/v1/customers/c1")).json()
        assert await figured(lanes.pool) == await refigured(lanes.pool, load(sooner))
        assert [message.id for message in await lanes.announcements()] == before
    assert told["churn"]["risk_raised"]
    assert instants.parse(told["phase"]["since"]) < now - DAY


async def test_of_versions_activated_back_and_forth_each_change_is_told(database: str) -> None:
    """At one instant of the shop's time a person falls, rises and falls again; each has an id of its own."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(0))])
        await lanes.settled()
        await activated(client, "emit")
        await gone_over(client)
        for version in (2, 3):
            (await client.post(f"/v1/rules/{version}/activate", json={"mode": "emit"})).raise_for_status()
            await gone_over(client, version)
        told = await lanes.announcements()
    types = [events.type_of(message) for message in told if events.type_of(message).startswith("rung.")]
    assert types == ["rung.promoted", "rung.demoted", "rung.promoted", "rung.demoted"]
    assert len({message.id for message in told}) == len(told)


async def test_a_rung_given_by_hand_survives(database: str) -> None:
    """The override goes on over the rules, whichever they are."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(0))])
        await lanes.settled()
        await by_hand(lanes)
        await activated(client, "emit")
        await gone_over(client)
        shown = (await client.get("/v1/customers/c1")).json()
        await as_told_anew(lanes)
    assert (shown["rung"]["number"], shown["override"]["kind"], shown["rules_version"]) == (5, "floor", 3)


async def by_hand(lanes: Lanes) -> None:
    """Give c1 the rung of a member."""
    given = overridden(day(1), 5)
    lane = lane_of(given.subject, lanes.settings.lanes)
    await lanes.log.append([Entry(events.LADDER_INTERNAL, lane, given.subject.encode(), events.encode(given))])
    await lanes.tick(day(2))
    await lanes.settled()


@asynccontextmanager
async def nobody(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A ladder that knows nobody."""
    async with ladder(database) as (_, client):
        yield client


async def test_versions_are_kept_and_refused_with_reasons(database: str) -> None:
    """A draft may be replaced, a version that was in force may not; one activation at a time; asking again is fine."""
    async with nobody(database) as client:
        unknown = await client.get("/v1/rules/9")
        never = await client.post("/v1/rules/9/activate", json={"mode": "emit"})
        other = await client.put("/v1/rules/4", content=STRICTER)
        broken = await client.put("/v1/rules/3", content="version = 3")
        drafts = [await client.put("/v1/rules/3", content=text) for text in (STRICTER, f"{STRICTER}\n# more")]
        taken = await client.put("/v1/rules/2", content=f"{TOML}\n# other")
        same = await client.put("/v1/rules/2", content=TOML)
        what = await client.post("/v1/rules/3/activate", json={"mode": "loud"})
        states = {each["version"]: each["state"] for each in (await client.get("/v1/rules")).json()["versions"]}
        again = [await client.post("/v1/rules/3/activate", json={"mode": "silent"}) for _ in range(2)]
        await gone_over(client)
        back = await client.post("/v1/rules/2/activate", json={"mode": "silent"})
        await gone_over(client, 2)
        after = {each["version"]: each["state"] for each in (await client.get("/v1/rules")).json()["versions"]}
    assert [unknown.status_code, never.status_code, taken.status_code, what.status_code] == [404, 404, 409, 422]
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "/version")
    assert broken.status_code == 422
    assert [answer.status_code for answer in (*drafts, same)] == [200, 200, 200]
    assert drafts[1].json()["toml"].endswith("# more")
    assert states == {2: "in_force", 3: "draft"}
    assert [answer.status_code for answer in again] == [202, 202]
    assert back.status_code == 202
    assert after == {2: "in_force", 3: "former"}


async def test_only_one_version_is_activated_at_a_time(database: str) -> None:
    """While the lanes go over to one, another is refused."""
    async with part_without_lanes(database) as client:
        (await client.put("/v1/rules/3", content=STRICTER)).raise_for_status()
        (await client.put("/v1/rules/4", content=STRICTER.replace("version = 3", "version = 4"))).raise_for_status()
        first = await client.post("/v1/rules/3/activate", json={"mode": "emit"})
        second = await client.post("/v1/rules/4/activate", json={"mode": "emit"})
        told = (await client.get("/v1/rules")).json()
    assert (first.status_code, first.json()["state"]) == (202, "coming")
    assert (second.status_code, second.json()["type"]) == (409, "activation-under-way")
    assert (told["version"], told["activation"]["to"], told["activation"]["lanes_done"]) == (2, 3, 0)


@asynccontextmanager
async def part_without_lanes(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """The questions, of a database that knows its rules, while nobody works on the lanes."""
    async with working(database, PostgresLog(database)) as lanes:
        settings, book = lanes.settings, lanes.book
    async with part_of(database, settings, book) as part, client_of(part) as client:
        yield client


async def test_what_a_lane_reads_as_it_begins_belongs_together(database: str) -> None:
    """An activation waits for a lane that is just finding out which rules hold, and the lane is not refused."""
    async with ladder(database) as (lanes, client):
        (await client.put("/v1/rules/3", content=STRICTER)).raise_for_status()
        async with lanes.pool.acquire() as connection:
            async with connection.transaction():
                course = await handover.course_of(connection, 0, lanes.book)
                activating = asyncio.create_task(client.post("/v1/rules/3/activate", json={"mode": "emit"}))
                await until(lambda: waits(lanes), PATIENCE)
            assert (await activating).status_code == 202
        await gone_over(client)
    assert (course.rules.version, course.coming) == (2, None)


async def waits(lanes: Lanes) -> bool:
    """Whether somebody waits to change the rules."""
    return bool(
        await lanes.pool.fetchval(
            "select exists (select from pg_stat_activity where wait_event = 'advisory'"
            " and datname = current_database())"
        )
    )


async def test_a_standing_by_another_version_and_as_of_an_instant(database: str) -> None:
    """`rules` and `as_of` work together: what a draft would have said then."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([purchase(day(0), order="a"), purchase(day(9), order="b"), purchase(day(20), order="c")])
        await lanes.settled()
        (await client.put("/v1/rules/3", content=STRICTER)).raise_for_status()
        then = instants.text(day(1))
        now = await client.get("/v1/customers/c1")
        draft = await client.get("/v1/customers/c1?rules=3")
        draft_then = await client.get(f"/v1/customers/c1?rules=3&as_of={then}")
        unknown = await client.get("/v1/customers/c1?rules=7")
        before = await client.get("/v1/customers/c1", params={"as_of": then})
    assert now.json()["rules_version"] == 2
    assert draft.json()["rules_version"] == 3
    assert (before.json()["rung"]["number"], draft_then.json()["rung"]["number"]) == (3, 1)
    assert (unknown.status_code, unknown.json()["type"]) == (404, "unknown-rules")


async def test_the_file_of_a_new_shop_may_be_laid_out_anew(database: str, tmp_path: Path) -> None:
    """After an activation RULES_FILE is compared by what it says; only a changed one is refused, with the way out."""
    file = tmp_path / "rules.toml"
    async with ladder(database) as (_, client):
        await activated(client, "silent")
        await gone_over(client)
    file.write_text(f"# another head\n{TOML}")
    settings = LadderSettings(rules_file=file)
    async with await db.pool(database, size=1, name="test-opening") as pool:
        assert (await open_book(pool, settings)).rules.version == 3
        for version, way in (("2", "refold"), ("3", "refold"), ("4", "PUT /v1/rules")):
            changed = TOML.replace("version = 2", f"version = {version}").replace("lost_days = 365", "lost_days = 400")
            file.write_text(changed)
            with pytest.raises(RefusedError, match=way):
                await open_book(pool, settings)


async def test_a_refold_in_the_middle_of_an_activation_ends_it(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is folded by the version that was coming, and it is still known who put it."""

    async def never(*_: Any) -> Any:
        raise AssertionError("no page is ever written")

    facts = community(4)
    async with ladder(database) as (lanes, client):
        await lanes.tell(facts)
        await lanes.settled()
        monkeypatch.setattr(handover, "go_over", never)
        await activated(client, "silent")
        settings = lanes.settings
    await refold.refold(settings, database, emit=False)
    async with ladder(database) as (lanes, client):
        told = (await client.get("/v1/rules")).json()
        await lanes.tick(max(fact.at for fact in facts))
        await lanes.settled()
        await as_told_anew(lanes)
    assert (told["version"], told["activation"]) == (3, None)
    assert {each["version"]: each["put_by"] for each in told["versions"]} == {2: "RULES_FILE", 3: "operator"}


async def test_only_admins_change_the_rules(database: str) -> None:
    """Whoever may read sees the versions; to put or activate one takes the scope `admin`."""
    reader, key = new_key("reader", ["ladder:read"])
    headers = {"Authorization": f"Bearer {reader}"}
    async with (
        working(database, PostgresLog(database)) as lanes,
        part_of(database, lanes.settings, lanes.book) as part,
        client_of(part, Keys([key])) as client,
    ):
        read = await client.get("/v1/rules", headers=headers)
        put = await client.put("/v1/rules/3", content=STRICTER, headers=headers)
        activate = await client.post("/v1/rules/2/activate", json={"mode": "emit"}, headers=headers)
    assert [answer.status_code for answer in (read, put, activate)] == [200, 403, 403]
