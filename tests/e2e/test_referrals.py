"""Referrals over two lanes, each with a ladder of its own, told step by step over HTTP."""

from itertools import count

from shared import events
from shared.log.partitioner import lane_of
from tests.e2e.deployment import REPLAY, Deployment, deployed
from tests.integration.log_stores import Store
from tests.make import day, fact, purchase, refund
from tests.seen import Seen, expected_standings

LANES = 2


def named(prefix: str, lane: int) -> str:
    """A person whose facts are in this lane."""
    return next(name for number in count() if lane_of(name := f"{prefix}{number}", LANES) == lane)


ADA = named("ada", 0)
BEN, CLEO, DORA = named("ben", 1), named("cleo", 1), named("dora", 1)


def referral(at: int, friend: str) -> events.Fact:
    """Ada speaks to a friend of the shop."""
    return fact("referral.made", at, subject=ADA, referee=friend)


def bought(at: int, who: str, order: str) -> events.Fact:
    return purchase(at, order=order, subject=who)


async def test_a_friend_in_another_lane_is_credited_and_taken_back(database: str, either_log: Store) -> None:
    """First purchases of friends, their refunds, and earlier ones that come late move what a referral is worth."""
    async with deployed(database, either_log, {**REPLAY, "LANES": str(LANES)}, ladders=2) as system:
        await system.shared()
        life = Life(system)
        await life.goes_on(*(bought(day(number), ADA, f"a{number}") for number in range(1, 5)))
        await life.goes_on(referral(day(10), BEN))
        assert await life.credit() == (6, 1, 0)

        await life.goes_on(bought(day(20), BEN, "b1"))
        assert await life.credit() == (6, 1, 1)
        await life.goes_on(refund(day(21), order="b1", subject=BEN))
        assert await life.credit() == (6, 1, 0)
        await life.goes_on(bought(day(30), BEN, "b2"))
        assert await life.credit() == (6, 1, 1)

        await life.goes_on(referral(day(40), CLEO), referral(day(41), DORA))
        await life.goes_on(bought(day(50), CLEO, "c2"), bought(day(52), DORA, "d2"))
        assert await life.credit() == (7, 3, 3)
        await life.goes_on(bought(day(35), CLEO, "c1"))
        assert await life.credit() == (6, 3, 2)
        await life.goes_on(bought(day(45), DORA, "d1"))
        assert await life.credit() == (6, 3, 2)

        end = day(60)
        await system.settled_at(end)
        assert await system.standings(end) == expected_standings(life.facts, end)
        await system.consistent()
        assert [(each.to, each.cause[1]) for each in await life.conversions()] == [
            (BEN, "purchase.completed@2024-01-21T00:00:00Z"),
            (BEN, "purchase.completed@2024-01-31T00:00:00Z"),
            (CLEO, "purchase.completed@2024-02-20T00:00:00Z"),
            (DORA, "purchase.completed@2024-02-22T00:00:00Z"),
        ]


class Life:
    """What happens, step by step."""

    def __init__(self, system: Deployment) -> None:
        self.system = system
        self.facts: list[events.Fact] = []

    async def goes_on(self, *facts: events.Fact) -> None:
        """These happen; everything that follows from them has happened, too."""
        self.facts += facts
        await self.system.post(facts)
        await self.system.client.settled()

    async def credit(self) -> tuple[int, int, int]:
        """(Ada's rung, her referrals made, those converted)."""
        told = await self.system.client.ask(f"/v1/customers/{ADA}")
        return told["rung"]["number"], told["referrals"]["made"], told["referrals"]["converted"]

    async def conversions(self) -> list[Seen]:
        """What was announced of Ada's friends, in the order of time."""
        announced = (await self.system.announced()).values()
        return sorted(each for each in announced if each.type == "referral.converted")
