"""The lane's side of double opt-in: requests in, the mails that ask to confirm them out."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from services.notifier.consent.confirmation import store as confirmations
from services.notifier.consent.confirmation.request import CONFIRM_WITHIN, PLAY, asked_to_confirm, requested
from services.notifier.consent.confirmation.store import Asked
from services.notifier.consent.ledger import NOTHING
from services.notifier.consent.store import StatementMade, ledgers_of
from services.notifier.message import Message
from services.notifier.profile import address, newest_profile
from services.notifier.store import add_messages, profiles_of
from shared.db import Connection

AT_ONCE: Final = 500
"""Requests in one transaction at most."""


class House(NamedTuple):
    """Who asks, and in which language where the person's is not known."""

    shop: str
    language: str
    by_facts: bool


ANYBODY: Final = House("the shop", "en", by_facts=False)


async def ask_to_confirm(
    tx: Connection, lane: int, statements: Iterable[StatementMade], now: int, house: House
) -> list[Message]:
    """Keep the requests among these statements, and write the mail of all that have none; returns what was decided.

    Under `CLOCK=facts` a request is answered at its own instant.
    """
    found = (requested(each.person, each.statement, house.shop, house.language) for each in statements)
    await confirmations.ask(tx, lane, [each for each in found if each is not None])
    requests = await confirmations.undecided(tx, lane, AT_ONCE)
    if not requests:
        return []
    persons = sorted({each.person for each in requests})
    places = [(lane, person) for person in persons]
    ledgers, profiles = await ledgers_of(tx, places), await profiles_of(tx, places)
    before = {person: [*at] for person, at in (await confirmations.earlier(tx, lane, persons, PLAY)).items()}
    asked: list[Asked] = []
    messages: list[Message] = []
    for request in requests:
        place = (lane, request.person)
        at, known_until = (request.at, request.at) if house.by_facts else (now, None)
        mailbox = address(newest_profile(profiles.get(place, ()), known_until))
        earlier = before.setdefault(request.person, [])
        message = asked_to_confirm(request, ledgers.get(place, NOTHING), mailbox, earlier, at, known_until)
        if message.reason is None:
            earlier.append(at)
        messages.append(message)
        asked.append(Asked(request, message.id, mailbox, at + CONFIRM_WITHIN))
    await add_messages(tx, lane, messages, now)
    await confirmations.decided(tx, lane, asked)
    return messages
