"""The ladder's worker on a real database and the embedded log, against the oracle."""

from collections import Counter, defaultdict

import pytest

from services.ladder.core import fold
from services.ladder.core.standing import decode
from services.ladder.lanes import rules_of
from shared import events, instants
from shared.log.postgres import PostgresLog
from tests import oracle
from tests.cdnow import cdnow_purchases
from tests.integration.community import arrivals, community
from tests.integration.ladder_lanes import Lanes, working

Announced = tuple[str, str, int, object, object, tuple[str, str, str | int]]


def seen(message: events.Announcement) -> Announced:
    """An announcement as the oracle puts it."""
    cause = message.data.cause
    told = (
        ("fact", cause["fact"], cause["source"])
        if "fact" in cause
        else ("deadline", cause["deadline"], instants.parse(cause["at"]))
    )
    at = instants.parse(message.time)
    return (message.subject, events.type_of(message), at, _place(message.data.from_), _place(message.data.to), told)


def _place(told: object) -> object:
    return (told.phase, told.stage) if isinstance(told, events.PhaseName) else told


async def test_cdnow_told_in_order_is_announced_as_the_oracle_says(database: str) -> None:
    """Every announcement of 2,357 lives has the type, instant, cause, origin and aim that a fold from nothing gives."""
    facts = cdnow_purchases()
    end = facts[-1].at
    async with working(database, PostgresLog(database), batch_limit=300) as lanes:
        for start in range(0, len(facts), 200):
            await lanes.tell(facts[start : start + 200])
        await lanes.settled()
        announced = await lanes.announcements()
    lives: dict[str, list[events.Fact]] = defaultdict(list)
    for fact in facts:
        lives[fact.subject].append(fact)
    expected = {(person, *told) for person, theirs in lives.items() for told in oracle.told(theirs, end)}
    assert len(announced) == len({message.id for message in announced})
    assert {seen(message) for message in announced} == expected


async def standings(lanes: Lanes, at: int) -> dict[str, tuple[object, ...]]:
    """Everybody's standing at an instant, as far as the oracle tells of it."""
    rows = await lanes.pool.fetch("select person, state from ladder.standing")
    found: dict[str, tuple[object, ...]] = {}
    for row in rows:
        standing, _ = fold.sweep(decode(row["state"]), at, rules_of(lanes.settings))
        found[row["person"]] = (
            standing.rung,
            standing.rung_since,
            standing.phase,
            standing.stage,
            standing.phase_since,
            standing.purchases,
            standing.purchase_days,
            standing.spent,
            standing.refunded,
            standing.referrals_made,
            standing.referrals_converted,
        )
    return found


def expected_standings(facts: list[events.Fact], at: int) -> dict[str, tuple[object, ...]]:
    """The same from the oracle."""
    return {
        person: (
            seen.rung,
            seen.rung_since,
            seen.phase,
            seen.stage,
            seen.phase_since,
            seen.purchases,
            seen.purchase_days,
            seen.spent,
            seen.refunded,
            seen.made,
            len(seen.converted),
        )
        for person, seen in oracle.ladder_of(facts, at).items()
    }


async def counted(lanes: Lanes) -> dict[tuple[str, str], tuple[int, int]]:
    """The tallies over all lanes, without those that are zero."""
    rows = await lanes.pool.fetch(
        "select kind, key, sum(people)::bigint, sum(spent)::bigint from ladder.tally group by 1, 2"
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows if row[2] or row[3]}


async def recounted(lanes: Lanes) -> dict[tuple[str, str], tuple[int, int]]:
    """What the tallies should say, counted from the rows themselves."""
    people: Counter[tuple[str, str]] = Counter()
    spent: Counter[tuple[str, str]] = Counter()
    for row in await lanes.pool.fetch("select rung, phase, stage, state from ladder.standing"):
        people["rung", str(row["rung"])] += 1
        people["stage", f"{row['phase']}/{row['stage']}"] += 1
        spent["rung", str(row["rung"])] += decode(row["state"]).spent
    for row in await lanes.pool.fetch("select type from ladder.transition"):
        people["announced", row["type"]] += 1
    return {key: (people[key], spent[key]) for key in people}


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_the_order_of_arrival_the_standings_are_the_same(database: str, seed: int) -> None:
    """Late and repeated facts, refunds and referrals across lanes end in the oracle's standings; tallies agree."""
    facts = community(seed)
    end = max(fact.at for fact in facts)
    late, twice = (0.0, 0.0) if seed == 0 else (0.3, 0.2)
    told = arrivals(facts, seed, late=late, twice=twice)
    async with working(database, PostgresLog(database), batch_limit=7) as lanes:
        for start in range(0, len(told), 10):
            await lanes.tell(told[start : start + 10])
        await lanes.settled()
        await lanes.tick(end)
        await lanes.settled()
        assert await standings(lanes, end) == expected_standings(facts, end)
        assert await counted(lanes) == await recounted(lanes)
        messages = await lanes.announcements()
        assert len(messages) == len({message.id for message in messages})
