"""A piece of content: a tip, a lesson, a recipe; and which of several suits a person. Pure."""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from services.notifier.plays.moments import CONTENT

LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 20_000


class Piece(NamedTuple):
    """A piece of content. `at`: since when it is new, an instant (0: not known); from `until` on it is of no use.

    `categories` are those of goods it is about, in small letters, none: it is for everybody; so with `languages`.
    """

    key: str
    title: str
    text: str
    link: str | None = None
    categories: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    at: int = 0
    until: int | None = None


class Reader(NamedTuple):
    """For whom a piece is looked for: the language, the categories bought, and the keys of pieces they have had."""

    language: str
    likes: frozenset[str]
    had: frozenset[str]


def key_of(origin: str, name: str) -> str:
    """The key of the piece that is called so where it comes from: 64 bits in hexadecimal, the same for ever."""
    return hashlib.sha256(f"{origin}\x1f{name}".encode()).hexdigest()[:16]


def suiting(pieces: Iterable[Piece], reader: Reader, now: int) -> Piece | None:
    """The newest that the reader has not had; None: there is none."""
    found = (each for each in pieces if each.key not in reader.had and _suits(each, reader, now))
    return max(found, key=lambda each: (each.at, each.key), default=None)


def _suits(piece: Piece, reader: Reader, now: int) -> bool:
    return (
        piece.at <= now
        and (piece.until is None or now < piece.until)
        and (not piece.languages or reader.language in piece.languages)
        and (not piece.categories or not piece.categories.isdisjoint(reader.likes))
    )


def cause_of(piece: str, number: int = 1) -> str:
    """The cause of the message with this piece; of the `number`-th attempt, where those before were held back."""
    return f"{CONTENT}/{piece}" if number == 1 else f"{CONTENT}/{piece}#{number}"


def piece_in(cause: str) -> str | None:
    """The key of the piece that a message with this cause brings; None: it brings none."""
    kind, _, rest = cause.partition("/")
    return rest.partition("#")[0] if kind == CONTENT and rest else None
