"""A click on the link in a mail is an objection: it counts for the next decision, and for what is not yet sent."""

from typing import Final

from services.notifier.consent import NOTHING, Asked, Kind, Statement, newest_about, store
from services.notifier.message import Channel, Purpose
from services.notifier.sealed import Link
from services.notifier.telling import SOURCE
from shared.db import Connection
from shared.events import derived_id

ABOUT: Final = Asked(channel=Channel.EMAIL, purpose=Purpose.MARKETING)


async def object_to_mail(connection: Connection, lane: int, link: Link, now: int) -> None:
    """Keep the objection of this link's person; where there is one already, nothing changes.

    It is dated behind what it revokes, even if that was dated ahead of the clock. Its id is made of the message and of
    what it revokes: links are good for ever, and somebody who has consented anew may use an old one again.
    """
    ledgers = await store.ledgers_of(connection, [(lane, link.person)])
    revoked = newest_about(ledgers.get((lane, link.person), NOTHING), ABOUT, None)
    if revoked is not None and revoked.kind is Kind.OBJECTION:
        return
    what = (revoked.source, revoked.id) if revoked else ()
    objection = Statement(
        kind=Kind.OBJECTION,
        at=max(now, revoked.at + 1) if revoked else now,
        id=derived_id("contact.objected", link.message, *what),
        source=SOURCE,
        channel=ABOUT.channel,
        purpose=ABOUT.purpose,
    )
    await store.add_objection(connection, lane, link.person, objection)
