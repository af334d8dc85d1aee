"""Short texts that other programs carry: a real notifier, a real receiver that checks signatures and fails."""

from functools import partial
from pathlib import Path
from typing import Any

import standardwebhooks

from services.notifier.subscriptions.signing import shown
from shared.events import SHOP_EVENTS
from shared.instants import HOUR
from tests.integration.notifier_part import Notifier, notifier
from tests.integration.receivers import Manner, Receiver, receiver
from tests.make import promoted
from tests.until import until

SECRET = shown(b"k" * 32)
PLAYS = """version = 1

[[play]]
id = "thank_you"
on = ["rung.promoted"]
max_age_days = 14
cancel = ["rung.demoted"]

[[play.step]]
do = "send"
mail = "thank_you"
channels = %s
"""
AGREED: dict[str, Any] = {
    "channel": "sms",
    "purpose": "marketing",
    "basis": "express",
    "proof": {"wording": "May we text you?", "form": "checkout"},
}


def settings(folder: Path, hook: Receiver | None, channels: str = '["sms", "email"]') -> dict[str, object]:
    """A book whose only play writes by these channels, at any hour; text messages go to the receiver."""
    (folder / "plays.toml").write_text(PLAYS % channels, "utf-8")
    (folder / "measure.toml").write_text('version = 1\norder = ["push", "sms", "email"]\n', "utf-8")
    given: dict[str, object] = {"plays_file": folder / "plays.toml", "measure_file": folder / "measure.toml"}
    if hook is not None:
        given |= {"channel_sms_url": hook.url(), "channel_secret": SECRET, "outgoing_networks": "127.0.0.1"}
    return given


async def thank(running: Notifier, *consents: dict[str, Any], **profile: Any) -> None:
    """Somebody with a number, who agreed to this, is promoted."""
    now = await running.now()
    told = {"email": "c1@example.org", "name": "Anna", "language": "en", "phone": "+49 151 5550", **profile}
    await running.tell("contact.identified", now - HOUR, profile=told)
    for number, consent in enumerate(consents):
        await running.tell("contact.consented", now - HOUR + number, **consent)
    await running.settled()
    await running.announce(promoted(now, 4))


async def try_again(running: Notifier) -> None:
    """What was put off is due at once."""
    await running.pool.execute("update notifier.message set next_attempt_at = 0")


def has_come(hook: Receiver, number: int) -> bool:
    return len(hook.posts) == number


async def test_a_text_message_goes_signed_to_who_carries_it(database: str, tmp_path: Path) -> None:
    """With number, text and how to object; it is told, and noted as a use of the consent."""
    async with receiver() as hook, notifier(database, tmp_path, settings(tmp_path, hook)) as running:
        await thank(running, AGREED)
        await running.become("sent")
        await running.settled()

        (post,) = hook.posts
        data = standardwebhooks.Webhook(SECRET).verify(post.body, post.headers)["data"]
        (row,) = await running.rows()
        assert (post.headers["webhook-id"], data["message"]) == (row["id"], row["id"])
        assert (row["way"], row["channel"], row["basis"]) == ("webhook", "sms", "express")
        assert (data["to"], data["customer"], data["channel"], data["language"]) == ("+49 151 5550", "c1", "sms", "en")
        assert data["text"].startswith("Example Shop: You have bought from us again.")
        assert data["text"].endswith(data["unsubscribe"])
        assert (await running.http.get(data["unsubscribe"].removeprefix("http://127.0.0.1:8000"))).status_code == 200
        (told,) = await running.told()
        assert (told["type"], told["data"]["way"], told["data"]["channel"]) == ("message.sent", "webhook", "sms")
        shown_ = (await running.http.get(f"/v1/messages/{row['id']}")).json()
        assert (shown_["text"], shown_["html"]) == (data["text"], "")
        answer = (await running.http.get("/v1/customers/c1/consents")).json()
        assert len(answer["statements"][0]["used_at"]) == 1
        assert not list((tmp_path / "maildir" / "new").iterdir())


async def test_without_a_consent_to_it_the_next_channel_is_taken(database: str, tmp_path: Path) -> None:
    """An express consent to text messages is needed; a confirmed mailbox is for mail."""
    async with receiver() as hook, notifier(database, tmp_path, settings(tmp_path, hook)) as running:
        await running.introduce(phone="+49 151 5550")
        await running.settled()
        await running.announce(promoted(await running.now(), 4))
        await running.become("sent")

        (row,) = await running.rows()
        assert (row["way"], row["channel"], len(running.mail()), hook.posts) == ("mail", "email", 1, [])


async def test_nobody_is_called_whom_no_basis_permits(database: str, tmp_path: Path) -> None:
    """Held back for what is against the first channel."""
    async with receiver() as hook, notifier(database, tmp_path, settings(tmp_path, hook)) as running:
        await thank(running)
        await running.become("held_back")

        (row,) = await running.rows()
        assert (row["channel"], row["reason"], hook.posts) == ("sms", "no_basis", [])


