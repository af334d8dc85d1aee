"""The friend's side of referrals: who named a person, what is credited to whom, and the records to other lanes.

Only the friend's lane decides (first standing purchase, earliest valid referral, circle); it states the whole credit
of the friend to the maker's lane, under a version that rises by one with each change.
"""

from collections.abc import Callable

import msgspec

from services.ladder.announce import SOURCE
from shared import instants
from shared.events import (
    LADDER_INTERNAL,
    Credit,
    Fact,
    FactRef,
    Internal,
    Naming,
    ReferralCredited,
    ReferralMade,
    ReferralNamed,
    derived_id,
    encode,
    type_of,
)
from shared.lanes import OutboxRow

LaneOf = Callable[[str], int]


class Friend(msgspec.Struct, array_like=True):
    """What the friend's lane remembers of a person somebody named; the person need not be known."""

    namings: list[ReferralNamed] = []
    version: int = 0
    maker: str | None = None
    converted: FactRef | None = None
    sells: bool = False
    """Whether the maker has been told of all orders; those of older programs had not."""

    def heard_of(self, naming: ReferralNamed) -> bool:
        """Whether this referral has been told before."""
        return any(known.id == naming.id for known in self.namings)


_decoder = msgspec.msgpack.Decoder(Friend)
_encoder = msgspec.msgpack.Encoder()


def decode(state: bytes) -> Friend:
    """A friend as stored."""
    return _decoder.decode(state)


def encoded(friend: Friend) -> bytes:
    """A friend as it is stored."""
    return _encoder.encode(friend)


def naming_row(fact: ReferralMade, lane_of: LaneOf) -> OutboxRow | None:
    """Tell the friend's lane of a referral; None when it names nobody, or its maker."""
    friend = fact.data.referee
    if friend is None or friend == fact.subject:
        return None
    naming = Naming(maker=fact.subject, at=instants.text(fact.at), id=fact.id, source=fact.source)
    message = ReferralNamed(
        id=derived_id("referral.named", fact.subject, friend, fact.source, fact.id),
        source=SOURCE,
        subject=friend,
        time=naming.at,
        data=naming,
    )
    return row(message, lane_of)


def recredit(
    friend: Friend, person: str, credit: tuple[str, FactRef] | None, cause: FactRef, lane_of: LaneOf
) -> list[OutboxRow]:
    """Note the credit as it is now, and tell the makers concerned if it is another one than before."""
    maker, converted = credit if credit is not None else (None, None)
    if (maker, converted) == (friend.maker, friend.converted):
        return []
    friend.version += 1
    rows = []
    if friend.maker is not None and friend.maker != maker:
        rows.append(_credited(friend.maker, person, None, cause, friend.version, lane_of))
    if maker is not None:
        rows.append(_credited(maker, person, converted, cause, friend.version, lane_of))
    friend.maker, friend.converted = maker, converted
    return rows


def cause_of(message: Fact | Internal) -> FactRef:
    """What a change of the credit is due to: the friend's fact, or the referral where that came late."""
    if isinstance(message, ReferralNamed):
        naming = message.data
        return FactRef(at=naming.at, person=naming.maker, source=naming.source, id=naming.id)
    return FactRef(at=instants.text(message.at), person=message.subject, source=message.source, id=message.id)


def _credited(
    maker: str, friend: str, converted: FactRef | None, cause: FactRef, version: int, lane_of: LaneOf
) -> OutboxRow:
    message = ReferralCredited(
        id=derived_id("referral.credited", maker, friend, str(version)),
        source=SOURCE,
        subject=maker,
        time=converted.at if converted is not None else cause.at,
        data=Credit(friend=friend, converted=converted, cause=cause, version=version),
    )
    return row(message, lane_of)


def row(message: Internal, lane_of: LaneOf) -> OutboxRow:
    """A record to the lane of its subject."""
    person = message.subject
    return OutboxRow(
        LADDER_INTERNAL, lane_of(person), person, message.id, type_of(message), message.at, encode(message)
    )
