"""The figures over HTTP: of CDNOW as plain Python counts them from its file, and after whatever order of arrival."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.ladder.lanes import rules_of
from shared import instants
from tests.cdnow import SAMPLE, cdnow_purchases
from tests.integration.community import arrivals, community
from tests.integration.ladder_http import ladder
from tests.integration.ladder_lanes import Lanes
from tests.seen import Seen, cdnow_read, figured, refigured

FIRST, LAST = date(1997, 7, 1), date(1998, 6, 30)
DAYS = 365


class Bought:
    """CDNOW as its file tells it: of every person the (day, dollars in cents) of each row."""

    def __init__(self) -> None:
        self.people: defaultdict[str, list[tuple[date, int]]] = defaultdict(list)
        for line in SAMPLE.read_text("ascii").splitlines():
            _, person, day, _, amount = line.split()
            cents = int(Decimal(amount) * 100)
            self.people[person].append((date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}"), cents))

    def rows(self, first: date, last: date, people: Iterable[str] | None = None) -> list[tuple[date, int]]:
        """The orders of these days."""
        chosen = self.people if people is None else people
        return [row for person in chosen for row in self.people[person] if first <= row[0] <= last]

    def with_orders(self, least: int, last: date, people: Iterable[str] | None = None) -> int:
        """How many people have at least so many orders."""
        chosen = self.people if people is None else people
        return sum(sum(day <= last for day, _ in self.people[person]) >= least for person in chosen)

    def cohort(self, month: str) -> set[str]:
        """Whose first order was in this month."""
        return {person for person, rows in self.people.items() if f"{min(rows)[0]:%Y-%m}" == month}


def phases(announced: Iterable[Seen], last: date) -> dict[str, str]:
    """Everybody's phase at the end of a day, by what the oracle announces."""
    found: dict[str, str] = {}
    for one in sorted(announced, key=lambda one: one.at):
        if one.type == "phase.changed" and day_of(one) <= last:
            assert isinstance(one.to, tuple)
            found[one.person] = one.to[0]
    return found


def lapses(announced: Iterable[Seen], first: date, last: date) -> int:
    """How many turned from active to passive in these days."""
    turned = [one for one in announced if one.type == "phase.changed" and first <= day_of(one) <= last]
    return sum((one.origin or ("",))[0] == "active" and one.to[0] == "passive" for one in turned)  # type: ignore[index]


def day_of(one: Seen) -> date:
    """The day an announcement became true."""
    return instants.to_datetime(one.at).date()


def money(cents: float) -> str:
    """Cents as the answers tell them."""
    return f"{Decimal(round(cents)).scaleb(-2):f}"


async def told(lanes: Lanes, facts: list[Any]) -> None:
    """All of these, settled."""
    for start in range(0, len(facts), 1_000):
        await lanes.tell(facts[start : start + 1_000])
    await lanes.settled()


async def test_cdnow_by_both_definitions(database: str) -> None:
    """Every figure of a year is what plain Python counts from the file, with churn as the oracle announces it."""
    facts, file = cdnow_purchases(), Bought()
    announced = cdnow_read(facts).announced
    async with ladder(database) as (lanes, client):
        await told(lanes, facts)
        period = {"from": FIRST.isoformat(), "to": LAST.isoformat()}
        found = (await client.get("/v1/kpis", params={**period, "by": "rung"})).raise_for_status().json()
        early = {"from": "1997-01-01", "to": LAST.isoformat(), "by": "cohort"}
        cohorts = (await client.get("/v1/kpis", params=early)).raise_for_status().json()
        monthly = (await client.get("/v1/kpis", params={**period, "by": "month"})).raise_for_status().json()
        picture = (await client.get("/v1/ladder", params={"at": LAST.isoformat()})).raise_for_status().json()
        flows = (await client.get("/v1/ladder/flows", params=period)).raise_for_status().json()
        now = (await client.get("/v1/ladder")).json()
    check_simple(found, file, announced)
    check_cohorts(cohorts, file, announced)
    check_months(monthly, file)
    check_picture(picture, announced)
    check_flows(flows, found, announced)
    assert picture["people"] == now["people"]
    groups = [group["counts"] for group in found["groups"]]
    assert sum(group["orders"] for group in groups) == found["counts"]["orders"]
    assert sum(group["customers"] for group in groups) == found["counts"]["customers"]
    assert sum(Decimal(group["revenue"]) for group in groups) == Decimal(found["counts"]["revenue"])


