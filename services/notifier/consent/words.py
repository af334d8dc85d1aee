"""What a shop's words for channels, purposes and bases mean. Pure.

The words are free text on the log. One that cannot be understood never permits anything, and forbids all it may mean.
"""

from enum import StrEnum
from typing import Final

from services.notifier.message import Channel, Purpose


class Topic(StrEnum):
    """What advertising can be about; who wants no more of one may still want the others."""

    THANKS = "thanks"
    """Thank-yous, birthdays, anniversaries."""
    OFFERS = "offers"
    """Vouchers, perks, invitations."""
    CONTENT = "content"
    """Tips and news."""
    SURVEYS = "surveys"
    """Questions to the person."""


About = Purpose | Topic
"""What a statement is about; marketing is every topic."""

CHANNELS: Final = {
    "email": Channel.EMAIL,
    "e_mail": Channel.EMAIL,
    "post": Channel.POST,
    "letter": Channel.POST,
    "brief": Channel.POST,
    "phone": Channel.PHONE,
    "telephone": Channel.PHONE,
    "telefon": Channel.PHONE,
    "call": Channel.PHONE,
    "sms": Channel.SMS,
    "push": Channel.PUSH,
}
"""`mail` is not among them: in English a letter, in German an e-mail."""

_PURPOSES: Final[dict[str, About]] = {
    **{each.value: each for each in Purpose},
    **{each.value: each for each in Topic},
    "advertising": Purpose.MARKETING,
    "werbung": Purpose.MARKETING,
    "survey": Topic.SURVEYS,
    "offer": Topic.OFFERS,
    "tips": Topic.CONTENT,
}


def tidied(word: str) -> str:
    """A word without what makes no difference: case, space around it, dashes for underscores."""
    return word.strip().lower().replace("-", "_").replace(" ", "_")


def permitted_channel(word: str | None) -> Channel | None:
    """The one channel that a consent names; None if it names none that is known."""
    return None if word is None else CHANNELS.get(tidied(word))


def forbidden_channels(word: str | None) -> frozenset[Channel]:
    """The channels that an objection is about: all where none is named."""
    if word is None or not word.strip():
        return frozenset(Channel)
    if (tidy := tidied(word)) == "mail":
        return frozenset({Channel.EMAIL, Channel.POST})
    known = CHANNELS.get(tidy)
    return frozenset() if known is None else frozenset({known})


def permitted_purpose(word: str | None) -> About | None:
    """What a consent is for: marketing where nothing is named, nothing where the word is not known."""
    return Purpose.MARKETING if word is None or not word.strip() else _PURPOSES.get(tidied(word))


def forbidden_purpose(word: str | None) -> About | None:
    """What an objection is about: everything (None) where nothing is named, all marketing where it is not known."""
    return None if word is None or not word.strip() else _PURPOSES.get(tidied(word), Purpose.MARKETING)
