"""What holds for every history that Hypothesis can think of."""

from collections import Counter
from dataclasses import dataclass, replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.consent import Basis, Ledger, Statement, basis
from services.notifier.consent.of_message import asked_by
from services.notifier.consent.sales import Sale
from services.notifier.message import UNSENT, Channel, Mail, Message, Reason, State, Way
from services.notifier.plays.deciding import Cue, decide
from services.notifier.plays.person import Moment, Person, after
from services.notifier.plays.reading import parse_book
from services.notifier.profile import KnownProfile, address, newest_profile, phone
from shared.events import Profile, RungDemoted, RungPromoted
from shared.instants import DAY
from tests.make import day, demoted, lapsed, promoted, won_back
from tests.unit.notifier.people import BOOK as THREE
from tests.unit.notifier.people import bought, consent, customer, expressed, objection, refunded

CALL = """
version = 2
[[play]]
id = "call"
on = ["rung.promoted"]
where = { to = { min = 5 } }
max_age_days = 14
cancel = ["rung.demoted"]
[[play.step]]
do = "task"
task = "thank_fan"
channel = ["phone", "post"]
"""
BOOK = msgspec.structs.replace(THREE, play=(*THREE.play, *parse_book(CALL).play))


@dataclass(frozen=True)
class Learn:
    """The shop tells an address and what the person said."""

    email: str | None
    phone: str | None
    place: str | None
    said: tuple[Statement, ...]
    sold: tuple[Sale, ...] = ()


@dataclass(frozen=True)
class Hear:
    """The ladder announces something; the notifier hears it so many days later."""

    cue: Cue
    days_later: int


@dataclass(frozen=True)
class Send:
    """The sender has been at work, and all that was unsent came into this state."""

    state: State


Step = Learn | Hear | Send

_days = st.integers(0, 900).map(day)
_cues = st.one_of(
    st.builds(promoted, _days, st.integers(2, 7)),
    st.builds(demoted, _days, st.integers(1, 6)),
    st.builds(lapsed, _days),
    st.builds(won_back, _days),
)
_channels = st.sampled_from([None, "email", "phone", "post"])
_purposes = st.sampled_from([None, "marketing", "survey", "offers"])
_bases = st.sampled_from([None, "consent", "double_opt_in", "contract"])
_orders = st.sampled_from(["o1", "o2"])
_statements = st.one_of(
    st.builds(consent, _days, st.uuids().map(str), channel=_channels, purpose=_purposes, basis=_bases),
    st.builds(expressed, _days, st.uuids().map(str), channel=_channels, purpose=_purposes),
    st.builds(customer, _days, st.uuids().map(str), _orders),
    st.builds(objection, _days, st.uuids().map(str), channel=_channels, purpose=_purposes),
)
_sales = st.one_of(
    st.builds(bought, _days, _orders, st.just("shoes")),
    st.builds(refunded, _days, _orders, st.sampled_from([None, "5.00"])),
)
_steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        Learn,
        st.sampled_from([None, "anna@example.org", "no address"]),
        st.sampled_from([None, "+49 221 4711", "-"]),
        st.sampled_from([None, "1 High Street"]),
        st.lists(_statements, max_size=3).map(tuple),
        st.lists(_sales, max_size=3).map(tuple),
    ),
    st.builds(Hear, _cues, st.integers(0, 40)),
    st.builds(Send, st.sampled_from([State.SENT, State.RETRY, State.BOUNCED, State.AMBIGUOUS])),
)
lives = st.lists(_steps, max_size=40)


@dataclass
class Life:
    """A person, and every message that was ever decided, with the person as it was then."""

    person: Person
    decided: list[tuple[Message, Person]]


def live(steps: list[Step]) -> Life:
    life = Life(Person("c1"), [])
    heard: set[str] = set()
    now = day(0)
    for number, step in enumerate(steps):
        match step:
            case Learn(email, phone, place, said, sold):
                told = Profile(email=email, phone=phone, address=place)
                known = KnownProfile(at=now, id=f"p{number}", source="shop", profile=told)
                life.person = replace(
                    life.person,
                    profiles=(*life.person.profiles, known),
                    ledger=Ledger((*life.person.ledger.statements, *said), (*life.person.ledger.sales, *sold)),
                )
            case Hear(cue, days_later):
                now += days_later * DAY
                if cue.id not in heard:
                    heard.add(cue.id)
                    hear(life, cue, now)
            case Send(state):
                life.person = replace(life.person, messages=dispatched(life.person.messages, state))
    return life


