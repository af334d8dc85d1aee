"""Moments at work: birthdays and anniversaries by both clocks, referrals across lanes, memberships that go on."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from services.notifier.settings import NotifierSettings
from shared import instants
from shared.db import migrations
from shared.events import SHOP_EVENTS, Announcement
from shared.instants import DAY, HOUR, MINUTE
from tests.integration.notifier_part import Notifier, notifier
from tests.integration.test_notifier_series import FACTS, bought
from tests.make import announced, day, promoted
from tests.until import until

SHIPPED = {"plays_file": NotifierSettings().plays_file}


def morning(now: int) -> tuple[str, str]:
    """A time zone in which it is between nine and ten now, and the day there."""
    hour = instants.to_datetime(now).hour
    ahead = (9 - hour + 12) % 24 - 12
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "UTC"
    return zone, instants.to_datetime(now).astimezone(ZoneInfo(zone)).strftime("--%m-%d")


async def plays(running: Notifier, person: str = "c1") -> list[tuple[str, str, str | None, str]]:
    """(play, state, reason, day) of this person's messages."""
    rows = await running.pool.fetch(
        "select play, state, reason, at from notifier.message where person = $1 order by at, play", person
    )
    return [(row["play"], row["state"], row["reason"], instants.text(row["at"])[:10]) for row in rows]


async def hurry(running: Notifier, play: str) -> None:
    """Let the wait of this play be over now."""
    await running.pool.execute(
        "update notifier.run set due_at = $1 where play = $2 and due_at is not null", await running.now() - 1, play
    )


async def test_a_birthday_is_kept_once_by_the_clock(database: str, tmp_path: Path) -> None:
    """Whatever is told again, and whoever is started again; the next one is a year ahead."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        now = await running.now()
        zone, today = morning(now)
        await running.announce(promoted(now - HOUR, 3))
        await running.settled()
        await running.introduce(birthday=today, time_zone=zone)
        await running.settled()
        assert await plays(running) == [("birthday", "sent", None, instants.text(now)[:10])]
        assert "10 % Rabatt auf Ihre nächste Bestellung" in running.text()
    async with notifier(database, tmp_path, SHIPPED) as running:
        await running.tell(
            "contact.identified", now + 1, profile={"email": "c1@example.org", "birthday": today, "time_zone": zone}
        )
        await running.pool.execute("update notifier.occasion set due_at = 0")
        await running.settled()

        assert len(await plays(running)) == 1
        due = await running.pool.fetchval("select due_at from notifier.occasion where kind = 'moment.birthday'")
        assert 364 * DAY < due - now < 367 * DAY


async def test_nobody_is_congratulated_who_does_not_want_it(database: str, tmp_path: Path) -> None:
    """A birthday in the profile is no basis for advertising."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        now = await running.now()
        zone, today = morning(now)
        await running.announce(promoted(now - HOUR, 4))
        await running.settled()
        known = {"email": "c1@example.org", "birthday": today, "time_zone": zone}
        await running.tell("contact.identified", now - HOUR, profile=known)
        await running.settled()

        assert [each[:3] for each in await plays(running)] == [
            ("thank_you", "held_back", "no_address"),
            ("birthday", "held_back", "no_basis"),
        ]


