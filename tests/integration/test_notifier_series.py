"""Series at work: places that survive, facts that end them, time that passes by the clock and by the facts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.events import SHOP_EVENTS
from shared.instants import DAY, MINUTE
from tests.integration.notifier_part import Notifier, notifier
from tests.make import day, lapsed, won_back
from tests.unit.notifier.test_series import SERIES

FACTS: Mapping[str, Any] = {"clock": "facts", "simulate": True, "lanes": 1}
COMPLAINT = """
[[play]]
id = "sorry"
on = ["contact.complained"]
where = { reason = ["damaged"] }
purpose = "service"
max_age_days = 3
again = { days = 7 }
[[play.step]]
do = "send"
mail = "thank_you"
"""


@pytest.fixture
def book(tmp_path: Path) -> dict[str, object]:
    """Settings with a book of one series and a play that a fact starts."""
    file = tmp_path / "plays.toml"
    file.write_text(SERIES + COMPLAINT)
    return {"plays_file": file}


async def bought(running: Notifier, at: int, person: str = "c1", order: str = "o1") -> None:
    await running.tell(
        "purchase.completed", at, person, SHOP_EVENTS, order_id=order, amount="10.00", currency="EUR", id_=order
    )


async def steps(running: Notifier, person: str = "c1") -> list[tuple[str, int, str, str | None]]:
    rows = await running.pool.fetch(
        "select play, step, state, reason from notifier.message where person = $1 order by at, step", person
    )
    return [tuple(row) for row in rows]


async def courses(running: Notifier) -> list[tuple[str, int, str | None]]:
    rows = await running.pool.fetch("select course, step, stopped_by from notifier.run order by person, play, cause")
    return [tuple(row) for row in rows]


async def test_a_place_in_a_series_survives_a_restart(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """The wait ends while nobody is there; the next program takes the step, once, and waits for the one behind it."""
    async with notifier(database, tmp_path, book) as running:
        await running.introduce()
        await running.announce(lapsed(await running.now()))
        await running.become("sent")
        await running.settled()
        assert await courses(running) == [("waiting", 2, None)]
        await running.pool.execute("update notifier.run set due_at = $1", await running.now() - MINUTE)
    for _ in range(2):
        async with notifier(database, tmp_path, book) as running:
            await running.become("sent", "sent")
            await running.settled()
            assert await steps(running) == [("silence", 0, "sent", None), ("silence", 2, "sent", None)]
            assert await courses(running) == [("waiting", 4, None)]


async def test_a_purchase_ends_a_series_the_moment_it_is_known(
    database: str, tmp_path: Path, book: dict[str, object]
) -> None:
    """What it was waiting for is recorded as cancelled, once, however often the purchase is told."""
    async with notifier(database, tmp_path, book) as running:
        await running.introduce()
        await running.announce(lapsed(await running.now() - MINUTE))
        await running.settled()
        for _ in range(2):
            await bought(running, await running.now())
            await running.settled()

        assert await steps(running) == [("silence", 0, "sent", None), ("silence", 2, "held_back", "cancelled")]
        assert await courses(running) == [("stopped", 2, "purchase.completed")]


async def test_a_fact_starts_a_play_once(database: str, tmp_path: Path, book: dict[str, object]) -> None:
    """If it says what the play wants; nothing of what it says is kept."""
    async with notifier(database, tmp_path, book) as running:
        await running.tell("contact.identified", await running.now(), profile={"email": "c1@example.org"})
        now = await running.now()
        for _ in range(2):
            await running.tell("contact.complained", now, "c1", SHOP_EVENTS, reason=" Damaged ", ticket="T1", id_="one")
            await running.tell("contact.complained", now + 1, "c1", SHOP_EVENTS, reason="too late", id_="two")
            await running.settled()
        await running.tell("contact.complained", now + 2, "c1", SHOP_EVENTS, reason="damaged", id_="three")
        await running.settled()

        assert await steps(running) == [("sorry", 0, "sent", None), ("sorry", 0, "held_back", "duplicate")]
        (first, _) = sorted(await running.messages(), key=lambda each: str(each["at"]))
        assert first["cause"] == "shop/one"
        kept = await running.pool.fetch("select * from notifier.fact")
        assert "amaged" not in str(kept)


async def lived(running: Notifier, person: str, *, bit_by_bit: bool) -> None:
    """Somebody lapses, hears twice, buys, comes back, complains, lapses again; the facts lie in the log ahead."""
    await running.introduce(person, at=day(0))
    story = [
        (day(1), lapsed(day(1), subject=person)),
        (day(20), None),
        (day(21), won_back(day(20), subject=person, id_="back")),
        (day(30), lapsed(day(30), subject=person, id_="again")),
        (day(46), None),
    ]
    if not bit_by_bit:
        await bought(running, day(20), person)
        await running.tell("contact.complained", day(25), person, SHOP_EVENTS, reason="damaged")
        await running.tell("contact.complained", day(31), person, SHOP_EVENTS, reason="damaged")
    for at, announcement in story:
        if bit_by_bit and at == day(20):
            await bought(running, day(20), person)
        if bit_by_bit and at == day(30):
            await running.tell("contact.complained", day(25), person, SHOP_EVENTS, reason="damaged")
        if bit_by_bit and at == day(46):
            await running.tell("contact.complained", day(31), person, SHOP_EVENTS, reason="damaged")
        if announcement is not None:
            await running.announce(announcement)
        if bit_by_bit:
            await running.tick(at)
            await running.settled()
    await running.tick(day(46))
    await running.settled()


@pytest.mark.parametrize("bit_by_bit", [False, True])
async def test_a_played_series_comes_out_the_same_in_any_batches(
    database: str, tmp_path: Path, book: dict[str, object], *, bit_by_bit: bool
) -> None:
    """Deadlines fire at their own instants, between the facts and announcements around them."""
    async with notifier(database, tmp_path, {**FACTS, **book}) as running:
        await lived(running, "c1", bit_by_bit=bit_by_bit)
        found = await running.pool.fetch("select play, step, state, reason, at from notifier.message order by at, step")

    assert [(row["play"], row["step"], row["state"], row["reason"], (row["at"] - day(0)) // DAY) for row in found] == [
        ("silence", 0, "sent", None, 1),
        ("silence", 2, "sent", None, 15),
        ("sorry", 0, "sent", None, 25),
        ("silence", 0, "sent", None, 30),
        ("sorry", 0, "held_back", "duplicate", 31),
        ("silence", 2, "sent", None, 44),
    ]
