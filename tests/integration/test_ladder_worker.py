"""The ladder's worker on a real database and the embedded log, against the oracle."""

import pytest

from services.ladder.lanes import rules_of
from shared.log.postgres import PostgresLog
from tests.cdnow import cdnow_purchases
from tests.integration.community import arrivals, community
from tests.integration.ladder_lanes import working
from tests.seen import by_id, cdnow_read, counted, expected_standings, recounted, standings


async def test_cdnow_told_in_order_is_announced_as_the_oracle_says(database: str) -> None:
    """Every announcement of hundreds of lives has type, instant, cause, origin and aim as a fold from nothing gives."""
    facts = [fact for fact in cdnow_purchases() if fact.subject.endswith(("1", "4", "7"))]  # all: in tests/e2e
    async with working(database, PostgresLog(database), batch_limit=300) as lanes:
        for start in range(0, len(facts), 200):
            await lanes.tell(facts[start : start + 200])
        await lanes.settled()
        announced = by_id(await lanes.announcements())
    assert set(announced.values()) == cdnow_read(facts).announced


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
        assert await standings(lanes.pool, rules_of(lanes.settings), end) == expected_standings(facts, end)
        assert await counted(lanes.pool) == await recounted(lanes.pool)
        messages = await lanes.announcements()
        assert len(messages) == len({message.id for message in messages})
