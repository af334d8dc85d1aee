"""Dead letters: what could not be read, told on its own topic.

The record's value stays in the table: it may be personal, and the topic is kept for long.
"""

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
