"""What the people on each rung are worth, and figures by source: as plain Python counts them, in any order."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.ladder.core import worth
from services.ladder.core.standing import RUNGS, decode
from services.ladder.lanes import rules_of
from shared import instants
from shared.db import Pool
from shared.events import Fact, Item, PurchaseCompleted
from shared.instants import HOUR
from tests.cdnow import cdnow_purchases
from tests.integration.community import arrivals, community
from tests.integration.ladder_http import ladder
from tests.make import day, fact, identified, purchase, refund
from tests.seen import Seen, cdnow_read

FIRST, LAST = date(1997, 7, 1), date(1998, 6, 30)
PERIOD = {"from": FIRST.isoformat(), "to": LAST.isoformat()}
SOURCES = ("letter", "search", None)
SERVED = Decimal("7.5")
"""Minutes, at 0.50 each."""


def day_of(at: int) -> date:
    """The day of an instant."""
    return instants.to_datetime(at).date()


# -- CDNOW, with what its file does not say ----------------------------------------------------------------------


def with_goods(bought: PurchaseCompleted) -> PurchaseCompleted:
    """Of every second person the goods cost 60 per cent of what they paid."""
    if int(bought.subject) % 2:
        return bought
    amount = bought.data.amount
    item = Item(sku="cd", amount=amount, cost=(amount * 60 / 100).quantize(Decimal("0.01")))
    return msgspec.structs.replace(bought, data=msgspec.structs.replace(bought.data, items=[item]))


def besides(bought: Iterable[PurchaseCompleted]) -> list[Fact]:
    """Everybody is identified an hour after their first order, at a cost of 1.20; after each tenth order is service."""
    told: list[Fact] = []
    known: set[str] = set()
    for number, one in enumerate(bought):
        if one.subject not in known:
            came_from = SOURCES[int(one.subject) % 3]
            told.append(identified(one.at + HOUR, came_from, "1.20", subject=one.subject))
        known.add(one.subject)
        if number % 10 == 0:
            minutes = float(SERVED)
            told.append(fact("contact.served", one.at + HOUR, subject=one.subject, id_=f"s{number}", minutes=minutes))
    return told


class Rungs:
    """Where everybody stood, by what the oracle announces."""

    def __init__(self, announced: Iterable[Seen]) -> None:
        self._moves: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for one in sorted(announced, key=lambda one: one.at):
            if one.type in {"rung.promoted", "rung.demoted"}:
                assert isinstance(one.to, int)
                self._moves[one.person].append((one.at, one.to))

    def at(self, person: str, at: int) -> int:
        """The rung after everything of this instant."""
        return [rung for when, rung in self._moves[person] if when <= at][-1]


class Brought(Counter[str]):
    """What somebody brought and cost, in tenths of a cent."""

    def add(self, one: Fact) -> None:
        """One more fact of theirs."""
        if isinstance(one, PurchaseCompleted):
            paid, items = one.data.amount, one.data.items
            self["spent"] += int(paid * 1000)
            self["margin"] += int((paid - items[0].cost if items and items[0].cost is not None else paid) * 1000)
        elif one.id.startswith("s"):
            self["effort"] += int(SERVED * 500)
        else:
            self["acquisition"] += 1_200

    def told(self) -> dict[str, str]:
        """As it is answered."""
        net = self["margin"] - self["effort"] - self["acquisition"]
        parts = {"margin": self["margin"], "effort": self["effort"], "acquisition": self["acquisition"], "net": net}
        return {"referrals": "0.00", **{name: cents(amount) for name, amount in parts.items()}}


def cents(tenths: int) -> str:
    """Rounded half up, as an amount."""
    return f"{Decimal((tenths + 5) // 10).scaleb(-2):f}"


async def test_cdnow_by_rung_and_by_source(database: str) -> None:
    """What the rungs are worth and who came from where is what plain Python counts; half of it comes much too late."""
    bought = cdnow_purchases()
    rungs = Rungs(cdnow_read(bought).announced)
    goods = [with_goods(one) for one in bought]
    others = besides(bought)
    facts = [*goods, *others]
    async with ladder(database) as (lanes, client):
        for start in range(0, len(facts), 1_000):
            await lanes.tell(facts[start : start + 1_000])
        await lanes.settled()
        picture = (await client.get("/v1/ladder", params={"at": LAST.isoformat()})).raise_for_status().json()
        earlier = (await client.get("/v1/ladder", params={"at": FIRST.isoformat()})).raise_for_status().json()
        flows = (await client.get("/v1/ladder/flows", params=PERIOD)).raise_for_status().json()
        kpis = (await client.get("/v1/kpis", params={**PERIOD, "by": "source"})).raise_for_status().json()
    for told, last in ((picture, LAST), (earlier, FIRST)):
        check_picture(told, [one for one in facts if day_of(one.at) <= last], rungs, last)
    check_flows(flows, [one for one in facts if FIRST <= day_of(one.at) <= LAST], rungs)
    check_sources(kpis, goods)


def check_picture(found: dict[str, Any], facts: list[Fact], rungs: Rungs, last: date) -> None:
    """Everything that people ever brought and cost is on the rung where they stand."""
    end = instants.parse(f"{last}T23:59:59Z")
    by_rung: defaultdict[int, Brought] = defaultdict(Brought)
    for one in facts:
        by_rung[rungs.at(one.subject, end)].add(one)
    for rung in found["rungs"]:
        brought = by_rung[rung["number"]]
        assert (rung["spent"], rung["value"]) == (cents(brought["spent"]), brought.told())


def check_flows(found: dict[str, Any], facts: list[Fact], rungs: Rungs) -> None:
    """What came about in the period is on the rung where they stood after it."""
    by_rung: defaultdict[int, Brought] = defaultdict(Brought)
    for one in facts:
        by_rung[rungs.at(one.subject, one.at)].add(one)
    for rung in found["rungs"]:
        brought = by_rung[rung["number"]]
        assert (rung["revenue"], rung["value"]) == (cents(brought["spent"]), brought.told())


def check_sources(found: dict[str, Any], bought: list[PurchaseCompleted]) -> None:
    """Who came from where, and what they bought, also before it was told where they came from."""
    groups = {group["key"]: group for group in found["groups"]}
    assert groups.keys() == {*SOURCES}
    assert found["others"] is None
    people: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    orders: Counter[str | None] = Counter()
    for one in bought:
        came_from, when = SOURCES[int(one.subject) % 3], day_of(one.at)
        people[came_from][one.subject] += 1
        orders[came_from] += FIRST <= when <= LAST
    for came_from, group in groups.items():
        theirs = people[came_from]
        repeaters = sum(number > 1 for number in theirs.values())
        counts = group["counts"]
        assert (counts["people"], counts["customers"], counts["repeaters"]) == (len(theirs), len(theirs), repeaters)
        assert counts["orders"] == orders[came_from]
        assert group["simple"]["repeat_rate"] == pytest.approx(repeaters / len(theirs), abs=1e-6)
        assert group["cohort"] is None
    assert sum(group["counts"]["lapsed"] for group in groups.values()) == found["counts"]["lapsed"]
    assert sum(group["counts"]["active"] for group in groups.values()) == found["counts"]["active"]


# -- friends -----------------------------------------------------------------------------------------------------

ITEMS = [{"sku": "a", "amount": "30.00", "cost": "10.00"}]
FRIENDS = [
    purchase(day(1), order="o1"),
    fact("referral.made", day(2), referee="f1"),
    fact("referral.made", day(2.5), referee="f2"),
    purchase(day(10), order="f1-1", subject="f1", amount="30.00", items=ITEMS),
    purchase(day(20), order="f2-1", subject="f2", amount="99.00"),
    purchase(day(30), order="o2"),
    purchase(day(31), order="o3"),
    purchase(day(32), order="o4"),
    purchase(day(40), order="f1-2", subject="f1", amount="20.00"),
    purchase(day(41), order="f1-3", subject="f1", amount="50.00"),
    refund(day(50), order="f1-3", subject="f1", amount="10.00"),
    refund(day(51), order="f2-1", subject="f2"),
]
"""c1 is a buyer until day 30 and an advocate from day 32 on; f1 brings 20 before and 60 after that, f2 nothing."""


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the other way round"])
async def test_friends_count_where_the_one_stands_who_referred_them(database: str, turned: bool) -> None:
    """Half of the friends' margin: 10 while on rung 3, 30 while on rung 6; in the end all of it is on rung 6."""
    async with ladder(database) as (lanes, client):
        for one in reversed(FRIENDS) if turned else FRIENDS:
            await lanes.tell([one])
            await lanes.settled()
        await lanes.tick(day(60))
        await lanes.settled()
        flows = (await client.get("/v1/ladder/flows?from=2024-01-01&to=2024-02-29")).raise_for_status().json()
        then = (await client.get("/v1/ladder?at=2024-01-20")).raise_for_status().json()
        now = (await client.get("/v1/ladder?at=2024-02-29")).raise_for_status().json()
        value = (await client.get("/v1/customers/c1/value")).raise_for_status().json()
    assert referrals(flows) == {3: "10.00", 6: "30.00"}
    assert (referrals(then), referrals(now)) == ({3: "10.00"}, {6: "40.00"})
    assert value["referrals"] == {"friends": 1, "brought": "90.00", "credited": "40.00"}
    assert now["rungs"][5]["value"]["net"] == value["net_value"] == "80.00"


