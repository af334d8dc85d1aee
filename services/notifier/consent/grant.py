"""What a consent permits, and whether it may be relied on at all. Pure.

A consent never permits more than it says. The channel it does not name is the one its basis is about; it is for
advertising; and a double opt-in is for the address that was confirmed.
"""

from enum import StrEnum
from typing import Final

import msgspec

from services.notifier.consent import evidence
from services.notifier.consent.evidence import DoubleOptIn, Evidence, ExistingCustomer, Express, Incomplete
from services.notifier.consent.statement import Statement
from services.notifier.consent.words import About, permitted_channel, permitted_purpose
from services.notifier.message import Channel


class Ground(StrEnum):
    """What a message may stand on."""

    DOUBLE_OPT_IN = "double_opt_in"
    """Asked for and confirmed (section 7 (2) no. 2 UWG, articles 6 (1) (a) and 7 (1) GDPR)."""
    EXISTING_CUSTOMER = "existing_customer"
    """Advertising of own similar goods by e-mail to whom the shop has sold something (section 7 (3) UWG)."""
    EXPRESS = "express"
    """An express consent with its documentation (sections 7 (2) no. 1 and 2, 7a UWG)."""
    CUSTOMER = "customer"
    """Letters to customers until they object (article 6 (1) (f) and recital 47 GDPR)."""
    SERVICE = "service"
    """What the contract or the person's own act calls for, without advertising (article 6 (1) (b) GDPR)."""


REQUESTED: Final = "requested"
"""The basis of a consent that is still to be confirmed: it permits nothing."""

_CHANNELS: Final = {
    Ground.DOUBLE_OPT_IN: frozenset({Channel.EMAIL, Channel.POST, Channel.PUSH}),
    Ground.EXISTING_CUSTOMER: frozenset({Channel.EMAIL}),
    Ground.EXPRESS: frozenset({Channel.PHONE, Channel.SMS, Channel.POST, Channel.PUSH}),
}
"""Where each can be enough. A confirmed mailbox says nothing of a telephone (BGH, I ZR 164/09)."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A consent that can be relied on, with what it proves."""

    ground: Ground
    channel: Channel
    about: About
    statement: Statement
    evidence: Evidence


def grant(statement: Statement) -> Grant | Incomplete:
    """What this consent permits, or what is missing of it."""
    match statement.named_basis:
        case Ground.DOUBLE_OPT_IN:
            return _granted(Ground.DOUBLE_OPT_IN, statement, evidence.double_opt_in(statement), Channel.EMAIL)
        case Ground.EXISTING_CUSTOMER:
            return _granted(Ground.EXISTING_CUSTOMER, statement, evidence.existing_customer(statement), Channel.EMAIL)
        case Ground.EXPRESS:
            return _granted(Ground.EXPRESS, statement, evidence.express(statement), None)
        case _:
            return Incomplete(("basis",))


def _granted(
    ground: Ground, statement: Statement, proof: Evidence | Incomplete, unnamed: Channel | None
) -> Grant | Incomplete:
    if isinstance(proof, Incomplete):
        return proof
    channel = unnamed if statement.channel is None else permitted_channel(statement.channel)
    about = permitted_purpose(statement.purpose)
    if channel is None or channel not in _CHANNELS[ground]:
        return Incomplete(("channel",))
    if about is None:
        return Incomplete(("purpose",))
    return Grant(ground=ground, channel=channel, about=about, statement=statement, evidence=proof)


def is_for(grant: Grant, address: str | None) -> bool:
    """Whether it is about this address or number; a proof that names none is about the person's, whichever it is."""
    match grant.evidence:
        case DoubleOptIn(address=named) | Express(number=named) | ExistingCustomer(address=named):
            return named is None or address is None or _alike(named) == _alike(address)


def _alike(address: str) -> str:
    return "".join(address.casefold().split())
