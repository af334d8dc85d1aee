"""Dead letters: what could not be read, told on its own topic.

The record's value stays in the table: it may be personal, and the topic is kept for long.
"""

import re
from typing import Final

import msgspec

from shared.events import DEAD_LETTERS, derived_id
from shared.lanes import DeadLetter, OutboxRow


def letter_row(service: str, letter: DeadLetter, now: str, at: int) -> OutboxRow:
    """The outbox row that announces a dead letter."""
    record = letter.record
    place = {"topic": record.topic, "lane": record.lane, "offset": record.offset}
    letter_id = derived_id("dead.letter", service, record.topic, str(record.lane), str(record.offset))
    value = {
        "specversion": "1.0",
        "id": letter_id,
        "source": service,
        "type": "dead.letter",
        "time": now,
        "data": {**place, "reason": letter.reason, "pointer": letter.pointer},
    }
    return OutboxRow(DEAD_LETTERS, record.lane, None, letter_id, "dead.letter", at, msgspec.json.encode(value))


_PLACE: Final = re.compile(r" - at (?:`key` in )?`\$([^`]*)`$")
_VALUE: Final = re.compile(r"^(Invalid(?: enum)? value|Object contains unknown field) .*$", re.DOTALL)
_QUOTED: Final = re.compile(r"""(?<!\w)(['"]).*\1(?!\w)""", re.DOTALL)
_LONGEST: Final = 200


def told(error: Exception) -> tuple[str, str]:
    """Why a record could not be read, and where in it as a JSON pointer ("" is the whole): both may be published.

    msgspec and Python quote the value they did not like. It may be personal and is left out: the record itself stays in
    the table. What msgspec says about bytes that are no JSON at all quotes JSON's own signs only.
    """
    text = str(error)
    if type(error) is not msgspec.DecodeError and not isinstance(error, UnicodeDecodeError):
        text = _QUOTED.sub("…", text)
    place = _PLACE.search(text)
    reason = _VALUE.sub(r"\1", text[: place.start()] if place else text)
    return _printable(reason), _pointer(place[1] if place else "")


def _printable(reason: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in reason)[:_LONGEST]


def _pointer(path: str) -> str:
    """`.items[1].sku` as /items/1/sku; msgspec does not tell the keys of maps, so it ends before the first of them."""
    return path.partition("[...]")[0].replace("[", "/").replace("]", "").replace(".", "/")
