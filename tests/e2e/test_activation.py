"""Another version of the rules activated on a running system whose ladders are killed in the middle of it."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

from services.ladder.lanes import rules_of
from shared import events
from tests.e2e.deployment import PATIENCE, SMALL, Deployment, deployed
from tests.e2e.test_crashes import killed
from tests.integration.log_stores import Store
from tests.make import RULES_TOML
from tests.seen import folded_anew, stored
from tests.until import until

Purchases = list[events.PurchaseCompleted]
STRICTER = (
    RULES_TOML.read_text()
    .replace("version = 2", "version = 3")
    .replace('"purchases", at_least = 2 }', '"purchases", at_least = 3 }', 1)
)


async def test_an_activation_under_kills_decides_everybody_once(
    database: str, either_log: Store, cdnow: Purchases, tmp_path: Path
) -> None:
    """However often ladders are killed with -9, everybody stands as by the new rules, told once of what changed."""
    before, meanwhile = cdnow[:1_500], cdnow[1_500:1_700]
    async with deployed(database, either_log, SMALL, ladders=2) as system:
        await system.replay(before, 500)
        await system.settled_at(before[-1].at)
        rungs = {person: place[0] for person, place in (await stored(system.pool)).items()}
        await activate(system)
        posting = asyncio.create_task(system.replay(meanwhile, 20))
        await killed_on_the_way(system, 3)
        await posting
        await system.settled_at(meanwhile[-1].at)
        await until(lambda: gone_over(system), PATIENCE)

        draft = tmp_path / "rules.toml"
        draft.write_text(STRICTER)
        system.environment["RULES_FILE"] = str(draft)
        assert await stored(system.pool) == await folded_anew(system.pool, rules_of(system.settings), meanwhile[-1].at)
        await system.consistent()
        told = Counter(
            (each.person, each.type)
            for each in (await system.announced()).values()
            if each.cause[:2] == ("deadline", "rules_changed")
        )
        after = await stored(system.pool)
    assert max(told.values()) == 1
    still = rungs.keys() - {fact.subject for fact in meanwhile}
    fallen = {person for person in still if after[person][0] != rungs[person]}
    assert fallen
    assert {person for person in still if (person, "rung.demoted") in told} == fallen


async def activate(system: Deployment) -> None:
    """Put the stricter version and have it activated."""
    rules = f"{system.client.ladder}/v1/rules/3"
    (await system.client.http.put(rules, content=STRICTER)).raise_for_status()
    answer = await system.client.http.post(f"{rules}/activate", json={"mode": "emit"})
    assert answer.status_code == 202, answer.text


async def killed_on_the_way(system: Deployment, kills: int) -> None:
    """So many times kill the oldest ladder once some more people have gone over, and start another."""
    random = Random(kills)
    for _ in range(kills):
        enough = await people(system) + random.randrange(10, 120)
        await until(lambda enough=enough: reached(system, enough), PATIENCE)  # type: ignore[misc] # of a lambda
        await killed(system)
        await system.add_ladder()


async def people(system: Deployment) -> int:
    """How many have gone over, in lanes that have not ended yet or have."""
    return int(
        await system.pool.fetchval(
            "select coalesce(sum(case when l.version = 3 then t.people else l.people end), 0)::bigint"
            " from ladder.lane_rules l left join (select lane, sum(people) as people from ladder.tally"
            " where kind = 'rung' group by 1) t using (lane)"
        )
    )


async def reached(system: Deployment, number: int) -> bool:
    """Whether so many have gone over, or all."""
    return await people(system) >= number or await gone_over(system)


async def gone_over(system: Deployment) -> bool:
    """Whether all lanes have."""
    return not await system.pool.fetchval("select count(*) from ladder.lane_rules where version <> 3")
