"""The tasks of the book as shipped: each is whole, in both languages, for every channel."""

import pytest

from services.notifier.consent import Ledger
from services.notifier.message import Channel, Message, Way, message_id
from services.notifier.plays.book import Play, Task
from services.notifier.plays.reading import read_book
from services.notifier.settings import NotifierSettings
from services.notifier.tasks.writing import Known, Writer
from shared.events import Profile, Standing
from tests.make import day
from tests.unit.notifier.people import bought

BOOK = read_book(NotifierSettings().plays_file)
TASKS = [(play, step) for play in BOOK.play for step in play.step if isinstance(step, Task)]
FAN = Standing(rung=7, phase="active", stage="growth")


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(("play", "step"), TASKS, ids=lambda each: getattr(each, "task", ""))
def test_every_task_says_whom_why_and_what(play: Play, step: Task, language: str) -> None:
    """With a name and orders, and of somebody of whom nothing but the id is known."""
    writer = Writer(NotifierSettings.model_validate({"staff_language": language, "sender_name": "Schöner Laden"}))
    known = Known(Profile(name="Anna Größe"), Ledger((), (bought(day(0)), bought(day(9), "o2"))), FAN, None)
    for channel in step.channels:
        told = writer.write(message(play, step, channel), known)
        bare = writer.write(message(play, step, channel), Known(Profile(), Ledger(), None, None))

        assert "Anna Größe" in told.title
        assert "c1" in bare.title
        assert "10 January 2024" in told.why or "10. Januar 2024" in told.why
        assert ("Schöner Laden" in told.say) is (channel is Channel.PHONE)
        for text in (*told, *bare):
            assert len(text) > 10
            assert not any(left in text for left in ("{", "None", "  ", "\n\n\n"))
        assert "\n" not in told.title


def message(play: Play, step: Task, channel: Channel) -> Message:
    return Message(
        id=message_id(play.id, "c1", "x"),
        person="c1",
        play=play.id,
        mail=step.task,
        cause="x",
        cause_at=day(1),
        at=day(1),
        channel=channel,
        way=Way.TASK,
        rungs=(7,),
    )