async def test_an_order_of_a_year_ago_is_remembered_by_the_clock(database: str, tmp_path: Path) -> None:
    """The day is settled by the person's zone, however far from the shop's."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        now = await running.now()
        zone, _ = morning(now)
        there = instants.to_datetime(now).astimezone(ZoneInfo(zone))
        first = instants.from_datetime(_years_before(there, 2) + timedelta(hours=3))
        await running.announce(promoted(now - HOUR, 3))
        await running.introduce(time_zone=zone)
        await bought(running, first)
        await running.settled()

        assert [each[:3] for each in await plays(running)] == [("anniversary", "sent", None)]


def _years_before(there: datetime, years: int) -> datetime:
    """The last time the day was, in a year without a leap day too."""
    leap = (there.month, there.day) == (2, 29)
    return there.replace(year=there.year - years, month=3 if leap else there.month, day=1 if leap else there.day)


@pytest.mark.parametrize("bit_by_bit", [False, True])
async def test_years_that_are_played_have_a_birthday_and_an_anniversary_each(
    database: str, tmp_path: Path, *, bit_by_bit: bool
) -> None:
    """Each at its own instant, whether time passed in a thousand steps or in one; on 1 March where there is no 29th."""
    async with notifier(database, tmp_path, {**FACTS, **SHIPPED}) as running:
        await running.introduce(at=day(0), birthday="1980-02-29", time_zone="Europe/Berlin")
        await running.announce(promoted(day(1), 3))
        await bought(running, day(1))
        for at in range(60, 1_000, 60) if bit_by_bit else ():
            await running.tick(day(at))
        await running.tick(day(1_000))
        await running.settled()

        assert [(play, told) for play, state, _, told in await plays(running) if state == "sent"] == [
            ("birthday", "2024-02-29"),
            ("anniversary", "2025-01-02"),
            ("birthday", "2025-03-01"),
            ("anniversary", "2026-01-02"),
            ("birthday", "2026-03-01"),
        ]


async def test_the_measure_holds_for_birthdays_as_for_all_advertising(database: str, tmp_path: Path) -> None:
    """What comes in quiet hours waits for their end, and of two in a week the more important goes."""
    file = tmp_path / "measure.toml"
    file.write_text(
        '[[cap]]\nchannel = "email"\nper_week = 1\n\n'
        '[[quiet]]\nchannels = ["email"]\nfrom = 20:00:00\nto = 11:00:00\nexpires_hours = 12\n'
    )
    async with notifier(database, tmp_path, {**FACTS, **SHIPPED, "measure_file": file}) as running:
        await running.introduce(at=day(0), birthday="1980-01-05", time_zone="UTC")
        await bought(running, day(-363))  # on 3 January of the year before
        await running.announce(promoted(day(1), 3))
        await running.tick(day(10))
        await running.settled()

        assert [each[:3] for each in await plays(running)] == [
            ("anniversary", "sent", None),
            ("birthday", "held_back", "capped"),
        ]
        (mail,) = running.mail()
        assert mail["Date"].datetime.isoformat() == "2024-01-03T11:00:00+00:00"


async def due(running: Notifier) -> list[tuple[str, str, bool]]:
    """(person, kind, whether there is a next one) of all that is kept, once nothing is to be looked at any more."""
    await running.settled()
    rows = await running.pool.fetch("select person, kind, due_at from notifier.occasion order by person, kind")
    return [(row["person"], row["kind"], row["due_at"] is not None) for row in rows]


async def test_whoever_was_known_before_has_a_birthday_too(database: str, tmp_path: Path) -> None:
    """A database from before is looked through once; what is over is not made up for."""
    config = migrations()
    config.attributes["dsn"] = database
    before = ScriptDirectory.from_config(config).get_revision("0022").down_revision
    await asyncio.to_thread(command.downgrade, config, str(before))
    connection = await asyncpg.connect(database)
    for person, body in (("c1", b'{"birthday": "1980-05-05"}'), ("c2", b"{}")):
        await connection.execute(
            "insert into notifier.profile (lane, person, source, id, at, body) values (0, $1, 'shop', 'p', $2, $3)",
            person,
            day(0),
            body,
        )
    await connection.close()
    await asyncio.to_thread(command.upgrade, config, "head")

    async with notifier(database, tmp_path, {**SHIPPED, "lanes": 1}) as running:
        assert await due(running) == [("c1", "moment.birthday", True), ("c2", "moment.birthday", False)]
        assert await running.messages() == []


async def test_a_history_that_is_loaded_brings_its_birthdays_along(database: str, tmp_path: Path) -> None:
    """While it is loaded nothing is decided; by the wall clock the next ones are awaited."""
    async with notifier(database, tmp_path, {**SHIPPED, "clock": "facts", "lanes": 1}) as running:
        await running.introduce(at=day(0), birthday="1980-05-05")
        await bought(running, day(1))
        await running.tell("purchase.refunded", day(2), "c2", SHOP_EVENTS, order_id="o2")
        await running.tick(day(600))
        await running.settled()
        assert await running.messages() == []
    async with notifier(database, tmp_path, {**SHIPPED, "lanes": 1}) as running:
        assert await due(running) == [
            ("c1", "moment.anniversary", True),
            ("c1", "moment.birthday", True),
            ("c2", "moment.anniversary", False),
        ]
        assert await running.messages() == []


# -- referrals ---------------------------------------------------------------------------------------------------


def converted(at: int, friend: str = "friend") -> Announcement:
    return announced("referral.converted", at, None, friend, id_=f"converted-{friend}")


async def test_a_member_is_given_a_code_and_the_checkout_can_ask_whose_it_is(database: str, tmp_path: Path) -> None:
    """As printed or as typed; a code that no mail has shown is unknown."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        await running.introduce()
        assert (await running.http.get("/v1/referral-codes/7QK2-M0XD-94TB")).status_code == 404
        await running.announce(promoted(await running.now() - MINUTE, 5))
        await running.settled()
        await hurry(running, "referral_invitation")
        await until_sent(running, "referral_invitation")

        (text,) = [each for each in (running.text(place) for place in range(3)) if "Ihr persönlicher Code" in each]
        code = text.partition("Ihr persönlicher Code: ")[2].split()[0]
        for typed in (code, code.lower().replace("-", "")):
            answer = await running.http.get(f"/v1/referral-codes/{typed}")
            assert (answer.status_code, answer.json()) == (200, {"code": code, "customer": "c1"})
        assert (await running.http.get(f"/v1/vouchers/{code}")).status_code == 404


