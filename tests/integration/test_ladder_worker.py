"""The ladder's worker on a real database and the embedded log, against the oracle."""

from collections import defaultdict

from shared import events, instants
from shared.log.postgres import PostgresLog
from tests import oracle
from tests.cdnow import cdnow_purchases
from tests.integration.ladder_lanes import working

Announced = tuple[str, str, int, object, object, tuple[str, str, str | int]]


def seen(message: events.Announcement) -> Announced:
    """An announcement as the oracle puts it."""
    cause = message.data.cause
    told = (
        ("fact", cause["fact"], cause["source"])
        if "fact" in cause
        else ("deadline", cause["deadline"], instants.parse(cause["at"]))
    )
    at = instants.parse(message.time)
    return (message.subject, events.type_of(message), at, _place(message.data.from_), _place(message.data.to), told)


def _place(told: object) -> object:
    return (told.phase, told.stage) if isinstance(told, events.PhaseName) else told


async def test_cdnow_told_in_order_is_announced_as_the_oracle_says(database: str) -> None:
    """Every announcement of 2,357 lives has the type, instant, cause, origin and aim that a fold from nothing gives."""
    facts = cdnow_purchases()
    end = facts[-1].at
    async with working(database, PostgresLog(database), batch_limit=300) as lanes:
        for start in range(0, len(facts), 200):
            await lanes.tell(facts[start : start + 200])
        await lanes.settled()
        announced = await lanes.announcements()
    lives: dict[str, list[events.Fact]] = defaultdict(list)
    for fact in facts:
        lives[fact.subject].append(fact)
    expected = {(person, *told) for person, theirs in lives.items() for told in oracle.told(theirs, end)}
    assert len(announced) == len({message.id for message in announced})
    assert {seen(message) for message in announced} == expected
