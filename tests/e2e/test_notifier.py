"""The notifier end to end: each message once, whatever dies, and nobody's personal data where it does not belong."""

import json
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

from shared import events, instants
from shared.events import DEAD_LETTERS, LADDER_EVENTS, LADDER_INTERNAL, NOTIFIER_EVENTS, SHOP_EVENTS, SHOP_PROFILES
from tests.e2e.deployment import PATIENCE, deployed
from tests.e2e.mailing import Notifiers, found_in, notifying, on_log, outcome, smtp, told
from tests.integration.log_stores import KafkaStore, Store
from tests.integration.smtp import Post, post_office
from tests.make import DOUBLE_OPT_IN, fact, purchase, rules
from tests.until import until

KILLS: Final = 6
TWO_AT_A_TIME: Final = 3
"""So many of the kills hit one of two notifiers, the others the only one."""
GROUP: Final = 24
"""People who come between two kills."""
AT_ONCE: Final = 4
"""Texts that are on their way at a time, the default of SMTP_CONNECTIONS."""

SECRETS: Final = ("wilhelmine", "musterfrau", "privat.example", "5550199", "203.0.113.77")
"""What no log may hold: parts of the profile and of the proof below."""
PROFILE: Final = {
    "email": "wilhelmine@privat.example",
    "name": "Wilhelmine Musterfrau",
    "language": "en",
    "phone": "+49 30 5550199",
}
PROOF: Final = {**DOUBLE_OPT_IN["proof"], "confirmed_ip": "203.0.113.77"}
AGREED: Final = {**DOUBLE_OPT_IN, "proof": PROOF}

Item = dict[str, Any]


def now() -> int:
    """The wall clock's instant."""
    return time.time_ns() // 1_000


def introduced(who: str, since: int, profile: Mapping[str, str], *, consents: bool = True) -> list[events.Fact]:
    """Somebody becomes known, and agrees to be written to or not."""
    known = fact("contact.identified", since, subject=who, id_=f"{who}-known", profile=profile)
    agreed = fact("contact.consented", since + 1, subject=who, id_=f"{who}-agreed", **AGREED)
    return [known, agreed] if consents else [known]


def bought(who: str, since: int, orders: range) -> list[events.Fact]:
    """Some orders, a millisecond apart."""
    return [
        purchase(since + number * 1_000, subject=who, order=f"{who}-{number}", id_=f"{who}-{number}")
        for number in orders
    ]


# -- whatever dies -----------------------------------------------------------------------------------------------


async def test_notifiers_killed_again_and_again_send_everything_once(database: str, embedded: Store) -> None:
    """Every cause has its one message with an end that is told and, where mail went out, one text at the server."""
    async with (
        post_office() as post,
        deployed(database, embedded, smtp(post.port)) as system,
        notifying(system, 2) as notifiers,
    ):
        random = Random(3)
        for number in range(KILLS):
            if number == TWO_AT_A_TIME:
                await notifiers.kill(notifiers.running[0])
            await system.post(crowd(number))
            await arrived(post, random.randrange(GROUP))
            await notifiers.kill(notifiers.running[0])
            await notifiers.add()
        await system.client.settled(PATIENCE)
        await left_in_the_dark(notifiers, post)

        messages = await notifiers.messages()
        by_cause(messages, await system.client.announcements())
        at_the_server(messages, post)
        news = await told(system, NOTIFIER_EVENTS)
        told_as_it_is(messages, news)
        await given_once(notifiers, messages, news)
        assert not found_in((line for each in notifiers.programs() for line in each.lines), SECRETS)


def crowd(number: int) -> list[events.Fact]:
    """People who become members today, some without an address or a consent, and some who lapse."""
    people = [f"p{number}-{each}" for each in range(GROUP)]
    return [told for each, who in enumerate(people) for told in (lapsing(who) if each % 6 == 2 else joining(who, each))]


def joining(who: str, number: int) -> list[events.Fact]:
    """Four purchases just now."""
    profile = {"name": "Wilhelmine Musterfrau", **({} if number % 6 == 1 else {"email": f"{who}@privat.example"})}
    since = now() - instants.SECOND
    known = introduced(who, since, profile, consents=number % 6 != 0)
    return known + bought(who, since, range(1, 5))


