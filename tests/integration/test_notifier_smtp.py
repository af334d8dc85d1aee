"""Mail over a real SMTP server that refuses, delays and breaks off."""

import asyncio
import subprocess
from pathlib import Path

import dkim
import pytest

from tests.integration.notifier_part import Notifier, notifier, smtp
from tests.integration.smtp import post_office
from tests.make import demoted, promoted
from tests.until import until


async def thank(running: Notifier, *persons: str) -> None:
    """A thank-you is due to each."""
    now = await running.now()
    for person in persons or ("c1",):
        await running.introduce(person)
        await running.announce(promoted(now, 4, subject=person))


async def try_again(running: Notifier) -> None:
    """What was put off is due at once."""
    await running.pool.execute("update notifier.message set next_attempt_at = 0")


async def test_a_promotion_becomes_one_mail(database: str, tmp_path: Path) -> None:
    """To the person's address, with the text of the play."""
    async with post_office() as post, notifier(database, tmp_path, smtp(post.port)) as running:
        await thank(running)
        await running.become("sent")

        (mail,) = post.taken
        assert str(mail["To"]) == "Anna Größe <c1@example.org>"
        assert mail["Subject"] == "Danke, dass Sie wieder bei uns waren"
        (row,) = await running.rows()
        assert row["sent_at"] is not None


async def test_connections_are_used_again(database: str, tmp_path: Path) -> None:
    """Many mails go over few connections."""
    people = [f"person-{number}" for number in range(20)]
    settings = smtp(0, smtp_connections=2)
    async with post_office() as post:
        settings["smtp_url"] = f"smtp://127.0.0.1:{post.port}"
        async with notifier(database, tmp_path, settings) as running:
            await thank(running, *people)
            await until(lambda: len(post.taken) == len(people))

            assert post.connections <= 2


