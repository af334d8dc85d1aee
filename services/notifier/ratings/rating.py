"""A thumb, what it is worth as a rating, and the link that gives it. Pure."""

from enum import StrEnum
from typing import NamedTuple

from services.notifier.sealed import Link, read_token, token
from shared.events import ContactRated, derived_id, type_of


class Thumb(StrEnum):
    """Whether the person would recommend the shop."""

    UP = "up"
    DOWN = "down"

    @property
    def score(self) -> int:
        """Of `contact.rated`, 0 to 10: the question has two answers, so they are the two ends."""
        return 10 if self is Thumb.UP else 0


class Rating(NamedTuple):
    """A person's answer to the question of a message, given at an instant."""

    person: str
    message: str
    thumb: Thumb
    at: int

    @property
    def id(self) -> str:
        """Of the fact: one for each message, whichever thumb it is."""
        return derived_id(type_of(ContactRated), self.message)


def rating_token(secret: bytes, link: Link, thumb: Thumb) -> str:
    """The last part of the link that gives this thumb."""
    return token(secret, link, _use(thumb))


def read_rating(secret: bytes, text: str) -> tuple[Link, Thumb] | None:
    """Which thumb a link gives, to the question of which message; None if it is none of ours."""
    for thumb in Thumb:
        link = read_token(secret, text, _use(thumb))
        if link is not None:
            return link, thumb
    return None


def _use(thumb: Thumb) -> str:
    return f"rate_{thumb}"