def lapsing(who: str) -> list[events.Fact]:
    """A first purchase so long ago that silence is reached today."""
    _, silence = rules().churn.after(0, 0)
    day = now() - silence + instants.MINUTE
    since = day - day % instants.DAY
    return introduced(who, since, {"email": f"{who}@privat.example"}) + bought(who, since, range(1, 2))


async def arrived(post: Post, texts: int) -> None:
    """Wait until so many more texts have arrived."""
    before = post.texts
    await until(lambda: post.texts >= before + texts, PATIENCE)


async def left_in_the_dark(notifiers: Notifiers, post: Post) -> None:
    """A notifier dies while the server has the texts and has not answered: the next one says that it cannot know."""
    (running,) = notifiers.running
    before = Counter(each["state"] for each in await notifiers.messages())
    post.go_on.clear()
    await notifiers.system.post(crowd(KILLS))
    await arrived(post, AT_ONCE)
    await notifiers.kill(running)
    post.go_on.set()
    await notifiers.add()
    await notifiers.system.client.settled(PATIENCE)
    after = Counter(each["state"] for each in await notifiers.messages())
    assert after["ambiguous"] == before["ambiguous"] + AT_ONCE
    assert await notifiers.counted("ambiguous") == AT_ONCE


def by_cause(messages: list[Item], announcements: Sequence[events.Announcement]) -> None:
    """Each announcement that a play acts on has its one message, with an end that the person's situation explains."""
    causes = Counter((each["play"], each["customer"], each["cause"]) for each in messages)
    assert set(causes.values()) == {1}
    assert set(causes) == {(play, each.subject, each.id) for each in announcements for play in plays_on(each)}
    assert {outcome(each)[1:] for each in messages} == {
        ("sent", None),
        ("ambiguous", None),
        ("held_back", "no_address"),
        ("held_back", "no_basis"),
    }
    for each in messages:
        number = int(each["customer"].partition("-")[2])
        expected = {0: "no_basis", 1: "no_address"}.get(number % 6)
        assert each.get("reason") == expected, each


def plays_on(announcement: events.Announcement) -> list[str]:
    """The plays of which a message follows from this announcement."""
    match announcement:
        case events.RungPromoted():
            to = announcement.data.to
            return ["thank_you"] * (to >= 4) + ["loyalty_perk"] * (to >= 5)
        case events.CustomerLapsed():
            return ["win_back"]
        case _:
            return []


def at_the_server(messages: list[Item], post: Post) -> None:
    """No text arrived twice, all that was sent was taken, and nothing arrived that was held back."""
    states = {name_of(each): each["state"] for each in messages}
    assert len(post.arrived) == len(set(post.arrived))
    assert {name for name, state in states.items() if state == "sent"} <= {
        str(mail["Message-ID"]) for mail in post.taken
    }
    assert {states[name] for name in post.arrived} == {"sent", "ambiguous"}


def told_as_it_is(messages: list[Item], news: list[Item]) -> None:
    """Every message's end is on notifier.events."""
    last = {each["data"]["message"]: each["data"] for each in news if each["type"].startswith("message.")}
    assert {name: (data["state"], data.get("reason")) for name, data in last.items()} == {
        each["id"]: outcome(each)[1:] for each in messages
    }


async def given_once(notifiers: Notifiers, messages: list[Item], news: list[Item]) -> None:
    """One perk for each new member, and one voucher with a code of its own for each offer."""
    members = {each["customer"] for each in messages if each["play"] == "loyalty_perk"}
    granted = Counter((each["subject"], each["data"]["rung"]) for each in news if each["type"] == "perk.granted")
    assert granted == Counter((who, 5) for who in members)
    kept = await notifiers.system.pool.fetch("select person, rung from notifier.perk where withdrawn_at is null")
    assert Counter((row["person"], row["rung"]) for row in kept) == granted
    offers = {each["id"] for each in messages if each["play"] == "win_back"}
    vouchers = [each["data"] for each in news if each["type"] == "voucher.issued"]
    assert sorted(each["message"] for each in vouchers) == sorted(offers)
    assert len({each["code"] for each in vouchers}) == len(offers) > 0


