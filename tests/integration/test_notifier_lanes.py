"""The notifier's lanes at work: from what the ladder announces to what lies in the Maildir, and what is told of it."""

from collections import Counter
from pathlib import Path

from services.notifier.sealed import typed_code
from shared import instants
from shared.events import LADDER_EVENTS, SHOP_EVENTS, SHOP_PROFILES, Announcement, encode
from shared.instants import DAY, HOUR
from tests.integration.notifier_part import notifier
from tests.make import DOUBLE_OPT_IN, day, demoted, fact, lapsed, promoted, won_back
from tests.until import until

FACTS = {"clock": "facts", "simulate": True}


async def test_a_rise_is_thanked_for_and_its_perks_are_granted(database: str, tmp_path: Path) -> None:
    """Two mails a person can read, each told once, and a perk for every rung on the way."""
    async with notifier(database, tmp_path) as running:
        await running.introduce()
        await running.announce(promoted(await running.now(), 6, id_="risen"))
        await running.become("sent", "sent")
        await running.settled()

        assert {str(mail["Subject"]) for mail in running.mail()} == {
            "Danke, dass Sie uns weiterempfehlen",
            "Ihre neuen Vorteile bei Example Shop",
        }
        told = await running.told()
        assert Counter(each["type"] for each in told) == {"perk.granted": 2, "message.sent": 2}
        assert {each["subject"] for each in told} == {"c1"}
        assert len({each["id"] for each in told}) == 4
        assert "example.org" not in str(told)
        assert "Anna" not in str(told)


async def test_an_announcement_counts_once_however_often_it_comes(database: str, tmp_path: Path) -> None:
    """After a crash the ladder repeats itself; neither mail nor perk nor cancellation follows from that."""
    async with notifier(database, tmp_path) as running:
        await running.introduce()
        now = await running.now()
        life: list[Announcement] = [promoted(now - 3, 5), demoted(now - 2, 4), promoted(now - 1, 5)]
        await running.announce(*life)
        await running.settled()
        before = await running.outcomes()
        told = await running.told()
        await running.announce(*life, *life)
        await running.settled()

        assert await running.outcomes() == before
        assert await running.told() == told
        perks = (await running.http.get("/v1/perks", params={"customer": "c1"})).json()["items"]
        assert [(perk["rung"], "withdrawn_at" in perk) for perk in perks] == [(5, False)]


async def test_nobody_is_written_to_without_address_and_basis(database: str, tmp_path: Path) -> None:
    """Every message that is not sent says why, and is told."""
    async with notifier(database, tmp_path) as running:
        now = await running.now()
        await running.tell("contact.identified", now - 5, "no-basis", profile={"email": "a@example.org"})
        await running.tell("contact.consented", now - 5, "no-address", **DOUBLE_OPT_IN)
        await running.introduce("objector")
        await running.tell("contact.objected", now - 5, "objector", SHOP_EVENTS)
        await running.introduce("late")
        await running.announce(
            promoted(now, 4, subject="no-basis"),
            promoted(now, 4, subject="no-address"),
            promoted(now, 4, subject="objector"),
            promoted(now - 15 * DAY, 4, subject="late"),
        )
        await running.settled()

        for person, reason in [
            ("no-basis", "no_basis"),
            ("no-address", "no_address"),
            ("objector", "objected"),
            ("late", "too_old"),
        ]:
            assert await running.outcomes(person) == [("thank_you", "held_back", reason)]
        assert not running.mail()
        assert {each["data"]["reason"] for each in await running.told()} == {
            "no_basis",
            "no_address",
            "objected",
            "too_old",
        }


async def test_history_is_no_reason_to_write(database: str, tmp_path: Path) -> None:
    """What became true long before it was recorded is left out, without a trace."""
    async with notifier(database, tmp_path) as running:
        await running.introduce()
        await running.announce(promoted(await running.now(), 7, historical=True))
        await running.settled()

        assert await running.outcomes() == []
        assert (await running.http.get("/v1/perks", params={"customer": "c1"})).json()["items"] == []