def hear(life: Life, cue: Cue, now: int) -> None:
    """Decide, and check what must hold after each decision."""
    decision = decide(cue, life.person, Moment(now), BOOK)
    life.decided += [(message, life.person) for message in decision.messages]
    life.person = after(life.person, decision)
    if isinstance(cue, RungPromoted):
        assert {rung for rung in (5, 6, 7) if rung <= cue.data.to} <= life.person.perks
    if isinstance(cue, RungDemoted):
        assert max(life.person.perks, default=0) <= cue.data.to
        calls = [each for each in life.person.messages.values() if each.play == "call" and worth_doing(each, now)]
        assert all(max(each.rungs) <= cue.data.to for each in calls)


def worth_doing(task: Message, now: int) -> bool:
    """A task that has expired is for the lane to end, whatever else comes."""
    return task.state in UNSENT and (task.expires_at is None or task.expires_at > now)


def dispatched(messages: dict[str, Message], state: State) -> dict[str, Message]:
    return {
        key: msgspec.structs.replace(each, state=state) if each.state in UNSENT else each
        for key, each in messages.items()
    }


@given(lives)
def test_nobody_is_written_to_without_address_and_basis(steps: list[Step]) -> None:
    """Every message that may go out had both when it was decided."""
    for message, person in live(steps).decided:
        if message.state is State.PENDING:
            found = basis(person.ledger, asked_by(message, reached(message, person)), None)
            assert isinstance(found, Basis)
            assert message.basis == found.ground


def reached(message: Message, person: Person) -> str:
    """Where the message goes, which must be known of the person."""
    known = newest_profile(person.profiles, None)
    if message.way is Way.MAIL:
        assert address(known) == "anna@example.org"
        return "anna@example.org"
    if message.channel is Channel.PHONE:
        assert known.phone == "+49 221 4711"
        return known.phone
    assert (message.channel, known.address) == (Channel.POST, "1 High Street")
    return "1 High Street"


@given(lives)
def test_a_letter_is_written_only_to_whom_must_not_be_called(steps: list[Step]) -> None:
    """By the order of preference: the first channel on which the person may be reached."""
    for message, person in live(steps).decided:
        if message.state is State.PENDING and message.channel is Channel.POST:
            call = msgspec.structs.replace(message, channel=Channel.PHONE)
            number = phone(newest_profile(person.profiles, None))
            assert number is None or isinstance(basis(person.ledger, asked_by(call, number), None), Reason)


@given(lives)
def test_every_decision_is_recorded_once(steps: list[Step]) -> None:
    """One message per (person, play, cause), and what is held back says why."""
    life = live(steps)

    counts = Counter((message.person, message.play, message.cause) for message, _ in life.decided)

    assert set(counts.values()) <= {1}
    assert set(life.person.messages) == {message.id for message, _ in life.decided}
    assert all((each.state is State.HELD_BACK) == (each.reason is not None) for each in life.person.messages.values())


@given(lives)
def test_nobody_is_thanked_twice_for_a_rung_within_a_year(steps: list[Step]) -> None:
    """Of any two thank-yous that were not held back and are about one rung, 365 days lie between."""
    thanks = [
        each
        for each in live(steps).person.messages.values()
        if each.mail == Mail.THANK_YOU and each.state is not State.HELD_BACK
    ]

    for each in thanks:
        for other in thanks:
            assert each.id == other.id or each.rungs != other.rungs or abs(each.at - other.at) >= 365 * DAY


@given(lives)
def test_no_mail_tells_of_perks_what_is_not_so(steps: list[Step]) -> None:
    """What may still go out tells neither of a perk that is gone nor of the end of one that is there."""
    person = live(steps).person

    for message in person.messages.values():
        if message.state in UNSENT and message.mail == Mail.PERK_GRANTED:
            assert set(message.rungs) <= person.perks
        if message.state in UNSENT and message.mail == Mail.PERK_WITHDRAWN:
            assert not set(message.rungs) & person.perks
