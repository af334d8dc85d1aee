"""Trials of plays at work, on a real database."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.events import SHOP_EVENTS
from shared.instants import DAY
from tests.integration.notifier_part import Notifier, notifier
from tests.make import lapsed, promoted

PLAYS = """
version = 1
control = {control}
[[play]]
id = "win_back"
on = ["customer.lapsed"]
max_age_days = 30
[play.trial]
held_out = {held_out}
goal = "{goal}"
window_days = 10
[[play.step]]
do = "send"
mail = "win_back"
offer = "win_back"
"""


def plays(folder: Path, held_out: float = 0.5, goal: str = "repeat_purchase", control: float = 0.0) -> dict[str, Any]:
    file = folder / "plays.toml"
    file.write_text(PLAYS.format(held_out=held_out, goal=goal, control=control), "utf-8")
    return {"plays_file": file}


async def lapse(running: Notifier, *persons: str) -> None:
    """The win-back comes to these people."""
    for person in persons:
        await running.introduce(person)
        await running.announce(lapsed(await running.now(), subject=person))
    await running.settled()


async def arms(running: Notifier, *persons: str) -> dict[str, str]:
    found = {}
    for person in persons:
        told = (await running.http.get(f"/v1/customers/{person}/experiments")).json()
        (play,) = told["plays"]
        found[person] = play["arm"]
    return found


async def result(running: Notifier) -> dict[str, Any]:
    told: dict[str, Any] = (await running.http.get("/v1/plays/win_back/result")).raise_for_status().json()
    return told


async def passed(running: Notifier, days: int) -> None:
    """So many days ago the play came to everybody, and what they did since is as long ago."""
    for table in ("exposure", "milestone", "purchase", "redemption"):
        await running.pool.execute(f"update notifier.{table} set at = at - $1", days * DAY)


async def test_whom_chance_holds_out_gets_nothing_and_it_is_recorded(database: str, tmp_path: Path) -> None:
    """The groups are known beforehand and stay; no voucher is made for who is held out."""
    people = [f"c{number}" for number in range(12)]
    async with notifier(database, tmp_path, plays(tmp_path)) as running:
        before = await arms(running, *people)
        await lapse(running, *people)

        outcomes = {person: (await running.outcomes(person))[0][1:] for person in people}
        assert outcomes == {
            person: ("sent", None) if arm == "treated" else ("held_back", "held_out") for person, arm in before.items()
        }
        assert await arms(running, *people) == before
        treated = sum(arm == "treated" for arm in before.values())
        assert await running.pool.fetchval("select count(*) from notifier.voucher") == treated
        told = await result(running)
        assert (told["treated"]["waiting"], told["held_out"]["waiting"]) == (treated, 12 - treated)
        assert (told["treated"]["people"], told["verdict"]) == (0, "too_early")
        assert told["more"] > 1_000


async def test_the_control_group_is_kept_apart(database: str, tmp_path: Path) -> None:
    """It is held out of everything and is in neither group of a play."""
    async with notifier(database, tmp_path, plays(tmp_path, control=0.9)) as running:
        groups = await arms(running, *(f"c{number}" for number in range(20)))
        person = next(name for name, arm in groups.items() if arm == "control")
        await lapse(running, person)

        assert await running.outcomes(person) == [("win_back", "held_back", "held_out")]
        told = await result(running)
        assert [told[arm]["waiting"] for arm in ("treated", "held_out", "control")] == [0, 0, 1]


async def test_all_advertising_together_is_compared_with_those_who_get_none(database: str, tmp_path: Path) -> None:
    """Whoever any play comes to is watched, held out of one play or not; only the control group is apart."""
    people = [f"c{number}" for number in range(16)]
    settings = plays(tmp_path, control=0.5)
    with settings["plays_file"].open("a", encoding="utf-8") as book:
        book.write('[whole]\ngoal = "repeat_purchase"\nwindow_days = 10\n')
    async with notifier(database, tmp_path, settings) as running:
        await lapse(running, *people)
        groups = await arms(running, *people)
        control = [person for person, arm in groups.items() if arm == "control"]
        for person in set(people) - set(control):
            order = {"order_id": person, "amount": 30, "currency": "EUR"}
            await running.tell("purchase.completed", await running.now(), person, SHOP_EVENTS, **order)
        await running.settled()
        await passed(running, 11)

        told = (await running.http.get("/v1/experiments/result")).raise_for_status().json()
        assert (told["play"], told["share_held_out"]) == (None, 0.5)
        treated = 16 - len(control)
        assert (told["treated"]["people"], told["treated"]["reached"]) == (treated, treated)
        assert (told["control"]["people"], told["control"]["reached"]) == (len(control), 0)
        assert told["held_out"]["people"] == 0
        assert told["difference"]["rate"] == 1
        assert Decimal(told["money"]["brought"]) == 30 * treated


async def test_without_an_aim_nobody_asks_what_all_is_worth(database: str, tmp_path: Path) -> None:
    """A book without [whole] has no such result."""
    async with notifier(database, tmp_path, plays(tmp_path)) as running:
        answer = await running.http.get("/v1/experiments/result")
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (404, "unknown-trial")


async def test_the_result_counts_what_people_did_in_the_window(database: str, tmp_path: Path) -> None:
    """Orders given back in full are none; what was bought before or after the window does not count."""
    people = [f"c{number}" for number in range(8)]
    async with notifier(database, tmp_path, plays(tmp_path)) as running:

        async def act(type_: str, person: str, days: float, **data: Any) -> None:
            at = await running.now() + round(days * DAY)
            await running.tell(type_, at, person, SHOP_EVENTS, **data)

        await lapse(running, *people)
        groups = await arms(running, *people)
        treated = [person for person, arm in groups.items() if arm == "treated"]
        for number, person in enumerate(people):
            order = {"order_id": person, "amount": 30, "currency": "EUR"}
            await act("purchase.completed", person, 1, **order)
            await act("purchase.completed", person, -1, **{**order, "order_id": f"{person}-before"})
            await act("purchase.completed", person, 11, **{**order, "order_id": f"{person}-after"})
            if number % 2:
                await act("purchase.refunded", person, 2, order_id=person)
            elif number % 4:
                await act("purchase.refunded", person, 2, order_id=person, amount=10)
        await running.settled()
        redeemed = 0
        for code in await running.pool.fetch("select code, person from notifier.voucher"):
            order = {"order_id": code["code"], "amount": 40, "customer": code["person"]}
            answer = await running.http.post(f"/v1/vouchers/{code['code']}/redeem", json=order)
            redeemed += answer.status_code == 200
        await passed(running, 12)

        told = await result(running)

        worth = {person: (30, 0, 20, 0)[number % 4] for number, person in enumerate(people)}
        for name, group in (("treated", treated), ("held_out", [each for each in people if each not in treated])):
            assert told[name]["people"] == len(group)
            assert told[name]["reached"] == sum(worth[person] > 0 for person in group)
            assert float(told[name]["money"]) == sum(worth[person] for person in group)
        assert told["treated"]["waiting"] == 0
        assert redeemed == len(treated)
        assert float(told["money"]["spent"]) == 6 * redeemed


@pytest.mark.parametrize(("goal", "reached"), [("promotion", 1), ("not_lapsed", 2)])
async def test_goals_are_learnt_from_the_ladder(database: str, tmp_path: Path, goal: str, reached: int) -> None:
    """A rise within the window, or no lapse within it."""
    people = ["c1", "c2", "c3"]
    async with notifier(database, tmp_path, plays(tmp_path, held_out=0.0, goal=goal)) as running:
        await lapse(running, *people)
        now = await running.now()
        await running.announce(promoted(now, 5, subject="c1"), lapsed(now + 1, subject="c2", id_="again"))
        await running.announce(promoted(now + 11 * DAY, 5, subject="c3"))
        await running.settled()
        await passed(running, 11)

        told = await result(running)

        assert (told["treated"]["people"], told["treated"]["reached"]) == (3, reached)
        assert (await running.http.get("/v1/plays/unknown/result")).status_code == 404
