"""When, how often and by which channel somebody is written to."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.consent import Asked, Basis, Ledger, basis
from services.notifier.measure.measured import Circumstances, measured, zone_of
from services.notifier.measure.preference import first_permitted, order
from services.notifier.measure.rules import Cap, Measure, Quiet, read_measure
from services.notifier.measure.when import Go, Taken, Wish, when
from services.notifier.message import Channel, Message, Purpose, Reason, State
from services.notifier.settings import NotifierSettings
from shared import instants
from shared.events import Profile
from shared.instants import DAY, HOUR
from shared.settings import RefusedError
from tests.make import day
from tests.unit.notifier.people import consent, expressed

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Quiet(channels=(Channel.EMAIL,), from_=time(20), to=time(8), sundays=True, expires_hours=24)


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    """The instant of that local time."""
    return instants.from_datetime(datetime.fromisoformat(text).replace(tzinfo=zone))


def wish(now: int, purpose: Purpose = Purpose.MARKETING, priority: int = 50) -> Wish:
    return Wish(Channel.EMAIL, purpose, priority, now)


def went(instant: int, id_: str = "a", *, priority: int = 50, is_open: bool = False) -> Taken:
    return Taken(id_, Channel.EMAIL, Purpose.MARKETING, instant, priority, is_open)


def asked(now: int, measure: Measure, *taken: Taken, rung: int = 4, **more: int) -> Go | Reason:
    return when(wish(now, **more), taken, rung, BERLIN, measure, now)  # type: ignore[arg-type] # priority alone


def capped(**limits: int) -> Measure:
    return Measure(cap=(Cap(channel=Channel.EMAIL, **limits),))  # type: ignore[arg-type] # numbers alone


# -- caps --------------------------------------------------------------------------------------------------------


def test_unset_means_no_limit_and_0_means_never() -> None:
    """Service has none."""
    now = at("2024-03-06T12:00")

    assert asked(now, Measure(), *(went(now, str(n)) for n in range(99))) == Go(now)
    assert asked(now, capped(per_day=0)) is Reason.CAPPED
    assert when(wish(now, Purpose.SERVICE), (), 4, BERLIN, capped(per_day=0), now) == Go(now)


@pytest.mark.parametrize(
    ("limits", "inside", "outside"),
    [
        ({"per_day": 1}, "2024-03-31T00:00", "2024-03-30T23:59"),
        ({"per_week": 1}, "2024-03-25T00:00", "2024-03-24T23:59"),
        ({"per_month": 1}, "2024-03-01T00:00", "2024-02-29T23:59"),
    ],
)
def test_days_weeks_and_months_are_those_of_the_persons_calendar(
    limits: dict[str, int], inside: str, outside: str
) -> None:
    """Also on the day that has 23 hours."""
    now = at("2024-03-31T23:30")

    assert asked(now, capped(**limits), went(at(inside))) is Reason.CAPPED
    assert asked(now, capped(**limits), went(at(outside))) == Go(now)


def test_a_cap_is_for_its_rungs_its_channel_and_its_purpose() -> None:
    """One without a channel is for all together."""
    now = at("2024-03-06T12:00")
    letter = Taken("l", Channel.POST, Purpose.MARKETING, now)
    service = Taken("s", Channel.EMAIL, Purpose.SERVICE, now)
    low = Measure(cap=(Cap(rungs=(1, 2, 3), per_day=1),))

    assert asked(now, low, letter, rung=3) is Reason.CAPPED
    assert asked(now, low, letter, rung=4) == Go(now)
    assert asked(now, capped(per_day=1), letter, service) == Go(now)


def test_the_higher_priority_gets_the_slot() -> None:
    """As long as the other has not gone; of equals the first keeps it."""
    now = at("2024-03-06T12:00")
    one = capped(per_day=1)

    assert asked(now, one, went(now, is_open=True), priority=60) == Go(now, ("a",))
    assert asked(now, one, went(now, is_open=True), priority=50) is Reason.OUTRANKED
    assert asked(now, one, went(now), priority=60) is Reason.CAPPED


# -- quiet hours -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2024-03-06T19:59", "2024-03-06T19:59"),
        ("2024-03-06T20:00", "2024-03-07T08:00"),
        ("2024-03-07T07:59", "2024-03-07T08:00"),
        ("2024-03-07T08:00", "2024-03-07T08:00"),
        ("2024-10-26T19:59", "2024-10-26T19:59"),
    ],
)
def test_quiet_hours_delay(now: str, until: str) -> None:
    """To their end, in the person's time zone."""
    assert asked(at(now), Measure(quiet=(NIGHT,))) == Go(at(until))


def test_what_would_wait_too_long_is_not_sent() -> None:
    """Saturday night to Monday morning is 36 hours, with an hour fewer or more where the clocks change."""
    night = at("2024-03-30T20:00")
    longer = msgspec.structs.replace(NIGHT, expires_hours=35)

    assert asked(night, Measure(quiet=(NIGHT,))) is Reason.QUIET_HOURS
    assert asked(night, Measure(quiet=(longer,))) == Go(at("2024-04-01T08:00"))