async def test_a_notifier_that_was_stopped_knows_what_became_of_its_texts(database: str, embedded: Store) -> None:
    """Stopped while the server has its texts it loses its lanes; awake it tells that they went and sends none again."""
    async with (
        post_office() as post,
        deployed(database, embedded, smtp(post.port)) as system,
        notifying(system, 1) as notifiers,
    ):
        (sleeper,) = notifiers.running
        post.go_on.clear()
        await system.post(crowd(0))
        await arrived(post, AT_ONCE)
        sleeper.send(signal.SIGSTOP)
        await notifiers.forget(sleeper)
        await notifiers.add()
        await until(lambda: ends_in(notifiers, "ambiguous", AT_ONCE), PATIENCE)
        post.go_on.set()
        sleeper.send(signal.SIGCONT)
        await until(lambda: ends_in(notifiers, "ambiguous", 0), PATIENCE)
        await system.client.settled(PATIENCE)

        messages = await notifiers.messages()
        assert sorted(post.arrived) == sorted(name_of(each) for each in messages if each["state"] == "sent")
        assert all(each["state"] in ("sent", "held_back") for each in messages)
        assert sorted(str(mail["Message-ID"]) for mail in post.taken) == sorted(post.arrived)
        told_as_it_is(messages, await told(system, NOTIFIER_EVENTS))


async def ends_in(notifiers: Notifiers, state: str, count: int) -> bool:
    """Whether so many messages are in this state."""
    return len(await notifiers.messages(state=state)) == count


def name_of(message: Item) -> str:
    """The Message-ID of a message's text."""
    return f"<{message['id']}@example.org>"


# -- personal data -----------------------------------------------------------------------------------------------


async def test_who_objects_gets_no_more_mail_and_personal_data_goes_nowhere(
    kafka: str, topic_prefix: str, database: str
) -> None:
    """One click ends mail; address, name and proof are on shop.profiles, on no other topic and in no program's log."""
    store = KafkaStore(kafka, topic_prefix)
    async with (
        post_office() as post,
        deployed(database, store, {**smtp(post.port), "LOG_LEVEL": "debug"}) as system,
        notifying(system, 1) as notifiers,
    ):
        since = now() - instants.SECOND
        await system.post(introduced("c1", since, PROFILE) + bought("c1", since, range(1, 3)))
        await notifiers.become(("thank_you", "sent", None), customer="c1")
        (mail,) = post.taken
        assert mail["To"] == "Wilhelmine Musterfrau <wilhelmine@privat.example>"

        await one_click(notifiers, str(mail["List-Unsubscribe"]))
        await system.post(bought("c1", now(), range(3, 5)))
        await notifiers.become(
            ("thank_you", "sent", None),
            ("thank_you", "held_back", "objected"),
            ("loyalty_perk", "held_back", "objected"),
            customer="c1",
        )
        await refused_by_all(notifiers, post)
        await system.client.settled(PATIENCE)

        (objected,) = [each for each in await told(system, SHOP_EVENTS) if each["type"] == "contact.objected"]
        assert (objected["subject"], objected["data"]) == ("c1", {"channel": "email", "purpose": "marketing"})
        assert post.texts == 1
        for topic in (SHOP_EVENTS, LADDER_EVENTS, LADDER_INTERNAL, NOTIFIER_EVENTS, DEAD_LETTERS):
            records = await on_log(system, topic)
            assert not found_in((text for each in records for text in (each.key or b"", each.value)), SECRETS), topic
        assert found_in((each.value for each in await on_log(system, SHOP_PROFILES)), SECRETS)
        assert not await on_log(system, DEAD_LETTERS)
        for program in notifiers.programs():
            assert not found_in(program.lines, SECRETS), program.module
            assert [json.loads(line) for line in program.lines]


async def one_click(notifiers: Notifiers, header: str) -> None:
    """As a mail program does it (RFC 8058), through the proxy that PUBLIC_URL names."""
    path = header.removeprefix("<https://laden.example").removesuffix(">")
    answer = await notifiers.system.client.http.post(notifiers.url + path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200, answer.text


async def refused_by_all(notifiers: Notifiers, post: Post) -> None:
    """Ingest refuses what somebody told wrongly, and the mail server an address, which it repeats in its answer."""
    system = notifiers.system
    wrong = {"type": "contact.identified", "subject": "c2", "data": {"profile": {**PROFILE, "phone": 5550199}}}
    assert (await system.client.post([wrong])).status_code == 422
    post.refusals["RCPT"] = f"550 5.1.1 <{PROFILE['email']}>: user unknown"
    since = now() - instants.SECOND
    await system.post(introduced("c3", since, PROFILE) + bought("c3", since, range(1, 3)))
    await notifiers.become(("thank_you", "bounced", None), customer="c3")
