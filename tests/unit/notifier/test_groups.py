"""Groups of a profile: proven and not run out they begin their plays once for each proof, and the end is told ahead."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.mail import Composer
from services.notifier.message import Message, State
from services.notifier.plays import groups
from services.notifier.plays.groups import GROUP, Seal, proven
from services.notifier.plays.moments import GROUP_ENDING, GROUP_JOINED
from services.notifier.plays.occasions import noted_besides
from services.notifier.plays.person import Moment, Person, after
from services.notifier.plays.reading import parse_book, read_book
from services.notifier.profile import KnownProfile
from services.notifier.settings import NotifierSettings
from services.notifier.turn import Manner, Turn
from shared import instants
from shared.events import Group, Profile
from shared.instants import DAY
from tests.make import day
from tests.unit.notifier.people import willing

SETTINGS = NotifierSettings()
BOOK = read_book(SETTINGS.plays_file)
SEAL = Seal(b"secret", ZoneInfo("Europe/Berlin"))


def students(until: str | None = None, proof: str | None = "card seen", name: str = "students") -> Group:
    return Group(name=name, proof=proof, until=until)


def known(at: int, *shown: Group, id_: str = "p") -> KnownProfile:
    return KnownProfile(at=at, id=id_, source="shop", profile=Profile(email="anna@example.org", groups=[*shown]))


class Life:
    """A person by the wall clock: only the newest profile is known."""

    def __init__(self) -> None:
        self.person = willing()

    def told(self, profile: KnownProfile, now: int | None = None) -> None:
        """As the lane does: keep it, and note when to look."""
        self.person = replace(self.person, profiles=(profile,))
        for _, mark in groups.noted([("c1", profile)], now or profile.at):
            new = noted_besides(self.person.marks.get(GROUP), mark)
            assert new is not None
            self.person = replace(self.person, marks={GROUP: new})

    def swept(self, now: int) -> list[tuple[str, State]]:
        """The plays that began as time passed, with the state of their messages."""
        decision = groups.keep(self.person, Moment(now), BOOK, SEAL)
        self.person = after(self.person, decision)
        assert all(mark.due_at is None or mark.due_at > now for mark in self.person.marks.values())
        return [(each.play, each.state) for each in decision.messages]


SENT = [("group_welcome", State.PENDING)]
ASKED = [("group_ending", State.PENDING)]


def test_a_group_is_welcomed_once_and_asked_for_a_new_proof_before_its_end() -> None:
    """However often the profile is told; the new proof is welcomed as well, and puts the end off."""
    life = Life()
    for hour in range(3):
        life.told(known(day(0) + hour, students("2024-06-30"), id_=f"p{hour}"))
        assert life.swept(day(1)) == (SENT if hour == 0 else [])
    assert life.swept(day(100)) == []
    assert life.swept(instants.parse("2024-05-31T06:59:59Z")) == []
    assert life.swept(instants.parse("2024-05-31T09:00:00Z")) == ASKED
    life.told(known(day(160), students("2025-06-30")))
    assert life.swept(day(160)) == SENT
    assert life.swept(day(300)) == []


def test_a_proof_that_was_renewed_in_time_is_not_asked_for() -> None:
    """What the profile says when it is time is what counts."""
    life = Life()
    life.told(known(day(0), students("2024-06-30")))
    life.swept(day(0))
    life.told(known(day(10), students("2025-06-30")))
    life.swept(day(10))

    assert life.swept(instants.parse("2024-05-31T09:00:00Z")) == []
    assert life.swept(instants.parse("2025-05-31T09:00:00Z")) == ASKED


@pytest.mark.parametrize(
    "group",
    [
        students(proof=None),
        students(proof="  "),
        students("2023-12-31"),
        students("next summer"),
        students("2024-13-01"),
        students(name=" "),
        students(name="x" * 201),
    ],
)
def test_what_is_not_proven_or_has_run_out_begins_nothing(group: Group) -> None:
    """Nor does an end that cannot be read."""
    life = Life()
    life.told(known(day(1), group))

    assert life.swept(day(1)) == []


def test_the_last_day_still_counts_where_the_shop_is() -> None:
    """Until midnight there; some shops write the last day there is for a proof that never ends."""
    end = instants.parse("2024-03-31T22:00:00Z")  # summer time began that day
    for now, began in ((end - 1, SENT), (end, [])):
        life = Life()
        life.told(known(now, students("2024-03-31")))
        assert life.swept(now) == began
    (found,) = proven(Profile(groups=[students("9999-12-31")]), SEAL.zone)
    assert found.ends_at is None


def test_a_proof_told_long_ago_is_no_news_and_its_end_is() -> None:
    """As in a history that was loaded: nobody is welcomed after months."""
    life = Life()
    life.told(known(day(0), students("2024-12-31")), now=day(100))

    assert life.swept(day(100)) == []
    assert life.swept(instants.parse("2024-12-01T12:00:00Z")) == ASKED


def test_a_proof_that_is_shorter_than_the_notice_is_not_asked_for_at_once() -> None:
    """Who has just shown it is welcomed and nothing else."""
    life = Life()
    life.told(known(day(0), students("2024-01-15")))

    assert [life.swept(day(at)) for at in (0, 5, 14, 20)] == [SENT, [], [], []]


def test_of_a_group_told_twice_the_longer_proof_counts() -> None:
    """Whatever its spelling; and of several groups each is welcomed."""
    shown = [students("2024-06-30"), students("2024-12-31", name=" Students "), students("2024-03-01"), *teachers()]
    found = proven(Profile(groups=shown), SEAL.zone)

    assert [(each.name, each.data["until"]) for each in found] == [("Students", "2024-12-31"), ("teachers", None)]
    life = Life()
    life.told(known(day(0), *shown))
    assert life.swept(day(0)) == SENT * 2


def teachers() -> list[Group]:
    return [students(name="teachers")]


def test_a_play_may_be_for_certain_groups() -> None:
    """By name, as the profile tells it."""
    book = parse_book("""