def test_quiet_is_for_its_channels() -> None:
    """And service does not wait."""
    now = at("2024-03-06T23:00")
    calls = Measure(quiet=(msgspec.structs.replace(NIGHT, channels=(Channel.PHONE,)),))

    assert asked(now, calls) == Go(now)
    assert when(wish(now, Purpose.SERVICE), (), 4, BERLIN, Measure(quiet=(NIGHT,)), now) == Go(now)


def test_a_limit_counts_on_the_day_the_message_goes() -> None:
    """What waits until tomorrow takes tomorrow's slot."""
    measure = Measure(cap=(Cap(per_day=1),), quiet=(NIGHT,))
    evening, morning = at("2024-03-06T21:00"), at("2024-03-07T08:00")

    assert asked(evening, measure, went(at("2024-03-06T10:00"))) == Go(morning)
    assert asked(evening, measure, went(morning, is_open=True)) is Reason.OUTRANKED


# -- applied to decisions ----------------------------------------------------------------------------------------


def message(id_: str, now: int, play: str = "low", **more: object) -> Message:
    plain = Message(id=id_, person="c1", play="win_back", mail="win_back", cause=id_, cause_at=now, at=now)
    return msgspec.structs.replace(plain, play=play, **more)


def around(now: int, *, played: bool = False) -> Circumstances:
    return Circumstances(4, Profile(), now, BERLIN, lambda play: {"low": 10, "high": 90}[play], played)


def test_of_two_decided_at_once_the_more_important_goes() -> None:
    """Whatever their order; the other says why it does not."""
    now = at("2024-03-06T12:00")
    for plays in (("low", "high"), ("high", "low")):
        new = [message(play, now, play) for play in plays]
        done, displaced = measured(new, [], capped(per_day=1), around(now))
        assert {each.id: each.reason for each in done} == {"low": Reason.OUTRANKED, "high": None}
        assert [each.id for each in done] == [*plays]
        assert displaced == []


def test_one_that_waits_makes_room_for_one_that_matters_more() -> None:
    """It has not gone yet; what has gone stays."""
    now = at("2024-03-06T12:00")
    waiting, gone = message("w", now), message("g", now, state=State.SENT)

    done, displaced = measured([message("n", now, "high")], [waiting], capped(per_day=1), around(now))
    assert ([each.reason for each in done], [(each.id, each.reason) for each in displaced]) == (
        [None],
        [("w", Reason.OUTRANKED)],
    )
    done, displaced = measured([message("n", now, "high")], [gone], capped(per_day=1), around(now))
    assert ([each.reason for each in done], displaced) == ([Reason.CAPPED], [])


def test_what_reached_nobody_fills_no_slot() -> None:
    """Held back, refused or given up."""
    now = at("2024-03-06T12:00")
    nowhere = [message(state, now, state=state) for state in (State.HELD_BACK, State.BOUNCED, State.FAILED)]

    done, _ = measured([message("n", now)], nowhere, capped(per_day=1), around(now))
    assert [each.reason for each in done] == [None]


def test_a_persons_time_zone_counts_where_it_is_known() -> None:
    """Else the shop's; what is no zone is none."""
    assert zone_of(Profile(time_zone="Asia/Tokyo"), BERLIN) == ZoneInfo("Asia/Tokyo")
    assert [zone_of(Profile(time_zone=text), BERLIN) for text in (None, "", "nowhere", "../etc")] == [BERLIN] * 4


_steps = st.lists(
    st.tuples(
        st.integers(0, 30 * HOUR),
        st.sampled_from(["low", "high"]),
        st.none() | st.sampled_from(Channel),
        st.sampled_from(Purpose),
        st.booleans(),
    ),
    max_size=30,
)
_limits = st.none() | st.integers(0, 3)
_caps = st.lists(
    st.builds(
        Cap,
        rungs=st.sampled_from([(), (4,), (5,)]),
        channel=st.none() | st.sampled_from(Channel),
        per_day=_limits,
        per_week=_limits,
        per_month=_limits,
    ),
    max_size=3,
)
_quiets = st.lists(
    st.builds(
        Quiet,
        channels=st.sampled_from([(Channel.EMAIL,), tuple(Channel)]),
        from_=st.sampled_from([time(20), time(0), time(13)]),
        to=st.sampled_from([time(8), time(2, 30), time(14)]),
        sundays=st.booleans(),
        expires_hours=st.sampled_from([1, 12, 72]),
    ),
    max_size=2,
)