async def test_the_newest_statement_counts_in_whatever_order_they_come(database: str, tmp_path: Path) -> None:
    """A consent that comes late does not outlive an objection that was newer."""
    async with notifier(database, tmp_path) as running:
        now = await running.now()
        await running.tell("contact.identified", now - 9, profile={"email": "c1@example.org"})
        await running.tell("contact.objected", now - 2)
        await running.tell("contact.consented", now - 3, **DOUBLE_OPT_IN)
        await running.announce(promoted(now, 4))
        await running.settled()
        await running.tell("contact.consented", now - 1, **DOUBLE_OPT_IN)
        await running.settled()
        await running.announce(lapsed(now + 1))
        await running.settled()

        assert await running.outcomes() == [("thank_you", "held_back", "objected"), ("win_back", "sent", None)]


async def test_both_halves_of_a_consent_are_one(database: str, tmp_path: Path) -> None:
    """The fact says that, the profile's record says on what basis and with what proof, in either order."""
    async with notifier(database, tmp_path) as running:
        for topics in ((SHOP_EVENTS, SHOP_PROFILES), (SHOP_PROFILES, SHOP_EVENTS)):
            person = f"first-{topics[0]}"
            for topic in topics:
                personal = {"basis": "contract", "proof": {"page": 1}} if topic == SHOP_PROFILES else {}
                await running.tell("contact.consented", day(1), person, topic, **personal)
                await running.settled()

        rows = await running.pool.fetch("select basis, proof, untold from notifier.statement")
        assert [tuple(row) for row in rows] == [("contract", b'{"page":1}', False)] * 2


async def test_only_the_newest_profile_is_kept(database: str, tmp_path: Path) -> None:
    """An old address is forgotten, also when it comes late."""
    async with notifier(database, tmp_path) as running:
        for at in (day(2), day(3), day(1)):
            await running.tell("contact.identified", at, profile={"email": f"{at}@example.org"})
        await running.settled()

        rows = await running.pool.fetch("select at from notifier.profile")
        assert [row["at"] for row in rows] == [day(3)]


async def test_profiles_are_read_before_announcements_are_decided(database: str, tmp_path: Path) -> None:
    """Ingest appends the profile first, so whoever is announced has one, even if both came at once."""
    people = [f"p{number}" for number in range(50)]
    async with notifier(database, tmp_path, {"lanes": 1}) as running:
        now = await running.now()
        for person in people:
            await running.introduce(person)
            await running.announce(promoted(now, 4, subject=person))
        await running.settled()

        assert [await running.outcomes(person) for person in people] == [[("thank_you", "sent", None)]] * 50


async def test_who_lapsed_gets_a_voucher_that_can_be_looked_up(database: str, tmp_path: Path) -> None:
    """Its code stands in the mail, on notifier.events and at /v1/vouchers, however it is typed."""
    async with notifier(database, tmp_path) as running:
        await running.introduce()
        await running.announce(lapsed(await running.now()))
        await running.become("sent")
        await running.settled()

        (issued,) = [each for each in await running.told() if each["type"] == "voucher.issued"]
        code = issued["data"]["code"]
        (mail,) = running.mail()
        body = mail.get_body(("plain",))
        assert body is not None
        assert code in body.get_content()
        voucher = (await running.http.get(f"/v1/vouchers/{code.lower().replace('-', '')}")).json()
        assert typed_code(voucher["code"]) == code
        assert (voucher["state"], voucher["percent"], voucher["minimum"]) == ("valid", 15, "30.00")
        assert (await running.http.get("/v1/vouchers/0000")).status_code == 404


async def test_a_record_that_cannot_be_read_is_a_dead_letter(database: str, tmp_path: Path) -> None:
    """It says where and why, and nothing waits behind it."""
    async with notifier(database, tmp_path) as running:
        stray = fact("contact.consented", day(1), subject="somebody else")
        await running.append(LADDER_EVENTS, ("c1", b"{"), ("c1", b'{"type": "rung.promoted"}'), ("c1", b'{"type": 3}'))
        await running.append(SHOP_PROFILES, ("c1", encode(stray)))
        await running.append(SHOP_EVENTS, ("c1", b'{"type": "something.new"}'))
        await running.introduce()
        await running.announce(promoted(await running.now(), 4))
        await running.become("sent")

        letters = await running.pool.fetch('select reason, pointer from notifier.dead_letter order by topic, "offset"')
        assert len(letters) == 4
        assert "key" in letters[3]["reason"]
        assert letters[2]["pointer"] == "/type"


