"""Groups of a profile at work: a proof is welcomed with an offer that ends with it, by both clocks."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from alembic import command
from alembic.script import ScriptDirectory

from shared import instants
from shared.db import migrations
from shared.events import Group, Profile
from shared.instants import DAY, HOUR
from tests.integration.notifier_part import Notifier, notifier
from tests.integration.test_notifier_moments import SHIPPED, plays
from tests.integration.test_notifier_series import FACTS
from tests.make import day


def shown(until: str | None = None, **more: str) -> list[dict[str, Any]]:
    """A student's card, as the shop tells that it has seen it."""
    return [{"name": "students", "proof": "card seen", "until": until, **more}]


async def end_of_voucher(running: Notifier) -> str:
    (row,) = await running.pool.fetch("select valid_until, single_use, bound from notifier.voucher")
    assert (row["single_use"], row["bound"]) == (False, True)
    return instants.text(row["valid_until"])


async def test_a_student_gets_a_voucher_until_the_proof_ends(database: str, tmp_path: Path) -> None:
    """Once, however often the profile is told and whoever is started again."""
    async with notifier(database, tmp_path, {**SHIPPED, "time_zone": "UTC"}) as running:
        last = instants.text(await running.now() + 100 * DAY)[:10]
        await running.introduce(groups=shown(last))
        await running.settled()
        assert [each[:3] for each in await plays(running)] == [("group_welcome", "sent", None)]
        assert await end_of_voucher(running) == f"{instants.text(instants.parse(f'{last}T00:00:00Z') + DAY)}"
        assert "für die Gruppe „Studierende“" in running.text()
        assert "für jede Bestellung" in running.text()
        (told,) = [each for each in await running.told() if each["type"] == "message.sent"]
        assert "students" not in str(told)
    async with notifier(database, tmp_path, {**SHIPPED, "time_zone": "UTC"}) as running:
        now = await running.now()
        profile = {"email": "c1@example.org", "language": "de", "groups": shown(last)}
        await running.tell("contact.identified", now, profile=profile)
        await running.settled()
        assert len(await plays(running)) == 1


async def test_who_shows_no_proof_or_wants_no_mail_gets_none(database: str, tmp_path: Path) -> None:
    """A group is no consent either; what is held back has its reason."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        await running.introduce("c1", groups=[{"name": "students"}])
        known = {"email": "c2@example.org", "groups": shown()}
        await running.tell("contact.identified", await running.now() - HOUR, "c2", profile=known)
        await running.settled()

        assert await plays(running) == []
        assert [each[:3] for each in await plays(running, "c2")] == [("group_welcome", "held_back", "no_basis")]


async def test_a_year_at_university_is_played_as_lived(database: str, tmp_path: Path) -> None:
    """The welcome, the question thirty days before the end, the new proof, each at its own instant."""
    async with notifier(database, tmp_path, {**FACTS, **SHIPPED, "time_zone": "UTC"}) as running:
        await running.introduce(at=day(1), groups=shown("2024-09-30"))
        await running.tell(
            "contact.identified", day(270), profile={"email": "c1@example.org", "groups": shown("2025-09-30")}
        )
        await running.tick(day(500))
        await running.settled()

        assert await plays(running) == [
            ("group_welcome", "sent", None, "2024-01-02"),
            ("group_ending", "sent", None, "2024-08-31"),
            ("group_welcome", "sent", None, "2024-09-27"),
        ]


async def test_whoever_had_shown_a_proof_before_is_asked_for_a_new_one(database: str, tmp_path: Path) -> None:
    """A database from before is looked through once: nobody is welcomed for what is old."""
    config = migrations()
    config.attributes["dsn"] = database
    before = ScriptDirectory.from_config(config).get_revision("0025").down_revision
    await asyncio.to_thread(command.downgrade, config, str(before))
    connection = await asyncpg.connect(database)
    student = Profile(groups=[Group(name="students", proof="seen", until="2099-12-31")])
    for person, profile in (("c1", student), ("c2", Profile(name='"groups"'))):
        await connection.execute(
            "insert into notifier.profile (lane, person, source, id, at, body) values (0, $1, 'shop', 'p', $2, $3)",
            person,
            day(0),
            msgspec.json.encode(profile),
        )
    await connection.close()
    await asyncio.to_thread(command.upgrade, config, "head")

    async with notifier(database, tmp_path, {**SHIPPED, "lanes": 1, "time_zone": "UTC"}) as running:
        await running.settled()
        rows = await running.pool.fetch("select person, due_at from notifier.occasion where kind = 'moment.group'")
        assert [(row["person"], instants.text(row["due_at"])) for row in rows] == [("c1", "2099-12-01T09:00:00Z")]
        assert await running.messages() == []