@given(_steps, _caps, _quiets, st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Apia"]))
def test_no_life_leads_above_a_cap_or_into_quiet_hours(
    steps: Sequence[tuple[int, str, Channel | None, Purpose, bool]], caps: list[Cap], quiets: list[Quiet], zone: str
) -> None:
    """Whatever is wanted when, by whichever plays, sent at once or later; and service is never delayed.

    Nor is what is done in the house, which fills no slot.
    """
    measure = Measure(cap=tuple(caps), quiet=tuple(quiets))
    known: dict[str, Message] = {}
    now = day(80)
    for number, (later, play, channel, purpose, sends) in enumerate(steps):
        now += later
        if sends:
            known = {key: _gone(each, now) for key, each in known.items()}
        new = message(str(number), now, play, channel=channel, purpose=purpose)
        done, displaced = measured(
            [new], [*known.values()], measure, around(now)._replace(profile=Profile(time_zone=zone))
        )
        known |= {each.id: each for each in (*displaced, *done)}

    for each in known.values():
        assert each.channel is not None or (each.due_at, each.state) in {(None, State.PENDING), (None, State.SENT)}
    sent = [each for each in known.values() if each.state is not State.HELD_BACK and each.channel is not None]
    local = {each.id: instants.to_datetime(each.goes_at).astimezone(ZoneInfo(zone)) for each in sent}
    assert all(each.due_at is None for each in sent if each.purpose is Purpose.SERVICE)
    for each in sent:
        for quiet in quiets:
            if each.purpose is Purpose.MARKETING and each.channel in quiet.channels:
                assert not _is_quiet(quiet, local[each.id])
    for cap in caps:
        counted = [
            local[each.id]
            for each in sent
            if each.purpose is Purpose.MARKETING and cap.channel in (None, each.channel) and 4 in (cap.rungs or (4,))
        ]
        assert _most(str(when.date()) for when in counted) <= _limit(cap.per_day)
        assert _most(when.strftime("%G-%V") for when in counted) <= _limit(cap.per_week)
        assert _most(when.strftime("%Y-%m") for when in counted) <= _limit(cap.per_month)


def _gone(each: Message, now: int) -> Message:
    due = each.goes_at
    return msgspec.structs.replace(each, state=State.SENT) if each.state is State.PENDING and due <= now else each


def _is_quiet(quiet: Quiet, local: datetime) -> bool:
    assert quiet.from_ is not None
    assert quiet.to is not None
    clock = local.time()
    inside = quiet.from_ <= clock < quiet.to
    over_midnight = quiet.from_ > quiet.to and (clock >= quiet.from_ or clock < quiet.to)
    return inside or over_midnight or (quiet.sundays and local.isoweekday() == 7)


def _most(names: object) -> int:
    return max(Counter(names).values(), default=0)  # type: ignore[call-overload] # an iterable of texts


def _limit(limit: int | None) -> int:
    return 10_000 if limit is None else limit


# -- by which channel --------------------------------------------------------------------------------------------


def test_the_channel_somebody_asked_for_comes_first() -> None:
    """On the page before the profile, then the shop's order."""
    profile = Profile(preferred_channel="Brief")
    shop = Measure(order=(Channel.EMAIL, Channel.POST, Channel.PUSH))

    assert order(Channel.SMS, profile, shop) == [Channel.SMS, Channel.POST, Channel.EMAIL, Channel.PUSH]
    assert order(None, Profile(preferred_channel="pigeon"), shop) == [*shop.order]


def test_a_channel_without_a_basis_is_passed_over() -> None:
    """If none has one, the first choice says why."""
    ledger = Ledger((consent(), expressed(channel="sms")))

    def permitted(channel: Channel) -> Basis | Reason:
        return basis(ledger, Asked(channel=channel, purpose=Purpose.MARKETING), None)

    found = first_permitted([Channel.PHONE, Channel.SMS, Channel.EMAIL], permitted)
    assert isinstance(found, tuple)
    assert found[0] is Channel.SMS
    assert first_permitted([Channel.PHONE, Channel.POST], permitted) is Reason.NO_BASIS


# -- the file ----------------------------------------------------------------------------------------------------


def test_the_shipped_measure_limits_letters_and_calls(tmp_path: Path) -> None:
    """And says in one line what is wrong with another."""
    shipped = read_measure(NotifierSettings().measure_file)
    assert {cap.channel for cap in shipped.cap} == {Channel.POST, Channel.PHONE, Channel.SMS}
    assert asked(at("2024-03-10T23:00"), shipped) == Go(at("2024-03-10T23:00"))

    for text in ("[[cap]]\nper_year = 1", '[[cap]]\npurpose = "service"', "[[quiet]]\nfrom = 20:00:00", "order = 3"):
        (tmp_path / "measure.toml").write_text(text)
        with pytest.raises(RefusedError, match="MEASURE_FILE"):
            read_measure(tmp_path / "measure.toml")


def test_a_day_is_no_window_of_hours() -> None:
    """Two messages a minute apart, on both sides of midnight, are of two days."""
    midnight = at("2024-03-07T00:00")

    assert asked(midnight, capped(per_day=1), went(midnight - 1)) == Go(midnight)
    assert asked(midnight + DAY - 1, capped(per_day=1), went(midnight)) is Reason.CAPPED
