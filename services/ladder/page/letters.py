"""Dead letters: shown, and put on the log again."""

from typing import Any, NamedTuple

import msgspec

from services.ladder.page.queries import PageQueries
from shared.events import SHOP_EVENTS
from shared.http import Problem
from shared.log import Entry, Log, LogUnavailableError
from shared.log.partitioner import lane_of


class Place(NamedTuple):
    """Which record of the log it is."""

    lane: int
    topic: str
    offset: int

    def __str__(self) -> str:
        return f"{self.lane} {self.offset} {self.topic}"


FIRST = Place(-1, "", -1)


def place_of(text: str) -> Place:
    """The place that `str` wrote. Raises Problem 400."""
    lane, _, rest = text.partition(" ")
    offset, _, topic = rest.partition(" ")
    try:
        place = Place(int(lane), topic, int(offset))
    except ValueError as error:
        raise _bad_place() from error
    if "\x00" in topic or not -1 <= place.lane < 2**31 or not -1 <= place.offset < 2**63:
        raise _bad_place()
    return place


def _bad_place() -> Problem:
    return Problem(400, "bad-cursor", "The place is not one that this list has given out")


def subject_of(value: bytes) -> str | None:
    """Whom the record is about; None when it does not say so."""
    try:
        told: Any = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None
    subject = told.get("subject") if isinstance(told, dict) else None
    return subject if isinstance(subject, str) and subject and len(subject) <= 200 else None


async def replay(queries: PageQueries, log: Log, lanes: int, place: Place) -> bool:
    """Append the record to its topic again and forget the letter; whether it names a person, or is gone already.

    A crash between the two leaves the letter there; to replay it again does no harm. Raises Problem 503.
    """
    value = await queries.letter(*place)
    if value is None:
        return True
    subject = subject_of(value)
    if subject is None:
        return False
    try:
        await log.append([Entry(place.topic, lane_of(subject, lanes), subject.encode(), value)])
    except LogUnavailableError as error:
        raise Problem(503, "log-unavailable", "The log does not answer", headers={"Retry-After": "2"}) from error
    await queries.forget(*place)
    return True


def shown(topic: str, beginning: bytes) -> str:
    """The beginning of a record as text; facts hold no personal data, and what is no text is written as it can be."""
    text = beginning.decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "�" for sign in text) if topic == SHOP_EVENTS else text
