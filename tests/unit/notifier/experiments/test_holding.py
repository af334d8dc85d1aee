"""Who is held out, and that nothing but chance decides it."""

import msgspec
import pytest

from services.notifier.experiments.holding import Arm, Experiments
from services.notifier.experiments.newcombe import Count, wilson
from services.notifier.experiments.trial import Goal, Trial
from services.notifier.experiments.watching import exposures, milestones
from services.notifier.message import Mail, Message, Purpose, Reason, State
from tests.make import day, demoted, lapsed, promoted

PEOPLE = [f"c{number}" for number in range(4_000)]


def trials(secret: bytes = b"secret", control: float = 0.0, **shares: float) -> Experiments:
    made = {play: Trial(held_out=share, goal=Goal.REPEAT_PURCHASE, window_days=60) for play, share in shares.items()}
    return Experiments(secret, control, made)


def message(person: str = "c1", **more: object) -> Message:
    plain = Message(id="m", person=person, play="win_back", mail=Mail.WIN_BACK, cause="x", cause_at=day(0), at=day(1))
    return msgspec.structs.replace(plain, **more)


def held_out(of: Experiments, play: str = "win_back") -> set[str]:
    return {person for person in PEOPLE if of.arm(person, play) is Arm.HELD_OUT}


def test_about_the_share_is_held_out_and_always_the_same_people() -> None:
    """By person and play; another secret draws others."""
    drawn = held_out(trials(win_back=0.1))

    low, high = wilson(Count(400, 4_000), 4)
    assert low < len(drawn) / 4_000 < high
    assert drawn == held_out(trials(win_back=0.1))
    assert drawn != held_out(trials(b"another", win_back=0.1))


def test_plays_draw_independently() -> None:
    """Who is held out of one play is so of another no more often than anybody."""
    both = trials(win_back=0.5, thank_you=0.5)
    low, high = wilson(Count(1_000, 4_000), 4)

    assert low < len(held_out(both) & held_out(both, "thank_you")) / 4_000 < high


def test_a_greater_share_keeps_everybody_who_was_held_out() -> None:
    """So a trial goes on when its share is raised."""
    assert held_out(trials(win_back=0.1)) < held_out(trials(win_back=0.2))


def test_a_play_without_a_trial_holds_nobody_out() -> None:
    """And neither does a share of nothing."""
    assert not held_out(trials()) | held_out(trials(win_back=0.0))


def test_the_control_group_gets_no_advertising_of_any_play() -> None:
    """But service, which is owed to everybody."""
    all_in = trials(control=1.0)

    assert {all_in.arm("c1", play) for play in ("win_back", "anything")} == {Arm.CONTROL}
    assert all_in.weighed(message()).reason is Reason.HELD_OUT
    assert all_in.weighed(message(purpose=Purpose.SERVICE)).state is State.PENDING


@pytest.mark.parametrize("reason", [Reason.NO_BASIS, Reason.TOO_OLD])
def test_what_is_held_back_anyway_is_not_called_held_out(reason: Reason) -> None:
    """Both groups are people who could have been written to."""
    held_back = message().held_back(reason)
    everybody = trials(win_back=0.9)

    assert everybody.weighed(held_back) == held_back
    assert [*exposures(everybody, [held_back])] == []


def test_both_groups_are_watched_from_the_message_on() -> None:
    """Whether it is sent or not; what is no advertising or not on trial is not watched."""
    half = trials(win_back=0.5)
    decided = [half.weighed(message(person)) for person in PEOPLE[:50]]

    seen = {each.person: each for each in exposures(half, decided)}

    assert {*seen} == {*PEOPLE[:50]}
    assert {each.person for each in decided if each.reason is Reason.HELD_OUT} == {
        person for person, each in seen.items() if each.arm == Arm.HELD_OUT
    }
    assert {each.at for each in seen.values()} == {day(1)}
    assert [*exposures(half, [message(purpose=Purpose.SERVICE), message(play="thank_you")])] == []


def test_rises_and_lapses_are_what_goals_are_about() -> None:
    """A fall is not."""
    cues = [promoted(day(1), 5), demoted(day(2), 4), lapsed(day(3))]

    assert [(each.kind, each.at) for each in milestones(cues)] == [("promotion", day(1)), ("lapse", day(3))]