async def test_a_channel_that_nobody_carries_is_not_there(database: str, tmp_path: Path) -> None:
    """Neither for a decision, nor for what was decided before the settings lost it."""
    async with receiver(503) as hook:
        async with notifier(database, tmp_path, settings(tmp_path, hook, '["sms"]')) as running:
            await thank(running, AGREED)
            await running.become("retry")
        async with notifier(database, tmp_path, settings(tmp_path, None, '["sms"]')) as running:
            await try_again(running)
            await running.become("held_back")
            await running.announce(promoted(await running.now(), 5))
            await running.become("held_back", "held_back")

            assert {row["reason"] for row in await running.rows()} == {"no_channel"}
            assert (await running.http.get("/v1/reasons")).json()["items"][0]["reason"] == "no_channel"


async def test_what_may_have_arrived_is_posted_again(database: str, tmp_path: Path) -> None:
    """Under the same id, by which the receiver knows it; nothing of it is ambiguous."""
    answers = (503, Manner.BREAK, (429, {"Retry-After": "3600"}), 204)
    async with receiver(*answers) as hook, notifier(database, tmp_path, settings(tmp_path, hook)) as running:
        await thank(running, AGREED)
        for number in (1, 2, 3):
            await until(partial(has_come, hook, number))
            await running.become("retry")
            (row,) = await running.rows()
            waits = row["next_attempt_at"] - await running.now()
            assert (waits > HOUR // 2) is (number == 3)
            await try_again(running)
        await running.become("sent")
        await running.settled()

        assert len(set(hook.events())) == 1
        assert [each["type"] for each in await running.told()] == ["message.sent"]


async def test_a_call_that_was_cut_off_is_made_again(database: str, tmp_path: Path) -> None:
    """By the next program, where one has ended in the middle of it."""
    async with receiver(Manner.HANG, 204) as hook:
        async with notifier(database, tmp_path, settings(tmp_path, hook)) as running:
            await thank(running, AGREED)
            await until(lambda: len(hook.posts) == 1)
        async with notifier(database, tmp_path, settings(tmp_path, hook)) as running:
            await running.become("sent")

            (row,) = await running.rows()
            assert hook.events() == [row["id"], row["id"]]


async def test_what_the_receiver_refuses_has_failed(database: str, tmp_path: Path) -> None:
    """At once, and nothing is said against the person's mailbox."""
    async with receiver(400) as hook, notifier(database, tmp_path, settings(tmp_path, hook)) as running:
        await thank(running, AGREED)
        await running.become("failed")
        await running.settled()

        (row,) = await running.rows()
        assert row["detail"] == "400 said 400"
        assert [each["type"] for each in await running.told()] == ["message.failed"]
        assert await running.pool.fetchval("select count(*) from notifier.bounce") == 0


async def test_an_objection_counts_until_the_last_moment(database: str, tmp_path: Path) -> None:
    """Also between two attempts."""
    async with receiver(503, 204) as hook, notifier(database, tmp_path, settings(tmp_path, hook)) as running:
        await thank(running, AGREED)
        await running.become("retry")
        await running.tell("contact.objected", await running.now(), topic=SHOP_EVENTS, channel="sms")
        await running.settled()
        await try_again(running)
        await running.become("held_back")

        assert len(hook.posts) == 1
        assert (await running.rows())[0]["reason"] == "objected"


async def test_by_preference_whatever_has_a_text_is_taken(database: str, tmp_path: Path) -> None:
    """First what the person asked for; push has no number but a token."""
    async with receiver() as hook:
        given = settings(tmp_path, hook, '"by_preference"') | {"channel_push_url": hook.url(path="/push")}
        async with notifier(database, tmp_path, given) as running:
            pushed = {**AGREED, "channel": "push"}
            await thank(running, AGREED, pushed, push_token="device-1", preferred_channel="sms")
            await running.become("sent")
            await thank(running, push_token="device-1")
            await running.become("sent", "sent")

            sent = [(post.line.split()[1], post.event["data"]["to"]) for post in hook.posts]
            assert sent == [("/hook", "+49 151 5550"), ("/push", "device-1")]
            assert hook.posts[1].event["data"]["title"] == "Example Shop says thank you"


async def test_under_the_facts_clock_nothing_leaves_the_house(database: str, tmp_path: Path) -> None:
    """It is recorded as sent, at the instant at which it would have been."""
    async with receiver() as hook:
        given = settings(tmp_path, hook) | {"clock": "facts", "simulate": True}
        async with notifier(database, tmp_path, given) as running:
            await thank(running, AGREED)
            await running.tick(await running.now())
            await running.become("sent")

            (row,) = await running.rows()
            assert (row["channel"], row["sent_at"], hook.posts) == ("sms", row["at"], [])
