"""What would have gone and what would not, counted, with some of the people by id. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from services.notifier.message import Message, State
from services.notifier.preview.answers import RetoldMessage, WouldGo, WouldNotGo
from shared import instants

EXAMPLES: Final = 5
"""People who are named for each line."""


class _Count(Struct):
    messages: int = 0
    customers: list[str] = field(default_factory=list)

    def add(self, person: str) -> None:
        self.messages += 1
        if len(self.customers) < EXAMPLES and person not in self.customers:
            self.customers.append(person)


class Tally:
    """Counts messages by play, step and what became of them."""

    def __init__(self) -> None:
        self._go: dict[tuple[str, int, str, str, str, str], _Count] = defaultdict(_Count)
        self._held_back: dict[tuple[str, int, str, str], _Count] = defaultdict(_Count)

    def add(self, messages: Iterable[Message]) -> None:
        """Count these."""
        for each in messages:
            if each.state is State.HELD_BACK:
                self._held_back[each.play, each.step, each.mail, each.reason or ""].add(each.person)
            else:
                key = each.play, each.step, each.mail, each.way.value, each.channel or "", each.purpose.value
                self._go[key].add(each.person)

    def go(self) -> list[WouldGo]:
        """By play, step, mail, way, channel and purpose."""
        return [
            WouldGo(
                play=play,
                step=step,
                mail=mail,
                way=way,
                channel=channel or None,
                purpose=purpose,
                messages=count.messages,
                customers=count.customers,
            )
            for (play, step, mail, way, channel, purpose), count in sorted(self._go.items())
        ]

    def held_back(self) -> list[WouldNotGo]:
        """By play, step, mail and reason."""
        return [
            WouldNotGo(
                play=play, step=step, mail=mail, reason=reason, messages=count.messages, customers=count.customers
            )
            for (play, step, mail, reason), count in sorted(self._held_back.items())
        ]


def retold(message: Message) -> RetoldMessage:
    """One message as it is answered."""
    return RetoldMessage(
        id=message.id,
        customer=message.person,
        play=message.play,
        step=message.step,
        mail=message.mail,
        way=message.way,
        channel=message.channel,
        purpose=message.purpose,
        cause=message.cause,
        at=instants.text(message.at),
        due=None if message.due_at is None else instants.text(message.due_at),
        reason=message.reason,
        basis=message.basis,
        offer=message.offer,
    )
