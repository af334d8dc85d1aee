"""Time passes by itself under `CLOCK=wall`, on real processes."""

import time

from shared import events, instants
from shared.instants import DAY, HOUR, SECOND
from tests import oracle
from tests.e2e.deployment import Deployment, deployed
from tests.integration.log_stores import Store
from tests.make import fact, purchase
from tests.seen import Seen, seen
from tests.until import until

WALL = {"CLOCK": "wall"}


def now() -> int:
    return time.time_ns() // 1_000


async def test_what_came_due_before_it_was_known_is_told_as_history(database: str, either_log: Store) -> None:
    """Of old purchases risks and lapses are announced at their own instants, marked historical."""
    facts: list[events.Fact] = [
        purchase(now() - 100 * DAY, subject="at-risk"),
        purchase(now() - 400 * DAY, subject="silent"),
        *(purchase(now() - hours * HOUR, subject="risen") for hours in (3000, 2900, 12)),
    ]
    expected = {
        Seen(person, *told)
        for person in ("at-risk", "silent", "risen")
        for told in oracle.told([each for each in facts if each.subject == person], now())
    }
    async with deployed(database, either_log, WALL, ladders=2) as system:
        await system.post(facts)
        await until(lambda: _so_many(system, len(expected)), 60)
        announced = await system.client.announcements()
        assert {seen(each) for each in announced} == expected
        day_old = {each.id for each in announced if now() - instants.parse(each.time) > DAY}
        assert {each.id for each in announced if each.data.historical is True} == day_old
        assert {"churn.risk_raised", "customer.lapsed"} <= {each.type for each in expected}
        await system.client.settled()
        await system.consistent()


async def _so_many(system: Deployment, count: int) -> bool:
    return len(await system.client.announcements()) == count


async def test_what_comes_due_is_told_as_it_happens(database: str, either_log: Store) -> None:
    """The end of the fortnight after a checkout is announced at its instant, not before, and is no history."""
    async with deployed(database, either_log, WALL) as system:
        begun = now() - 14 * DAY + 4 * SECOND
        await system.post([fact("contact.checkout_started", begun)])

        async def told() -> list[events.Announcement]:
            announced = await system.client.announcements(type="phase.changed")
            return [each for each in announced if instants.parse(each.time) == begun + 14 * DAY]

        (ended,) = await until(told, 60)
        assert seen(ended) == Seen(
            "c1",
            "phase.changed",
            begun + 14 * DAY,
            ("initiation", "closing"),
            ("initiation", "lead"),
            ("deadline", "closing_ended", begun + 14 * DAY),
        )
        assert instants.parse(ended.data.recorded_at) >= begun + 14 * DAY
        assert ended.data.historical is not True
