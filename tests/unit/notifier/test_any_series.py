"""What holds of series for every life that Hypothesis can think of."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.message import Message, Reason, State
from services.notifier.plays.deciding import Cue, decide, learn, pass_time
from services.notifier.plays.person import Course, Decision, Heard, Moment, Person, after
from shared.instants import DAY
from tests.make import day, lapsed, promoted, won_back
from tests.unit.notifier.people import objection, willing
from tests.unit.notifier.test_series import BOOK

_steps = st.tuples(
    st.sampled_from(["lapsed", "won_back", "promoted", "bought", "again", "waits", "objects"]), st.integers(0, 30)
)
lives = st.lists(_steps, max_size=40)


class Life:
    """A person, the time, and all that was ever decided."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.now = day(0)
        self.messages: list[Message] = []
        self.stopped: set[tuple[str, str]] = set()

    def take(self, decision: Decision) -> None:
        """Nothing more comes of a series that was stopped before."""
        for message in decision.messages:
            assert (message.play, message.cause) not in self.stopped
        self.messages += decision.messages
        self.person = after(self.person, decision)
        self.stopped |= {key for key, run in self.person.runs.items() if run.course in (Course.STOPPED, Course.DONE)}

    def learn(self, fact: Heard) -> None:
        """As the store does: a fact that is known is none."""
        known = {(each.source, each.id) for each in self.person.heard}
        if (fact.source, fact.id) not in known:
            self.person = replace(self.person, heard=(*self.person.heard, fact))
            self.take(learn(fact, self.person, Moment(self.now), BOOK))


def climbed(at: int) -> Cue:
    return promoted(at, 4)


def live(steps: list[tuple[str, int]], person: Person) -> Life:
    life, heard = Life(person), set[str]()
    making: dict[str, Callable[[int], Cue]] = {"lapsed": lapsed, "won_back": won_back, "promoted": climbed}
    for number, (what, days) in enumerate(steps):
        life.now += days * DAY + 1
        if what in making:
            cue = making[what](life.now)
            if cue.id not in heard:
                heard.add(cue.id)
                life.take(decide(cue, life.person, Moment(life.now), BOOK))
        elif what == "bought":
            life.learn(Heard("shop", f"b{number}", "purchase.completed", life.now - days * DAY))
        elif what == "again":
            for fact in life.person.heard:
                life.learn(fact)
        elif what == "objects":
            ledger = life.person.ledger
            said = (*ledger.statements, objection(life.now, f"o{number}"))
            life.person = replace(life.person, ledger=msgspec.structs.replace(ledger, statements=said))
        else:
            life.take(pass_time(life.person, Moment(life.now), BOOK))
    return life


@given(lives)
def test_nobody_is_written_to_twice_for_one_cause_and_step(steps: list[tuple[str, int]]) -> None:
    """However often facts are told and time is looked at, and whatever ends a series."""
    life = live(steps, willing())

    counts = Counter((each.play, each.cause, each.step) for each in life.messages)

    assert set(counts.values()) <= {1}
    assert len({each.id for each in life.messages}) == len(life.messages)
    assert all((each.state is State.HELD_BACK) == (each.reason is not None) for each in life.messages)


@given(lives)
def test_a_series_goes_on_only_while_nothing_has_ended_it(steps: list[tuple[str, int]]) -> None:
    """Who has bought since the cause is in no series any more, and hears nothing of it."""
    life = live(steps, willing())

    for run in life.person.runs.values():
        if any(each.at > run.cause_at for each in life.person.heard):
            assert not run.live
        assert (run.due_at is None) == (run.course is not Course.WAITING)


@given(lives)
def test_after_an_objection_there_is_no_marketing(steps: list[tuple[str, int]]) -> None:
    """Of no step of no play."""
    life = live([("objects", 0), *steps], willing())

    assert {each.reason for each in life.messages} <= {
        Reason.OBJECTED,
        Reason.CANCELLED,
        Reason.CAPPED,
        Reason.TOO_OLD,
    }