version = 1
[[play]]
id = "for_teachers"
on = ["moment.group_joined"]
where = { group = ["Teachers"] }
max_age_days = 14
[[play.step]]
do = "wait_for_end"
days_before = 7
[[play.step]]
do = "send"
mail = "group_ending"
""")
    profile = known(day(0), students("2024-06-30"), students("2024-08-31", name="teachers"))
    (_, mark), *_ = groups.noted([("c1", profile)], day(0))
    person = replace(willing(), profiles=(profile,), marks={GROUP: mark})

    (run,) = groups.keep(person, Moment(day(0)), book, SEAL).runs

    assert (run.play, instants.text(run.due_at or 0)) == ("for_teachers", "2024-08-24T22:00:00Z")


def test_what_is_told_to_others_names_no_group() -> None:
    """The cause is of no use to who does not know the profile, and is another for everybody."""
    (found,) = proven(Profile(groups=[students("2024-06-30", name="disabled")]), SEAL.zone)
    causes = {SEAL.cause(GROUP_JOINED, who, found) for who in ("c1", "c2")}

    assert len(causes) == 2
    assert not any("disabled" in each or "2024" in each for each in causes)


# -- what goes out -----------------------------------------------------------------------------------------------


def written(cause: str, mail: str, profile: Profile, language: str) -> str:
    message = Message(id="m", person="c1", play="group_welcome", mail=mail, cause=cause, cause_at=day(0), at=day(0))
    told = msgspec.structs.replace(message, id="00000000-0000-0000-0000-000000000000")
    reader = msgspec.structs.replace(profile, language=language)
    return Composer(SETTINGS, BOOK, SEAL.secret).text(told, reader, None).plain


def test_the_mail_names_the_group_and_its_end() -> None:
    """As the book calls it, else as the shop does; a proof that is not in the profile any more is not named."""
    seal = SEAL._replace(zone=SETTINGS.zone)
    profile = Profile(groups=[students("2024-06-30"), students(name="Chorleiter")])
    own, choir = proven(profile, seal.zone)

    joined, ending = seal.cause(GROUP_JOINED, "c1", own), seal.cause(GROUP_ENDING, "c1", own)
    assert "für die Gruppe „Studierende“" in written(joined, "group_welcome", profile, "de")
    assert "good until 30 June 2024 only" in written(ending, "group_ending", profile, "en")
    for_choir = seal.cause(GROUP_JOINED, "c1", choir)
    assert "group “Chorleiter” has reached us and is in order.\n\nAny" in written(
        for_choir, "group_welcome", profile, "en"
    )
    assert "Your proof is good for a short time only" in written(ending, "group_ending", Profile(), "en")


def played(*profiles: KnownProfile, until: int) -> Turn:
    """A history in which these profiles are told, up to that instant."""
    person = replace(willing(), profiles=profiles)
    for _, mark in groups.noted([("c1", each) for each in profiles], None):
        new = noted_besides(person.marks.get(GROUP), mark)
        person = replace(person, marks={GROUP: new} if new else {})
    manner = Manner(BOOK, SEAL.secret, 1, "EUR", 2, by_facts=True, history=False, zone=SEAL.zone)
    turn = Turn(manner, 0, until, None)
    persons: dict[str, Person] = {"c1": person}
    turn.sweep(until, persons)
    return turn


def test_while_a_history_is_played_everything_comes_at_its_own_instant() -> None:
    """Also what is told in one batch, where the newest profile is not known yet; the offer ends with the proof."""
    turn = played(
        known(day(0), students("2024-06-30"), id_="p"),
        known(day(50), students("2024-06-30"), *teachers(), id_="q"),
        known(day(170), students("2025-06-30"), *teachers(), id_="r"),
        until=day(400),
    )

    assert [(each.play, instants.text(each.at)[:16]) for each in turn.messages] == [
        ("group_welcome", "2024-01-01T00:00"),
        ("group_welcome", "2024-02-20T00:00"),
        ("group_ending", "2024-05-31T07:00"),
        ("group_welcome", "2024-06-19T00:00"),
    ]
    assert [each.ends_at and instants.text(each.ends_at) for each in turn.wanted] == [
        "2024-06-30T22:00:00Z",
        None,
        "2025-06-30T22:00:00Z",
    ]


_groups = st.builds(
    students,
    st.none() | st.sampled_from(["2024-02-01", "2024-05-01", "2025-01-01"]),
    st.sampled_from(["seen", None]),
    st.sampled_from(["students", "Teachers", "military"]),
)
_steps = st.lists(st.tuples(st.integers(0, 30), st.none() | st.lists(_groups, max_size=4)), max_size=20)


@given(_steps)
def test_no_proof_is_welcomed_or_asked_for_twice(steps: list[tuple[int, list[Group] | None]]) -> None:
    """Whatever is told and whenever it is looked; and only what stands."""
    life, now = Life(), day(0)
    for number, (days, shown) in enumerate(steps):
        now += days * DAY
        if shown is not None:
            life.told(known(now, *shown, id_=f"p{number}"))
        before = set(life.person.messages)
        life.swept(now)
        standing = proven(life.person.profile(Moment(now)), SEAL.zone)
        for key in life.person.messages.keys() - before:
            message = life.person.messages[key]
            found = SEAL.opened(message.cause, "c1", life.person.profile(Moment(now)))
            assert found in standing
            assert found is not None
            assert found.ends_at is None or found.ends_at > now
    causes = [(each.play, each.cause) for each in life.person.messages.values()]
    assert len(causes) == len(set(causes))
