"""What a message asks of its person's consents, and the message with the answer. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from services.notifier.consent.basis import Asked, Basis
from services.notifier.consent.words import Topic
from services.notifier.message import Channel, Mail, Message, Reason

TOPICS: Final[Mapping[str, Topic]] = {
    Mail.THANK_YOU: Topic.THANKS,
    Mail.WIN_BACK: Topic.OFFERS,
    Mail.PERK_GRANTED: Topic.OFFERS,
    Mail.PERK_WITHDRAWN: Topic.OFFERS,
    "endangered": Topic.OFFERS,
    "onboarding_thanks": Topic.THANKS,
    "onboarding_tips": Topic.CONTENT,
    "onboarding_programme": Topic.OFFERS,
    "reminder": Topic.CONTENT,
    "reminder_offer": Topic.OFFERS,
    "miss_you": Topic.CONTENT,
    "what_went_wrong": Topic.SURVEYS,
    "cancel_survey": Topic.SURVEYS,
    "served": Topic.SURVEYS,
    "cancel_offer": Topic.OFFERS,
    "not_renewed_offer": Topic.OFFERS,
    "apology_fault": Topic.OFFERS,
    "thank_fan": Topic.THANKS,
    "neglected": Topic.THANKS,
    "surprise": Topic.OFFERS,
    "birthday": Topic.OFFERS,
    "anniversary": Topic.OFFERS,
    "referral_invitation": Topic.OFFERS,
    "referral_thanks": Topic.OFFERS,
    "referral_welcome": Topic.OFFERS,
    "membership_welcome": Topic.THANKS,
    "membership_renewed": Topic.OFFERS,
    "group_welcome": Topic.OFFERS,
    "group_ending": Topic.OFFERS,
    "partner_perk": Topic.OFFERS,
    "useful": Topic.CONTENT,
}


_ADDRESSED: Final = frozenset({Channel.EMAIL, Channel.PHONE, Channel.SMS})
"""Where a consent may name the address or number that it is for: a confirmed mailbox names no place and no app."""


def asked_by(message: Message, address: str) -> Asked:
    """What the message needs in order to be sent to this address, number or place; it does end at somebody."""
    assert message.channel is not None
    return Asked(
        channel=message.channel,
        purpose=message.purpose,
        topic=TOPICS.get(message.mail),
        address=address if message.channel in _ADDRESSED else None,
        answers=message.mail in ANSWERS,
    )


def standing_on(message: Message, found: Basis | Reason) -> Message:
    """The message with its basis on record, or held back."""
    match found:
        case Reason():
            return message.held_back(found)
        case Basis(ground=ground, id=id_, order_id=order):
            return msgspec.structs.replace(message, basis=ground, basis_fact=id_ or order)


ANSWERS: Final[frozenset[str]] = frozenset({"cancel_confirmed"})
"""Mails that confirm what the person has just declared (section 312k (4) BGB): no objection is about them."""