async def test_a_referral_thanks_the_one_and_welcomes_the_other(database: str, tmp_path: Path) -> None:
    """In the lanes of both, each once, each with a voucher of their own; the maker does not learn who it was."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        assert running.lane("c1") != running.lane("friend")
        await running.introduce()
        await running.introduce("friend")
        now = await running.now()
        await bought(running, now - MINUTE, "friend")
        for _ in range(2):
            await running.announce(converted(now - MINUTE))
            await running.settled()
        for play in ("referral_thanks", "referral_welcome"):
            await hurry(running, play)
        await until_sent(running, "referral_thanks")
        await until_sent(running, "referral_welcome", "friend")

        texts = {str(mail["To"]): mail.get_body(("plain",)).get_content() for mail in running.mail()}  # type: ignore[union-attr]  # every mail has a plain part
        assert len(texts) == len(running.mail()) == 2
        thanks, welcome = (texts[f"Anna Größe <{who}@example.org>"] for who in ("c1", "friend"))
        assert "10,00\xa0€ Rabatt" in thanks
        assert "friend" not in thanks
        assert "10 % Rabatt" in welcome


async def test_no_bonus_for_a_purchase_that_is_given_back(database: str, tmp_path: Path) -> None:
    """Before its mail is due; the bonus is not even made. Another friend's stands."""
    async with notifier(database, tmp_path, SHIPPED) as running:
        await running.introduce()
        now = await running.now()
        for who in ("friend", "other"):
            await bought(running, now - MINUTE, who, f"order-{who}")
            await running.announce(converted(now - MINUTE, who))
        await running.tell("purchase.refunded", now, "friend", SHOP_EVENTS, order_id="order-friend")
        await running.settled()
        await hurry(running, "referral_thanks")
        await until_sent(running, "referral_thanks")

        assert sorted(each[1:3] for each in await plays(running)) == [("held_back", "cancelled"), ("sent", None)]
        assert await running.pool.fetchval("select count(*) from notifier.voucher") == 1


async def test_a_bonus_that_is_on_its_way_is_stopped_when_the_purchase_is_given_back(
    database: str, tmp_path: Path
) -> None:
    """It waited for the morning; its voucher can no longer be redeemed."""
    file = tmp_path / "measure.toml"
    file.write_text('[[quiet]]\nchannels = ["email"]\nfrom = 10:00:00\nto = 09:00:00\nexpires_hours = 48\n')
    async with notifier(database, tmp_path, {**FACTS, **SHIPPED, "measure_file": file}) as running:
        await running.introduce(at=day(0), time_zone="UTC")
        await bought(running, day(1.5), "friend")
        await running.announce(converted(day(1.5)))
        await running.tick(day(16.6))
        await running.settled()
        assert [each[:2] for each in await plays(running)] == [("referral_thanks", "pending")]
        code = await running.pool.fetchval("select code from notifier.voucher")
        assert (await running.http.get(f"/v1/vouchers/{code}")).json()["state"] == "valid"
        await running.tell("purchase.refunded", day(16.7), "friend", SHOP_EVENTS, order_id="o1")
        await running.tick(day(18))
        await running.settled()

        assert [each[:3] for each in await plays(running)] == [("referral_thanks", "held_back", "cancelled")]
        assert not running.mail()
        assert (await running.http.get(f"/v1/vouchers/{code}")).json()["state"] == "withdrawn"


async def until_sent(running: Notifier, play: str, person: str = "c1") -> None:
    """Wait until a message of this play has gone."""

    async def sent() -> bool:
        return any(each[:2] == (play, "sent") for each in await plays(running, person))

    await until(sent)
    await running.settled()


# -- memberships -------------------------------------------------------------------------------------------------


async def test_a_paid_membership_is_welcomed_and_its_renewal_thanked_for(database: str, tmp_path: Path) -> None:
    """Over a restart; one that costs nothing is not, and one after a long break begins anew."""

    async def started(running: Notifier, at: int, **data: object) -> None:
        await running.tell("membership.started", at, "c1", SHOP_EVENTS, **data)

    async with notifier(database, tmp_path, {**FACTS, **SHIPPED}) as running:
        await running.introduce(at=day(0))
        await started(running, day(1), paid=False, id_="free")
        await running.tell("membership.ended", day(2), "c1", SHOP_EVENTS, cause="moved up")
        await started(running, day(90), paid="29.00", until="2025-03-31")
        await running.tick(day(91))
        await running.settled()
    async with notifier(database, tmp_path, {**FACTS, **SHIPPED}) as running:
        await started(running, day(450), paid="29.00", until="2026-03-26")
        await running.tell("membership.ended", day(815), "c1", SHOP_EVENTS, cause="ended")
        await started(running, day(840), paid=29)
        await running.tell("membership.ended", day(900), "c1", SHOP_EVENTS, cause="ended")
        await started(running, day(940), paid=True)
        await running.tick(day(941))
        await running.settled()

        sent = [(play, told) for play, state, _, told in await plays(running) if state == "sent"]
        assert [each for each in sent if each[0] != "renewal"] == [
            ("membership_welcome", instants.text(day(90))[:10]),
            ("membership_renewed", instants.text(day(450))[:10]),
            ("membership_renewed", instants.text(day(840))[:10]),
            ("membership_welcome", instants.text(day(940))[:10]),
        ]
