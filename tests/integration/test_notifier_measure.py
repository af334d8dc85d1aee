"""The measure at work: caps, priority, quiet hours, and the reasons that can be counted."""

from pathlib import Path

from shared.instants import HOUR
from tests.integration.notifier_part import notifier
from tests.make import day, promoted

FACTS = {"clock": "facts", "simulate": True, "time_zone": "UTC"}


def measure(folder: Path, text: str) -> dict[str, object]:
    file = folder / "measure.toml"
    file.write_text(text)
    return {"measure_file": file}


async def test_of_two_that_want_one_slot_the_more_important_is_sent(database: str, tmp_path: Path) -> None:
    """A rise is thanked for and brings perks; with one mail a day the perks are told, and the reasons are counted."""
    settings = measure(tmp_path, '[[cap]]\nchannel = "email"\nper_day = 1\n')
    async with notifier(database, tmp_path, {**FACTS, **settings}) as running:
        await running.introduce(at=day(0))
        await running.announce(promoted(day(1), 5), promoted(day(1) + HOUR, 6))
        await running.tick(day(2))
        await running.settled()

        assert sorted((mail, str(reason)) for mail, _, reason in await running.outcomes()) == [
            ("perk_granted", "None"),
            ("perk_granted", "capped"),
            ("thank_you", "capped"),
            ("thank_you", "outranked"),
        ]
        assert len(running.mail()) == 1
        counted = (await running.http.get("/v1/reasons")).json()["items"]
        assert sorted((each["play"], each["reason"], each["messages"]) for each in counted) == [
            ("loyalty_perk", "capped", 1),
            ("thank_you", "capped", 1),
            ("thank_you", "outranked", 1),
        ]
        only = (await running.http.get("/v1/reasons", params={"play": "win_back"})).json()["items"]
        assert only == []


async def test_quiet_hours_delay_a_message_to_their_end(database: str, tmp_path: Path) -> None:
    """It is decided at night, waits, and is dated in the morning."""
    settings = measure(tmp_path, '[[quiet]]\nchannels = ["email"]\nfrom = 20:00:00\nto = 08:00:00\n')
    async with notifier(database, tmp_path, {**FACTS, **settings}) as running:
        night = day(1) + 23 * HOUR
        await running.introduce(at=day(1))
        await running.announce(promoted(night, 4))
        await running.tick(night)
        await running.settled()
        assert await running.outcomes() == [("thank_you", "pending", None)]
        assert not running.mail()
        await running.tick(night + 9 * HOUR)
        await running.settled()

        assert await running.outcomes() == [("thank_you", "sent", None)]
        assert running.mail()[0]["Date"].datetime.isoformat() == "2024-01-03T08:00:00+00:00"
