"""A draft of the plays tried out on the last days, over HTTP, while the notifier is at work."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from services.ladder.announce import announce
from services.ladder.preview.replay import relive
from services.notifier.settings import NotifierSettings
from shared import events, instants
from shared.events import LADDER_EVENTS, SHOP_EVENTS, SHOP_PROFILES, Fact
from shared.instants import DAY, HOUR
from tests.cdnow import cdnow_purchases
from tests.integration.notifier_part import Notifier, notifier
from tests.make import DOUBLE_OPT_IN, fact, rules

SHIPPED = NotifierSettings().plays_file
BOOK = SHIPPED.read_text()
PLAYED: Mapping[str, Any] = {"clock": "facts", "simulate": True, "lanes": 2, "plays_file": SHIPPED}
NEW_PLAY = """
[[play]]
id = "well_done"
on = ["rung.promoted"]
where = { to = { min = 3 } }
max_age_days = 14
[[play.step]]
do = "send"
mail = "thank_you"
offer = "gift"
"""
_announcement = events.msgspec.json.Decoder(events.Announcement)


async def lines(running: Notifier, draft: str, **parameters: Any) -> list[dict[str, Any]]:
    """The lines of a preview's answer."""
    answer = await running.http.post("/v1/plays/preview", params=parameters, content=draft)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def kept(running: Notifier) -> dict[str, str]:
    """A hash of everything that the notifier and the log keep, by table."""
    names = await running.pool.fetch(
        "select schemaname || '.' || tablename as name from pg_tables where schemaname in ('notifier', 'log')"
    )
    ask = "select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t"
    left_out = {"notifier.worker", "notifier.lane"}  # a worker's sign of life
    return {
        row["name"]: await running.pool.fetchval(ask.format(row["name"]))
        for row in names
        if row["name"] not in left_out
    }


def lives(most: str) -> list[Fact]:
    """Some of CDNOW's people, most of whom may be written to, with birthdays, memberships, complaints and goodbyes."""
    chance = Random(1)
    facts: list[Fact] = [each for each in cdnow_purchases() if each.subject < most]
    for person in sorted({each.subject for each in facts}):
        own = [each.at for each in facts if each.subject == person]
        first, last = min(own), max(own)
        born = f"--{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        profile = {"email": f"{person}@example.org", "name": "Anna", "birthday": born, "phone": "+49 221 123456"}
        facts.append(fact("contact.identified", first - HOUR, subject=person, profile=profile))
        if chance.random() < 0.8:
            facts.append(fact("contact.consented", first - HOUR, subject=person, **DOUBLE_OPT_IN))
        for type_, share, data in (
            ("contact.complained", 0.2, {"reason": "late"}),
            ("contact.objected", 0.1, {"channel": "email", "purpose": "marketing"}),
            ("contact.cancelled", 0.1, {}),
            ("membership.started", 0.3, {"until": instants.text(last + 200 * DAY), "paid": "9.90"}),
        ):
            if chance.random() < share:
                facts.append(fact(type_, chance.randint(first, last + 100 * DAY), subject=person, **data))
    return sorted(facts, key=lambda each: (each.at, each.id))


def announcements(facts: Sequence[Fact], until: int) -> list[tuple[int, str, bytes]]:
    """What the ladder makes of them, (instant, person, message) each, in the order of time."""
    found: list[tuple[int, str, bytes]] = []
    for person in sorted({each.subject for each in facts}):
        life = relive([each for each in facts if each.subject == person], rules(), until)
        found += [
            (change.at, person, announce(person, change, change.at, historical=False)[1]) for change, _ in life.changes
        ]
    return sorted(found, key=lambda each: each[0])


async def live(running: Notifier, facts: Sequence[Fact], until: int, *, step: int = 20 * DAY) -> None:
    """Let these facts happen, and the time pass, up to an instant."""
    told = announcements(facts, until)
    start = min(each.at for each in facts)
    for since in range(start, until, step):
        now = min(since + step, until)
        part = [each for each in facts if since <= each.at < now]
        await running.append(SHOP_PROFILES, *((each.subject, events.encode(each)) for each in part if _personal(each)))
        await running.append(
            SHOP_EVENTS, *((each.subject, events.encode(each)) for each in part if not _personal(each))
        )
        await running.append(LADDER_EVENTS, *((who, value) for at, who, value in told if since <= at < now))
        await running.tick(now)
    await running.settled(120)


def _personal(told: Fact) -> bool:
    return isinstance(told, events.ContactIdentified | events.ContactConsented | events.ContactObjected)


async def decided(running: Notifier, since: int) -> set[tuple[Any, ...]]:
    """What the notifier has decided since then."""
    rows = await running.pool.fetch("select * from notifier.message where at >= $1", since)
    return {
        (row["id"], row["play"], row["step"], row["mail"], row["channel"], instants.text(row["at"]), row["reason"])
        for row in rows
    }


def retold(told: Iterable[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """The messages among a preview's lines."""
    names = ("id", "play", "step", "mail", "channel", "at", "reason")
    return {tuple(line["message"][name] for name in names) for line in told if "message" in line}


@pytest.mark.parametrize("days", [30, 200, 365])
async def test_the_book_in_force_would_have_done_what_was_done(database: str, tmp_path: Path, days: int) -> None:
    """Message by message: play, step, channel, instant and reason; and nothing of it is written down."""
    facts = lives("0120")
    until = instants.parse("1998-07-01T00:00:00Z")
    async with notifier(database, tmp_path, PLAYED) as running:
        await live(running, facts, until)
        before = await kept(running)
        told = await lines(running, BOOK, days=days, answer="messages")
        assert await kept(running) == before
        done = await decided(running, until - days * DAY)
    assert retold(told) == done
