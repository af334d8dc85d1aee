"""Facts that come twice, cannot be read, or cannot be folded; and deadlines under the wall clock."""

import msgspec
import pytest

from services.ladder import store, worker
from services.ladder.core import fold
from services.ladder.core.decide import Change
from services.ladder.core.facts import Known
from services.ladder.core.moves import Move
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing
from services.ladder.lanes import rules_of
from shared import events
from shared.log import Entry
from shared.log.partitioner import lane_of
from shared.log.postgres import PostgresLog
from tests import oracle
from tests.integration.community import community
from tests.integration.ladder_lanes import Lanes, working
from tests.make import day, fact, purchase
from tests.seen import expected_standings, seen, standings
from tests.until import until


async def stood(lanes: Lanes, at: int) -> dict[str, tuple[object, ...]]:
    """Everybody's standing at an instant."""
    return await standings(lanes.pool, rules_of(lanes.settings), at)


async def purchases(lanes: Lanes, person: str, at: int) -> object:
    """How many orders of a person stand."""
    return (await stood(lanes, at))[person][5]


async def stages_of(lanes: Lanes) -> dict[str, str]:
    """Everybody's stage as it is stored."""
    rows = await lanes.pool.fetch("select person, stage from ladder.standing")
    return {row["person"]: row["stage"] for row in rows}


async def test_what_was_told_twice_counts_once(database: str) -> None:
    """The same records once more, in one batch and in later ones, change nothing and announce nothing."""
    facts = community(3)
    end = max(fact.at for fact in facts)
    async with working(database, PostgresLog(database), batch_limit=50) as lanes:
        await lanes.tell([told for fact in facts for told in (fact, fact)])
        await lanes.tick(end)
        await lanes.settled()
        once = {message.id for message in await lanes.announcements()}
        await lanes.tell(facts)
        await lanes.settled()
        again = await lanes.announcements()
        assert {message.id for message in again} == once
        assert len(again) == len(once)
        assert await stood(lanes, end) == expected_standings(facts, end)


async def test_what_cannot_be_read_becomes_a_dead_letter_and_stops_nobody(database: str) -> None:
    """Garbage, nothing, another currency, too many decimals, U+0000, a wrong key, a wrong lane: each has its reason."""
    good = purchase(day(1), subject="c1")
    dollars = events.encode(purchase(day(2), subject="c1")).replace(b"EUR", b"USD")
    fractions = events.encode(purchase(day(3), subject="c1", amount="1.005"))
    lane = lane_of("c1", 4)
    nul = events.encode(purchase(day(4), subject="c1", order="n")).replace(b'"n"', b'"a\\u0000"')
    told = [(lane, b"{"), (lane, b""), (lane, dollars), (lane, fractions), (lane, nul)]
    told.append(((lane + 1) % 4, events.encode(good)))
    entries = [Entry(events.SHOP_EVENTS, where, b"c1", value) for where, value in told]
    stranger = Entry(events.SHOP_EVENTS, lane_of("c2", 4), b"c2", events.encode(good))
    async with working(database, PostgresLog(database)) as lanes:
        await lanes.log.append([*entries, stranger])
        await lanes.tell([good])
        await lanes.settled()
        rows = await lanes.pool.fetch("select reason from ladder.dead_letter")
        assert await purchases(lanes, "c1", good.at) == 1
    reasons = sorted(row["reason"] for row in rows)
    assert reasons == [
        "EUR has 2 decimals",
        "Input data was truncated",
        "Input data was truncated",
        "no text holds U+0000",
        f"the record belongs to lane {lane}",
        "the record's key is not the subject",
        "the shop's currency is EUR, not USD",
    ]