def referrals(found: dict[str, Any]) -> dict[int, str]:
    """What friends brought, by rung, without nothing."""
    told = {rung["number"]: rung["value"]["referrals"] for rung in found["rungs"]}
    return {number: amount for number, amount in told.items() if amount != "0.00"}


@pytest.mark.parametrize("seed", range(3))
async def test_each_friend_is_credited_once_whatever_the_order_of_arrival(database: str, seed: int) -> None:
    """Of each person what friends spent is what those spent who are credited; by rung it all adds up."""
    facts = community(seed, people=20)
    end = max(one.at for one in facts) + HOUR
    arriving = arrivals(facts, seed, late=0.3, twice=0.2)
    async with ladder(database, batch_limit=7) as (lanes, client):
        for start in range(0, len(arriving), 10):
            await lanes.tell(arriving[start : start + 10])
        await lanes.settled()
        await lanes.tick(end)
        await lanes.settled()
        last = day_of(end).isoformat()
        found = (await client.get("/v1/ladder", params={"at": last})).raise_for_status().json()
        people = await standings(lanes.pool)
        credited = await lanes.pool.fetch("select person, friend from ladder.referral where credited")
    brought: Counter[str] = Counter()
    for row in credited:
        brought[row["person"]] += people[row["friend"]].spent
    assert {person: one.worth.friends_spent for person, one in people.items() if one.worth.friends_spent} == +brought
    assert not any(one.sales for one in people.values())
    assert +brought
    for number, _ in enumerate(RUNGS, 1):
        here = [one for one in people.values() if one.rung == number]
        sums = worth.Sums(*map(sum, zip(worth.Sums(), *(worth.sums(one.worth) for one in here), strict=True)))
        net = worth.net(sum(one.spent for one in here), sums, worth.rates_of(rules_of(lanes.settings)))
        assert found["rungs"][number - 1]["value"]["net"] == f"{Decimal(net.net).scaleb(-2):f}"


async def standings(pool: Pool) -> dict[str, Any]:
    """Everybody as they stand."""
    return {
        row["person"]: decode(row["state"]) for row in await pool.fetch("select person, state from ladder.standing")
    }