def check_simple(found: dict[str, Any], file: Bought, announced: frozenset[Seen]) -> None:
    """Repeat customers over all customers, lost over those at the start, orders over customers, and their product."""
    rows = file.rows(FIRST, LAST)
    revenue, orders = sum(cents for _, cents in rows), len(rows)
    customers, repeaters = file.with_orders(1, LAST), file.with_orders(2, LAST)
    active = sum(phase == "active" for phase in phases(announced, FIRST - timedelta(1)).values())
    lost = lapses(announced, FIRST, LAST)
    assert found["period"] == {"from": FIRST.isoformat(), "to": LAST.isoformat(), "days": DAYS}
    counts = found["counts"]
    assert (counts["customers"], counts["repeaters"]) == (customers, repeaters)
    assert (counts["orders"], counts["revenue"]) == (orders, money(revenue))
    assert (counts["active_at_start"], counts["lapsed"]) == (active, lost)
    simple = found["simple"]
    assert simple["repeat_rate"] == pytest.approx(repeaters / customers, abs=1e-6)
    assert simple["churn_rate"] == simple["churn_per_year"] == pytest.approx(lost / active, abs=1e-6)
    assert simple["churn_mark"] == "warning"
    assert simple["purchase_frequency"] == pytest.approx(orders / customers, abs=1e-6)
    assert simple["average_order_value"] == money(revenue / orders)
    assert simple["customer_lifetime_value"] == money(revenue / customers / (lost / active))