async def test_mail_is_signed_where_there_is_a_key(database: str, tmp_path: Path) -> None:
    """As it arrives, with the header by which one objects; whoever changes a word breaks the signature."""
    made = await asyncio.to_thread(
        subprocess.run, ["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True
    )
    shown = await asyncio.to_thread(
        subprocess.run, ["openssl", "rsa", "-pubout"], input=made.stdout, check=True, capture_output=True
    )
    public = b"".join(shown.stdout.splitlines()[1:-1])
    async with post_office() as post:
        signing = {"dkim_selector": "ladder", "dkim_private_key": made.stdout.decode()}
        async with notifier(database, tmp_path, smtp(post.port, **signing)) as running:
            await thank(running)
            await running.become("sent")

    asked = []

    def look_up(name: bytes, timeout: float = 5) -> bytes:  # noqa: ARG001 - as dkimpy calls it
        asked.append(name)
        return b"v=DKIM1; k=rsa; p=" + public

    (mail,) = post.wire
    assert dkim.verify(mail, dnsfunc=look_up)
    assert asked == [b"ladder._domainkey.example.org."]
    assert not dkim.verify(mail.replace(b"Danke", b"Dank", 1), dnsfunc=look_up)
    signature = mail.split(b"\r\nFrom:")[0].lower()
    assert b"list-unsubscribe" in signature


@pytest.mark.parametrize("command", ["RCPT", "end"])
async def test_a_refusal_for_good_is_a_bounce(database: str, tmp_path: Path, command: str) -> None:
    """5xx to the recipient or the text: not tried again, and told."""
    async with (
        post_office(refusals={command: "550 unknown here"}) as post,
        notifier(database, tmp_path, smtp(post.port)) as running,
    ):
        await thank(running)
        await running.become("bounced")
        await running.settled()

        assert (await running.rows())[0]["detail"] == "550 unknown here"
        (failed,) = [each for each in await running.told() if each["type"] == "message.failed"]
        assert failed["data"]["state"] == "bounced"
        assert "unknown here" not in str(failed)


@pytest.mark.parametrize(
    ("command", "answer"),
    [("RCPT", "450 busy"), ("end", "451 later"), ("MAIL", "451 later"), ("MAIL", "550 we do not know this sender")],
)
async def test_what_is_refused_for_now_is_tried_again(database: str, tmp_path: Path, command: str, answer: str) -> None:
    """4xx, and whatever is no fault of this recipient; each later attempt after a longer wait."""
    async with (
        post_office(refusals={command: answer}) as post,
        notifier(database, tmp_path, smtp(post.port)) as running,
    ):
        await thank(running)
        await running.become("retry")
        (row,) = await running.rows()
        assert row["attempts"] == 1
        assert 0 < row["next_attempt_at"] - await running.now() <= 60_000_000

        post.refusals.clear()
        await try_again(running)
        await running.become("sent")
        assert len(post.taken) == 1


async def test_a_server_that_is_away_costs_nothing(database: str, tmp_path: Path) -> None:
    """Nothing is lost or doubled while nobody listens."""
    async with post_office() as post:
        gone = post.port
    async with notifier(database, tmp_path, smtp(gone)) as running:
        await thank(running)
        await running.become("retry")


async def test_after_some_days_it_has_failed(database: str, tmp_path: Path) -> None:
    """The attempts are counted, and the last one ends them."""
    async with (
        post_office(refusals={"RCPT": "450 busy"}) as post,
        notifier(database, tmp_path, smtp(post.port)) as running,
    ):
        await thank(running)
        await running.become("retry")
        await running.pool.execute("update notifier.message set attempts = 9, next_attempt_at = 0")
        await running.become("failed")


async def test_a_connection_cut_after_the_text_is_ambiguous(database: str, tmp_path: Path) -> None:
    """The mail may have arrived: it is told, and never sent again by itself."""
    async with post_office(cut=True) as post, notifier(database, tmp_path, smtp(post.port)) as running:
        await thank(running)
        await running.become("ambiguous")
        post.cut = False
        await try_again(running)
        await running.settled()

        assert post.texts == 1
        assert [each["data"]["state"] for each in await running.told()] == ["ambiguous"]


async def test_a_program_cut_off_in_the_text_leaves_it_ambiguous(database: str, tmp_path: Path) -> None:
    """What the next owner of the lane finds in `sending` is not sent a second time; everything else is."""
    async with post_office() as post:
        async with notifier(database, tmp_path, smtp(post.port)) as running:
            await thank(running)
            await running.become("sent")
            await running.pool.execute("update notifier.message set state = 'sending', sent_at = null")
        async with notifier(database, tmp_path, smtp(post.port)) as running:
            await running.become("ambiguous")
            await running.settled()

        assert post.texts == 1


async def test_the_end_of_the_program_waits_for_a_text_on_its_way(database: str, tmp_path: Path) -> None:
    """A slow answer is still heard; the mail is sent and not in doubt."""
    async with post_office() as post:
        post.go_on.clear()
        async with notifier(database, tmp_path, smtp(post.port)) as running:
            await thank(running)
            await until(lambda: post.texts == 1)
            asyncio.get_running_loop().call_later(0.5, post.go_on.set)

        async with notifier(database, tmp_path, smtp(post.port)) as running:
            await running.become("sent")
            assert post.texts == 1


async def test_an_objection_stops_what_is_not_yet_sent(database: str, tmp_path: Path) -> None:
    """The basis is looked for anew right before sending."""
    async with (
        post_office(refusals={"RCPT": "450 busy"}) as post,
        notifier(database, tmp_path, smtp(post.port)) as running,
    ):
        await thank(running)
        await running.become("retry")
        await running.tell("contact.objected", await running.now())
        await running.settled()
        post.refusals.clear()
        await try_again(running)
        await running.become("held_back")
        await running.settled()

        assert await running.outcomes() == [("thank_you", "held_back", "objected")]
        assert not post.texts
        assert [each["type"] for each in await running.told()] == ["message.held_back"]


async def test_an_address_that_is_gone_stops_it_too(database: str, tmp_path: Path) -> None:
    """A newer profile without an address replaces the older one."""
    async with (
        post_office(refusals={"RCPT": "450 busy"}) as post,
        notifier(database, tmp_path, smtp(post.port)) as running,
    ):
        await thank(running)
        await running.become("retry")
        await running.tell("contact.identified", await running.now(), profile={"name": "Anna"})
        await running.settled()
        await try_again(running)
        await running.become("held_back")

        assert await running.outcomes() == [("thank_you", "held_back", "no_address")]


async def test_a_message_whose_cause_is_undone_is_dropped(database: str, tmp_path: Path) -> None:
    """While the server was busy the person fell again."""
    async with (
        post_office(refusals={"RCPT": "450 busy"}) as post,
        notifier(database, tmp_path, smtp(post.port)) as running,
    ):
        await thank(running)
        await running.become("retry")
        await running.announce(demoted(await running.now(), 3))
        await running.become("held_back")

        assert await running.outcomes() == [("thank_you", "held_back", "cancelled")]


async def test_an_address_beyond_ascii_is_reached(database: str, tmp_path: Path) -> None:
    """Over a server that knows SMTPUTF8."""
    async with post_office() as post, notifier(database, tmp_path, smtp(post.port)) as running:
        await running.introduce("c1", email="jürgen@bücher.example")
        await running.announce(promoted(await running.now(), 4))
        await running.become("sent")

        assert str(post.taken[0]["To"]) == "Anna Größe <jürgen@xn--bcher-kva.example>"
