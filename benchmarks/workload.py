"""The facts that are measured with: purchases of many people, some refunded, some late, over years that end now."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from shared import instants
from shared.events import SHOP_EVENTS
from shared.log import Entry
from shared.log.partitioner import lanes_of

LANES = 8
DAYS = 500
LATE_DAYS = 60
PIECE = 5_000


@dataclass(frozen=True, slots=True)
class Workload:
    """So many facts of so many people, evenly over `DAYS` days; shares of refunds and late facts are 0 to 1."""

    name: str
    facts: int
    people: int
    refunds: float = 0.0
    late: float = 0.0

    def entries(self, now: int) -> Iterator[list[Entry]]:
        """The records of `shop.events` in the order of the log, ending at the instant `now`; always the same ones."""
        chance = random.Random(1)
        begin = now - DAYS * instants.DAY
        step = (now - begin) // self.facts
        bought: dict[int, int] = {}
        for start in range(0, self.facts, PIECE):
            numbers = range(start, min(start + PIECE, self.facts))
            people = [chance.randrange(self.people) for _ in numbers]
            keys = [b"c%d" % person for person in people]
            values = []
            for number, person, key in zip(numbers, people, keys, strict=True):
                at = begin + number * step
                if chance.random() < self.late:
                    at -= chance.randrange(LATE_DAYS * instants.DAY)
                order = bought.get(person) if chance.random() < self.refunds else None
                if order is None:
                    bought[person] = number
                    values.append(purchase(number, key, at, chance.randrange(5, 200)))
                else:
                    values.append(refund(number, key, at, order))
            lanes = lanes_of(keys, LANES)
            yield [Entry(SHOP_EVENTS, *row) for row in zip(lanes, keys, values, strict=True)]


def purchase(number: int, person: bytes, at: int, amount: int) -> bytes:
    """A purchase as ingest writes it."""
    return (
        b'{"specversion":"1.0","id":"o%d","source":"shop","type":"purchase.completed","subject":"%s","time":"%s",'
        b'"data":{"order_id":"o%d","amount":"%d.90","currency":"EUR"}}'
    ) % (number, person, instants.text(at).encode(), number, amount)


def refund(number: int, person: bytes, at: int, order: int) -> bytes:
    """A refund in full."""
    return (
        b'{"specversion":"1.0","id":"r%d","source":"shop","type":"purchase.refunded","subject":"%s","time":"%s",'
        b'"data":{"order_id":"o%d"}}'
    ) % (number, person, instants.text(at).encode(), order)