def check_cohorts(found: dict[str, Any], file: Bought, announced: frozenset[Seen]) -> None:
    """Each month's first-time buyers, followed to the end, and their retention curves."""
    phase_of = phases(announced, LAST)
    by_key = {group["key"]: group for group in found["groups"]}
    assert set(by_key) == {"1997-01", "1997-02", "1997-03"}
    for month, group in by_key.items():
        people = file.cohort(month)
        rows = file.rows(date(1997, 1, 1), LAST, people)
        revenue = sum(cents for _, cents in rows)
        active = sum(phase_of[person] == "active" for person in people)
        age = (LAST - date(1997, int(month[-2:]) + 1, 1)).days + 1
        kpis = group["cohort"]
        assert group["counts"]["customers"] == len(people)
        assert kpis["repeat_rate"] == pytest.approx(file.with_orders(2, LAST, people) / len(people), abs=1e-6)
        assert kpis["churn_rate"] == pytest.approx(1 - active / len(people), abs=1e-6)
        assert kpis["churn_per_year"] == pytest.approx(1 - (active / len(people)) ** (365 / age), abs=1e-6)
        assert kpis["purchase_frequency"] == pytest.approx(len(rows) / len(people), abs=1e-6)
        assert kpis["average_order_value"] == money(revenue / len(rows))
        assert kpis["customer_lifetime_value"] == money(revenue / len(people))
    everybody = file.rows(date(1997, 1, 1), LAST)
    assert found["cohort"]["purchase_frequency"] == pytest.approx(len(everybody) / len(file.people), abs=1e-6)
    for curve in found["curves"]:
        people = file.cohort(curve["cohort"])
        months = [
            date(1997 + (number // 12), number % 12 + 1, 1) for number in range(int(curve["cohort"][-2:]) - 1, 18)
        ]
        buyers = [
            sum(any(f"{day:%Y-%m}" == f"{month:%Y-%m}" for day, _ in file.people[person]) for person in people)
            for month in months
        ]
        assert (curve["customers"], curve["buyers"]) == (len(people), buyers)
        assert curve["retention"] == pytest.approx([count / len(people) for count in buyers], abs=1e-6)


def check_months(found: dict[str, Any], file: Bought) -> None:
    """The months of the year, one by one."""
    assert [group["key"] for group in found["groups"]][:2] == ["1997-07", "1997-08"]
    assert len(found["groups"]) == 12
    for group in found["groups"]:
        first = date.fromisoformat(f"{group['key']}-01")
        last = (first + timedelta(31)).replace(day=1) - timedelta(1)
        rows = file.rows(first, last)
        assert group["counts"]["orders"] == len(rows)
        assert group["counts"]["revenue"] == money(sum(cents for _, cents in rows))
        assert group["counts"]["repeaters"] == file.with_orders(2, last)


def rungs_at(announced: frozenset[Seen], last: date) -> dict[str, int]:
    """Everybody's rung at the end of a day."""
    found: dict[str, int] = {}
    for one in sorted(announced, key=lambda one: one.at):
        if one.type in {"rung.promoted", "rung.demoted"} and day_of(one) <= last:
            assert isinstance(one.to, int)
            found[one.person] = one.to
    return found


def check_picture(found: dict[str, Any], announced: frozenset[Seen]) -> None:
    """How many stood on each rung and in each phase."""
    rungs, phase_of = [*rungs_at(announced, LAST).values()], [*phases(announced, LAST).values()]
    assert [rung["people"] for rung in found["rungs"]] == [rungs.count(number) for number in range(1, 8)]
    for phase in ("initiation", "active", "passive"):
        assert sum(one["people"] for one in found["phases"] if one["phase"] == phase) == phase_of.count(phase)
    assert "announced" not in found


def check_flows(found: dict[str, Any], kpis: dict[str, Any], announced: frozenset[Seen]) -> None:
    """Who climbed and who fell, from the announcements of the rungs."""
    moves = [one for one in announced if one.type in {"rung.promoted", "rung.demoted"} and FIRST <= day_of(one) <= LAST]
    for rung in found["rungs"]:
        number = rung["number"]
        assert rung["climbed"] == sum(one.origin == number and one.type == "rung.promoted" for one in moves)
        assert rung["fell"] == sum(one.origin == number and one.type == "rung.demoted" for one in moves)
        assert rung["entered"] == sum(one.to == number for one in moves)
    assert [rung["orders"] for rung in found["rungs"]] == [group["counts"]["orders"] for group in kpis["groups"]]
    new = sum(way["people"] for way in found["ways"] if way["from"] is None)
    assert new == sum(one.origin is None for one in moves)


# -- any order ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_order_of_arrival_the_figures_are_the_same(database: str, seed: int) -> None:
    """Late and repeated facts, refunds and referrals across lanes end in the figures of a fold from nothing."""
    facts = community(seed)
    end = max(fact.at for fact in facts)
    arriving = arrivals(facts, seed, late=0.3, twice=0.2)
    async with ladder(database, batch_limit=7) as (lanes, _):
        for start in range(0, len(arriving), 10):
            await lanes.tell(arriving[start : start + 10])
        await lanes.settled()
        await lanes.tick(end)
        await lanes.settled()
        assert await figured(lanes.pool) == await refigured(lanes.pool, rules_of(lanes.settings))


async def test_people_from_before_figures_were_kept_are_waited_for(database: str) -> None:
    """Until a refold has counted everybody there are no figures, and the answer says what to do."""
    async with ladder(database) as (lanes, client):
        await lanes.pool.execute("insert into ladder.meta values ('figures', 'missing')")
        answers = [await client.get(path) for path in ("/v1/kpis", "/v1/ladder/flows", "/v1/ladder?at=2024-01-01")]
    assert {answer.status_code for answer in answers} == {409}
    assert {answer.json()["type"] for answer in answers} == {"figures-missing"}


async def test_periods_that_are_none_are_refused(database: str) -> None:
    """A period ends after it begins, and days have years that a calendar names."""
    async with ladder(database) as (_, client):
        answers = [
            await client.get("/v1/kpis", params=query)
            for query in (
                {"from": "2024-02-01", "to": "2024-01-31"},
                {"to": "9999-12-31"},
                {"from": "soon"},
                {"by": "day"},
            )
        ]
        one_day = await client.get("/v1/kpis?from=2024-01-01&to=2024-01-01")
    assert [answer.status_code for answer in answers] == [422] * 4
    assert answers[0].json()["errors"][0]["pointer"] == "/query/from"
    assert one_day.json()["period"]["days"] == 1
