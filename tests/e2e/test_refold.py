"""Everybody refolded by `python -m services.ladder refold` after the rules or the shop's zone have changed."""

import asyncio
from pathlib import Path

import asyncpg
import msgspec

from shared import events
from tests import oracle
from tests.e2e.deployment import REPLAY, Deployment, deployed, refusal
from tests.integration.log_stores import Store
from tests.make import RULES_TOML
from tests.seen import Seen, expected_standings
from tests.system import Program, run
from tests.until import until

Purchases = list[events.PurchaseCompleted]
ZONE = "America/New_York"


async def test_a_refold_goes_on_after_a_kill_and_announces_nothing(
    database: str, embedded: Store, some: Purchases
) -> None:
    """In another zone everybody stands as if it had always been that; in the feed there is nothing of it."""
    few = [fact for fact in some if fact.subject < "0600"]
    end = few[-1].at
    async with deployed(database, embedded, REPLAY) as system:
        await system.replay(few, 500)
        await system.settled_at(end)
        announced = await system.announced()
        await system.ladders.pop().stop()

        system.environment["TIME_ZONE"] = ZONE
        await killed_in_lane(system, 2)
        assert "python -m services.ladder refold" in await refusal(system.environment)
        assert "python -m services.ladder refold" in await refusal({**system.environment, "TIME_ZONE": "UTC"})
        ended = await run("services.ladder", system.environment, "refold")
        assert ended.code == 0, ended.err
        left = await system.pool.fetchval("select count(*) from ladder.standing where lane >= 2")
        assert ended.out.startswith(f"{left} persons refolded")

        await system.add_ladder()
        await system.settled_at(end)
        expected = await asyncio.to_thread(expected_standings, few, end, oracle.Shop(zone=ZONE))
        assert await system.standings(end) == expected
        assert await system.announced() == announced
        await system.consistent()


async def killed_in_lane(system: Deployment, lane: int) -> None:
    """Begin a refold and kill it with -9 while it writes the persons of a lane."""
    held = await asyncpg.connect(system.environment["DATABASE_URL"])
    refold = Program("services.ladder", system.environment, "refold")
    try:
        async with held.transaction():
            await held.execute("select from ladder.standing where lane = $1 for update", lane)
            await refold.launch()
            await until(lambda: waits(system), 60)
            await refold.kill()
    finally:
        await held.close()
    progress = msgspec.json.decode(await system.pool.fetchval("select value from ladder.meta where name = 'refold'"))
    assert progress["done"] == {str(done): None for done in range(lane)}


async def waits(system: Deployment) -> bool:
    """Whether a refold waits for a row that somebody holds."""
    return bool(
        await system.pool.fetchval(
            "select exists (select from pg_stat_activity where application_name = 'ladder-refold'"
            " and datname = current_database() and wait_event_type = 'Lock')"
        )
    )


async def test_what_other_rules_change_is_announced_when_asked_for(
    database: str, embedded: Store, some: Purchases, tmp_path: Path
) -> None:
    """With --emit each person whose rung is another under the new rules is announced once, and published."""
    end = some[-1].at
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES_TOML.read_text().replace('"purchases", at_least = 2 }', '"purchases", at_least = 3 }', 1))
    async with deployed(database, embedded, REPLAY) as system:
        await system.replay(some, 500)
        await system.settled_at(end)
        before, announced = await rungs(system), await system.announced()
        await system.ladders.pop().stop()

        system.environment["RULES_FILE"] = str(rules)
        ended = await run("services.ladder", system.environment, "refold", "--emit")
        assert ended.code == 0, ended.err
        await system.add_ladder()
        await system.settled_at(end)

        after = await rungs(system)
        told = [each for id_, each in (await system.announced()).items() if id_ not in announced]
        assert {(each.person, each.origin, each.to) for each in told if each.type.startswith("rung.")} == {
            (person, before[person], rung) for person, rung in after.items() if rung != before[person]
        }
        assert any(of_the_rules(each) for each in told)
        assert all(of_the_rules(each) for each in told)
        await system.consistent()


def of_the_rules(announced: Seen) -> bool:
    """Whether the change of the rules is what it was announced for."""
    return announced.cause[:2] == ("deadline", "rules_changed")


async def rungs(system: Deployment) -> dict[str, int]:
    """Everybody's rung."""
    rows = await system.pool.fetch("select person, rung from ladder.standing")
    return {row["person"]: row["rung"] for row in rows}