async def test_a_program_cut_off_while_it_wrote_to_the_maildir_goes_on(database: str, tmp_path: Path) -> None:
    """The file has the message's name, so that writing it once more doubles nothing."""
    async with notifier(database, tmp_path) as running:
        await running.introduce()
        await running.announce(promoted(await running.now(), 4))
        await running.become("sent")
        await running.pool.execute("update notifier.message set state = 'sending', sent_at = null")
    async with notifier(database, tmp_path) as running:
        await running.become("sent")

        assert len(running.mail()) == 1


# -- under CLOCK=facts -------------------------------------------------------------------------------------------


async def test_loading_history_keeps_what_is_known_of_persons_and_decides_nothing(
    database: str, tmp_path: Path
) -> None:
    """Afterwards, by the wall clock, addresses and consents are there, and nobody is written to for old times."""
    async with notifier(database, tmp_path, {"clock": "facts"}) as running:
        await running.introduce(at=day(1))
        await running.announce(promoted(day(2), 7))
        await running.tick(day(2))
        await running.settled()
        assert await running.outcomes() == []

    async with notifier(database, tmp_path) as running:
        await running.announce(lapsed(await running.now()))
        await running.become("sent")


async def test_a_played_history_is_lived_by_its_ticks(database: str, tmp_path: Path) -> None:
    """Mail is dated in the past, waits for the tick, and knows neither addresses nor consents of later."""
    async with notifier(database, tmp_path, FACTS) as running:
        await running.introduce("early", at=day(1))
        await running.introduce("later", at=day(9))
        await running.announce(promoted(day(5), 4, subject="early"), promoted(day(5), 4, subject="later"))
        await until(lambda: running.outcomes("early"))
        assert not running.mail()
        await running.tick(day(5))
        await running.settled()

        assert await running.outcomes("later") == [("thank_you", "held_back", "no_address")]
        (message,) = await running.messages(customer="early")
        assert (message["state"], message["at"]) == ("sent", "2024-01-06T00:00:00Z")
        assert running.mail()[0]["Date"].datetime.isoformat() == "2024-01-06T00:00:00+00:00"


async def test_a_played_history_comes_out_the_same_in_any_batches(database: str, tmp_path: Path) -> None:
    """All at once or bit by bit: what was decided went out, though its cause was undone before the tick."""
    async with notifier(database, tmp_path, {**FACTS, "lanes": 1}) as running:
        for person in ("slow", "fast"):
            await running.introduce(person, at=day(0))
        steps: list[Announcement] = [promoted(day(1), 4, subject="slow"), demoted(day(9), 3, subject="slow")]
        for step in steps:
            await running.announce(step)
            await running.settled()
            await running.tick(instants.parse(step.time))
            await running.settled()
        await running.announce(promoted(day(11), 4, subject="fast"), demoted(day(12), 3, subject="fast"))
        await running.announce(lapsed(day(13), subject="fast"))
        await running.tick(day(13))
        await running.announce(won_back(day(14), subject="fast"))
        await running.tick(day(14))
        await running.settled()

        assert await running.outcomes("slow") == [("thank_you", "sent", None)]
        assert await running.outcomes("fast") == [
            ("thank_you", "sent", None),
            ("win_back", "sent", None),
        ]


async def test_old_news_are_judged_by_the_time_of_the_lane(database: str, tmp_path: Path) -> None:
    """Under CLOCK=facts an announcement is as old as when it could first be known."""
    async with notifier(database, tmp_path, {**FACTS, "lanes": 1}) as running:
        await running.introduce(at=day(0))
        await running.tick(day(40))
        found = {"recorded_at": instants.text(day(40))}
        await running.announce(
            promoted(day(40) - 14 * DAY - HOUR, 4, **found), promoted(day(40) - 14 * DAY, 5, **found)
        )
        await running.tick(day(41))
        await running.settled()

        assert set(await running.outcomes()) == {
            ("thank_you", "held_back", "too_old"),
            ("thank_you", "sent", None),
            ("perk_granted", "sent", None),
        }
