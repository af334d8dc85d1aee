"""A batch of announcements while a history is played as if lived."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import msgspec

from services.notifier.message import UNSENT, Message, State
from services.notifier.plays.deciding import Cue
from services.notifier.turn import Manner, Turn
from shared import instants
from shared.events import Tick
from tests.make import day, demoted, lapsed, promoted, won_back
from tests.unit.notifier.people import BOOK, willing

MANNER = Manner(BOOK, b"s" * 32, lanes=8, currency="EUR", exponent=2, by_facts=True, history=False)

LIFE: Sequence[Cue] = (
    promoted(day(1), 5, recorded_at=instants.text(day(2))),
    demoted(day(3), 4),
    promoted(day(3), 6),
    demoted(day(3), 3, id_="again"),
    lapsed(day(9)),
    won_back(day(10)),
)


def tick(at: int) -> Tick:
    return Tick(id=str(at), source="ladder", time=instants.text(at))


def cuts() -> Iterator[list[Sequence[Cue]]]:
    """The life in one piece, in two, in three ... at every place."""
    inner = range(1, len(LIFE))
    for count in range(len(LIFE)):
        for places in combinations(inner, count):
            yield [LIFE[a:b] for a, b in zip((0, *places), (*places, len(LIFE)), strict=True)]


def played(pieces: Sequence[Sequence[Cue]]) -> list[Message]:
    """What is decided when the ladder passes these pieces on, a tick behind each, and mail is sent at once."""
    person, decided = willing(), dict[str, Message]()
    for piece in pieces:
        turn = Turn(MANNER, 0, day(900), None)
        persons = {person.id: person}
        turn.take([*piece, tick(instants.parse(piece[-1].time))], {(each.subject, each.id) for each in piece}, persons)
        person = persons[person.id]
        decided |= {each.id: each for each in (*turn.messages, *turn.revised)}
        for key, each in person.messages.items():
            person.messages[key] = sent(each)
    return [sent(each) for each in decided.values()]


def sent(message: Message) -> Message:
    return msgspec.structs.replace(message, state=State.SENT) if message.state in UNSENT else message


def test_a_promotion_and_its_undoing_give_the_same_messages_however_they_were_cut() -> None:
    """Which records were taken together, and when the sender came by, makes no difference."""
    whole = played([LIFE])

    assert len(whole) > 4
    assert all(played(pieces) == whole for pieces in cuts())
