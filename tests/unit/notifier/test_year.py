"""One person's life under the whole book, as docs/plays.md tells it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import structs

from services.ladder.announce import announce
from services.ladder.core import fold
from services.ladder.core.decide import Change
from services.ladder.core.facts import instant
from services.ladder.core.standing import Standing
from services.notifier.consent import NOTHING
from services.notifier.consent.sales import sale_of
from services.notifier.mail import Composer
from services.notifier.message import Message, Way
from services.notifier.plays.deciding import Cue
from services.notifier.plays.moments import ANNIVERSARY, BIRTHDAY
from services.notifier.plays.person import Heard, Person
from services.notifier.plays.reading import read_book
from services.notifier.plays.yearly import Mark
from services.notifier.profile import KnownProfile
from services.notifier.reading import read
from services.notifier.settings import NotifierSettings
from services.notifier.tasks.writing import Known, Writer
from services.notifier.turn import Manner, Turn
from shared import instants
from shared.events import LADDER_EVENTS, SHOP_EVENTS, Fact, Profile, PurchaseCompleted, Tick, encode, type_of
from shared.log import Record
from shared.log.partitioner import lane_of
from tests.make import credit, fact, purchase, rules
from tests.unit.notifier.people import willing

DOCS: Final = Path(__file__).parents[3] / "docs" / "plays.md"
SETTINGS: Final = NotifierSettings(staff_language="en")
BOOK: Final = read_book(SETTINGS.plays_file)
WHO: Final = "c1"
END: Final = instants.parse("2026-01-31T00:00:00Z")


def _at(date: str) -> int:
    return instants.parse(f"{date}T09:00:00Z")


LIFE: Final[tuple[Fact, ...]] = (
    purchase(_at("2024-01-10"), order="1"),
    purchase(_at("2024-02-20"), order="2"),
    fact("contact.complained", _at("2024-03-01"), reason="damaged"),
    fact("contact.served", _at("2024-03-02"), minutes=20),
    purchase(_at("2024-03-20"), order="3"),
    purchase(_at("2024-04-15"), order="4"),
    fact("referral.made", _at("2024-05-05"), referee="dora"),
    fact("membership.started", _at("2024-06-01"), until="2025-06-01", paid="29.00"),
    fact("membership.ended", _at("2025-06-01"), cause="not_renewed"),
)


DORA: Final = credit("dora", converted=_at("2024-05-18"))
"""The friend buys."""
BORN: Final = Profile(
    email="anna@example.org", name="Anna", birthday="1980-02-29", address={"street": "1 High Street", "city": "Bath"}
)


def announced() -> Iterator[bytes]:
    """What the ladder says of this life."""
    standing: Standing | None = None
    for told in sorted((*LIFE, DORA), key=instant):
        standing, changes = fold.step(standing, told, rules())
        yield from (_message(change) for change in changes)
    assert standing is not None
    yield from (_message(change) for change in fold.sweep(standing, END, rules())[1])


def _message(change: Change) -> bytes:
    return announce(WHO, change, change.at, historical=False)[1]


def lived() -> tuple[list[Cue], list[Message]]:
    """The announcements, and what the notifier decided, under `CLOCK=facts`."""
    lane = lane_of(WHO.encode(), 1)
    values = [(SHOP_EVENTS, encode(told)) for told in LIFE] + [(LADDER_EVENTS, value) for value in announced()]
    records = [Record(topic, lane, number, WHO.encode(), value) for number, (topic, value) in enumerate(values)]
    batch = read(records, 1, BOOK)
    assert not batch.dead
    cues = [cue for cue in batch.cues if not isinstance(cue, Tick)]
    heard = tuple(each._replace(open=True) for _, each in batch.facts)
    persons = {WHO: _person(heard)}
    turn = Turn(Manner(BOOK, b"s" * 32, 1, "EUR", 2, by_facts=True, history=False), lane, END, None)
    turn.take(cues, {(cue.subject, cue.id) for cue in cues}, persons)
    turn.sweep(END, persons)
    return cues, turn.messages


def _person(heard: tuple[Heard, ...]) -> Person:
    """Whose birthday and address are known, and whose orders are: by post a customer may be written to."""
    known = KnownProfile(at=_at("2024-01-01"), id="p", source="shop", profile=BORN)
    sales = tuple(sale_of(each) for each in LIFE if isinstance(each, PurchaseCompleted))
    ledger = structs.replace(willing().ledger, sales=sales)
    marks = {each: Mark(each, since=0, due_at=0) for each in (BIRTHDAY, ANNIVERSARY)}
    return Person(WHO, (known,), ledger, heard=heard, marks=marks)


def told() -> str:
    """The life, line by line."""
    cues, messages = lived()
    lines = [(each.at, 0, type_of(each)) for each in LIFE]
    lines.append((instant(DORA), 0, "(dora buys for the first time)"))
    lines += [(instants.parse(cue.time), 1, f"  {type_of(cue)} {_change(cue)}") for cue in cues]
    lines += [(each.at, 2, f"    {_outcome(each)}") for each in messages]
    return "\n".join(f"{instants.text(at)[:10]} {text}" for at, _, text in sorted(lines, key=lambda line: line[:2]))


def _change(cue: Cue) -> str:
    before, after = cue.data.from_, cue.data.to
    return f"{_place(before)} -> {_place(after)}"


def _place(place: object) -> str:
    return str(getattr(place, "stage", place))


def _outcome(message: Message) -> str:
    if message.way is Way.TASK:
        known = Known(Profile(name="Anna"), NOTHING, None, None)
        title = Writer(SETTINGS).write(message, known).title
        return f"{message.play}: task: {title} ({message.purpose}){_reason(message)}"
    subject = Composer(SETTINGS, BOOK, b"s").text(message, Profile(language="en"), None).subject
    offer = " + offer" if message.offer else ""
    return f"{message.play}: {subject}{offer} ({message.purpose}){_reason(message)}"


def _reason(message: Message) -> str:
    return "" if message.reason is None else f" [{message.reason}]"


def test_the_document_tells_the_life_as_it_is() -> None:
    """Every line of it, with nothing left out."""
    assert f"```text\n{told()}\n```" in DOCS.read_text("utf-8")


def test_nobody_hears_the_same_twice() -> None:
    """Each cause and step once, and nothing between the last question and the end."""
    _, messages = lived()

    keys = [(each.play, each.cause, each.step) for each in messages]
    assert len(keys) == len(set(keys))
    assert len(messages) > 15