async def test_a_person_whose_fold_fails_is_parked_and_everybody_else_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failing fact and later ones of that person wait, others are folded; a new owner folds them in steps."""
    poor = [purchase(day(n), subject="poor", order=f"o{n}") for n in range(1, 4)]
    rich = [purchase(day(n), subject="rich", order=f"o{n}") for n in range(1, 4)]
    step = fold.step

    def failing(
        standing: Standing | None, fact: Known, rules: Rules, moves: list[Move] | None = None
    ) -> tuple[Standing, list[Change]]:
        if fact.subject == "poor" and fact.at == day(2):
            raise ArithmeticError("odd")
        return step(standing, fact, rules, moves)

    with monkeypatch.context() as patched:
        patched.setattr(fold, "step", failing)
        async with working(database, PostgresLog(database)) as lanes:
            for both in zip(poor, rich, strict=True):
                await lanes.tell(both)
            await lanes.settled()
            assert (await purchases(lanes, "poor", day(3)), await purchases(lanes, "rich", day(3))) == (1, 3)
            waiting = await lanes.pool.fetch("select reason from ladder.parked order by number")
            assert [row["reason"].partition(" ")[0] for row in waiting] == ["ArithmeticError('odd')", "waits"]
    monkeypatch.setattr(worker, "RETRIED", 1)
    async with working(database, PostgresLog(database)) as lanes:
        await until(lambda: lanes.pool.fetchval("select count(*) = 0 from ladder.parked"))
        found = await stood(lanes, day(3))
        assert found["poor"] == found["rich"]


async def test_the_wall_clock_fires_deadlines_at_their_own_instants(database: str) -> None:
    """A purchase of long ago passes through risk, silence and loss, each dated when it was due, all history."""
    fact = purchase(day(1), subject="c1")
    async with working(database, PostgresLog(database), clock="wall") as lanes:
        await lanes.tell([fact])

        async def lost() -> bool:
            return bool(await lanes.pool.fetchval("select stage = 'lost' from ladder.standing"))

        await until(lost)
        messages = await lanes.announcements()
    assert {seen(message) for message in messages} == {("c1", *told) for told in oracle.told([fact], day(1000))}
    assert all(message.data.historical for message in messages)


async def test_what_a_friend_did_is_news_however_far_the_referrers_lane_has_come(database: str) -> None:
    """A conversion is recorded at the time of the friend's purchase, so a fast replay does not make it history."""
    maker, friend = "maker", next(f"f{n}" for n in range(100) if lane_of(f"f{n}", 4) != lane_of("maker", 4))
    referred = fact("referral.made", day(1), subject=maker, referee=friend)
    async with working(database, PostgresLog(database), simulate=True) as lanes:
        await lanes.tell([referred, purchase(day(2), subject=friend)])
        await lanes.tick(day(60))
        await lanes.settled()

        async def credited() -> list[events.Announcement]:
            return [told for told in await lanes.announcements() if isinstance(told, events.ReferralConverted)]

        (told,) = await until(credited)
    assert told.data.recorded_at == told.time == "2024-01-03T00:00:00Z"
    assert told.data.historical is msgspec.UNSET


async def test_a_deadline_that_cannot_be_folded_parks_its_person_alone(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cannot be swept waits and is no lag; time goes on for the others, and a new owner tries again."""
    sweep = fold.sweep

    def failing(
        standing: Standing, until: int, rules: Rules, moves: list[Move] | None = None
    ) -> tuple[Standing, list[Change]]:
        if standing.spent == 6600:
            raise ArithmeticError("odd")
        return sweep(standing, until, rules, moves)

    with monkeypatch.context() as patched:
        patched.setattr(fold, "sweep", failing)
        async with working(database, PostgresLog(database)) as lanes:
            await lanes.tell([purchase(day(1), subject="poor", amount="66.00"), purchase(day(1), subject="rich")])
            await lanes.tick(day(100))
            await lanes.settled()
            stages = await stages_of(lanes)
            assert stages == {"poor": "retention", "rich": "degeneration"}
            async with lanes.pool.acquire() as connection:
                assert await store.count_due(connection, None) == 0
    async with working(database, PostgresLog(database)) as lanes:
        await until(lambda: lanes.pool.fetchval("select count(*) = 0 from ladder.parked"))
        await lanes.tick(day(101))
        await lanes.settled()
        stages = await stages_of(lanes)
        assert stages == {"poor": "degeneration", "rich": "degeneration"}
