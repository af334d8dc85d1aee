"""Ten thousand triggers, and a notifier that dies again and again among them: each is answered once, or counted."""

import asyncio
from collections import Counter
from random import Random
from typing import Any, Final

from shared import events, instants
from shared.events import NOTIFIER_EVENTS
from tests.e2e.deployment import deployed
from tests.e2e.mailing import REAL_MAIL, Notifiers, notifying, told
from tests.e2e.test_notifier import introduced, now
from tests.integration.log_stores import Store
from tests.integration.smtp import Post, post_office
from tests.make import fact
from tests.until import until

TRIGGERS: Final = 10_000
WITH_ADDRESS: Final = 4
"""Every so-manieth person has one."""
MAILED: Final = TRIGGERS // WITH_ADDRESS
KILLS: Final = 10
POSTED: Final = 250
"""People in one request."""
MINUTES: Final = 10 * 60.0
"""Patience, in seconds, until ten thousand have been decided and written to on a machine that does much else."""

Item = dict[str, Any]


async def test_ten_thousand_triggers_under_kills_are_each_answered_once(database: str, embedded: Store) -> None:
    """Each complaint leads to one message with an end, at most one text at the server and one voucher of its own."""
    random = Random(11)
    async with (
        post_office() as post,
        deployed(database, embedded, {**REAL_MAIL, "SMTP_URL": f"smtp://127.0.0.1:{post.port}"}) as system,
        notifying(system, 2) as notifiers,
    ):
        posting = asyncio.create_task(system.replay(complaints(), 3 * POSTED))
        for _ in range(KILLS):
            await until(_more(post, random.randrange(200)), MINUTES)
            await notifiers.kill(notifiers.running[0])
            await notifiers.add()
        await posting
        await system.client.settled(MINUTES)
        await until(lambda: _none_under_way(notifiers), MINUTES)

        messages = await notifiers.messages(play="our_fault")
        each_answered(messages)
        once_at_the_server(messages, post)
        vouchers = [each["data"] for each in await told(system, NOTIFIER_EVENTS) if each["type"] == "voucher.issued"]
        one_voucher_each(messages, vouchers)


def complaints() -> list[events.Fact]:
    """People who complain of what was our fault: every fourth has an address, half of them have agreed to offers."""
    since = now() - instants.MINUTE
    return [told for number in range(TRIGGERS) for told in complaint(f"c{number}", number, since)]


def complaint(who: str, number: int, since: int) -> list[events.Fact]:
    """Somebody becomes known and complains; three facts."""
    profile = {
        "name": "Wilhelmine Musterfrau",
        **({"email": f"{who}@privat.example"} if number % WITH_ADDRESS == 0 else {}),
    }
    known, agreed = introduced(who, since, profile)
    if number % (2 * WITH_ADDRESS):
        agreed = fact("contact.engaged", since + 1, subject=who, id_=f"{who}-engaged", kind="visited")
    return [known, agreed, fact("contact.complained", since + 2, subject=who, id_=f"{who}-late", reason="late")]


def _more(post: Post, texts: int) -> Any:
    goal = min(post.texts + texts, MAILED - MAILED // 10)
    return lambda: post.texts >= goal


async def _none_under_way(notifiers: Notifiers) -> bool:
    under_way = "select count(*) from notifier.message where state in ('pending', 'sending', 'retry')"
    return not await notifiers.system.pool.fetchval(under_way)


def each_answered(messages: list[Item]) -> None:
    """One message for each complaint: held back where there is no address, else sent, or ambiguous after a kill."""
    assert Counter(each["customer"] for each in messages) == Counter(f"c{number}" for number in range(TRIGGERS))
    for each in messages:
        no_address = int(each["customer"][1:]) % WITH_ADDRESS != 0
        end = (each["state"], each.get("reason"))
        assert end in ({("held_back", "no_address")} if no_address else {("sent", None), ("ambiguous", None)}), each


def once_at_the_server(messages: list[Item], post: Post) -> None:
    """No text came twice, each that is called sent came, and none that was held back."""
    states = {each["id"]: each["state"] for each in messages}
    arrived = Counter(name.strip("<>").partition("@")[0] for name in post.arrived)
    assert set(arrived.values()) == {1}
    assert {name for name, state in states.items() if state == "sent"} <= set(arrived)
    assert {states[name] for name in arrived} <= {"sent", "ambiguous"}


def one_voucher_each(messages: list[Item], vouchers: list[Item]) -> None:
    """A voucher with a code of its own for each who agreed to offers and has an address, and no other."""
    promised = {each["id"] for each in messages if int(each["customer"][1:]) % (2 * WITH_ADDRESS) == 0}
    assert Counter(each["message"] for each in vouchers) == Counter(promised)
    assert len({each["code"] for each in vouchers}) == len(promised) > 0
