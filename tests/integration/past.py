"""A past for the notifier: CDNOW's people with what else happens to customers, and what the ladder made of it."""

from collections.abc import Sequence
from random import Random

from services.ladder.announce import announce
from services.ladder.preview.replay import relive
from shared import events, instants
from shared.events import LADDER_EVENTS, SHOP_EVENTS, SHOP_PROFILES, Fact
from shared.instants import DAY, HOUR
from tests.cdnow import cdnow_purchases
from tests.integration.notifier_part import Notifier
from tests.make import DOUBLE_OPT_IN, fact, rules


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
        if chance.random() < 0.3:
            proven = chance.randint(first, last + 200 * DAY)
            student = {"name": "students", "proof": "card", "until": instants.text(proven + 90 * DAY)[:10]}
            facts.append(fact("contact.identified", proven, subject=person, profile={**profile, "groups": [student]}))
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
        for topic, personal in ((SHOP_PROFILES, True), (SHOP_EVENTS, False)):
            own = [each for each in part if _personal(each) is personal]
            await running.append(topic, *((each.subject, events.encode(each)) for each in own))
        await running.append(LADDER_EVENTS, *((who, value) for at, who, value in told if since <= at < now))
        await running.tick(now)
    await running.settled(120)


def _personal(told: Fact) -> bool:
    return isinstance(told, events.ContactIdentified | events.ContactConsented | events.ContactObjected)
