"""The geometry of the pictures; templates draw it as SVG. Lengths are in the picture's own units."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Final, NamedTuple

from services.ladder.core.rules import Rules
from services.ladder.core.standing import FOREVER, PHASE_OF, RUNGS, Standing
from shared.instants import DAY

# -- the ladder --------------------------------------------------------------------------------------------------

BAR: Final = 400.0
"""The length of the longest rung."""
_SEEN: Final = 2.0
"""So much at least is drawn of whatever is there, or nobody would see it."""


class Segment(NamedTuple):
    """The people of a rung who are in one stage."""

    stage: str
    people: int
    x: float
    width: float


class Step(NamedTuple):
    """One rung."""

    number: int
    key: str
    people: int
    segments: list[Segment]


def steps(places: Mapping[tuple[int, str], int]) -> list[Step]:
    """The rungs from the highest down, from the number of people by (rung, stage); lengths are to one scale."""
    people = [sum(places.get((number, stage), 0) for stage in PHASE_OF) for number in range(1, len(RUNGS) + 1)]
    most = max(*people, 1)
    return [
        Step(number, RUNGS[number - 1], people[number - 1], _segments(number, places, most))
        for number in range(len(RUNGS), 0, -1)
    ]


def _segments(number: int, places: Mapping[tuple[int, str], int], most: int) -> list[Segment]:
    found: list[Segment] = []
    x = 0.0
    for stage in PHASE_OF:
        if people := places.get((number, stage), 0):
            width = max(_SEEN, BAR * people / most)
            found.append(Segment(str(stage), people, round(x, 2), round(width, 2)))
            x += width
    return found


# -- the chance of another order ---------------------------------------------------------------------------------

WIDTH: Final = 720.0
HEIGHT: Final = 240.0
_POINTS: Final = 96


class Mark(NamedTuple):
    """A moment on the curve, with what it is called."""

    name: str
    at: int
    x: float


class Curve(NamedTuple):
    """The chance over time as an SVG path, moments on it, and what the axes say."""

    path: str
    marks: list[Mark]
    begin: int
    end: int
    top: float
    """The share that the upper edge stands for."""
    now: tuple[float, float]
    """Where the curve is now."""


class _Day(NamedTuple):
    midnight: int
    x: int
    """Purchase days before this one."""
    days: int
    """Days from the first purchase day to this one."""


def curve(standing: Standing, falls_at: int | None, now: int, rules: Rules) -> Curve | None:
    """The chance from the oldest order that is remembered to a while after silence; None before the first order.

    `falls_at`: when the person falls if nothing more is heard.
    """
    days = _days(standing, rules)
    if not days:
        return None
    begin, end = days[0].midnight, _end(standing, now)
    samples = _samples(days, begin, end, rules)
    top = min(1.0, ceil(max(share for _, share in samples) * 10) / 10)
    marks = [Mark("order_mark", day.midnight, _x(day.midnight, begin, end)) for day in days]
    ahead = (("risk_at", standing.risk_at), ("silence_at", standing.silence_at), ("falls_mark", falls_at or FOREVER))
    marks += [Mark(name, at, _x(at, begin, end)) for name, at in ahead if begin <= at <= end]
    marks.append(Mark("now_mark", now, _x(now, begin, end)))
    here = rules.churn.chance(days[-1].x, days[-1].days, max(0, now - days[-1].midnight))
    return Curve(
        path=_path(samples, begin, end, top),
        marks=marks,
        begin=begin,
        end=end,
        top=top,
        now=(_x(now, begin, end), _y(here, top)),
    )


def _days(standing: Standing, rules: Rules) -> list[_Day]:
    """The purchase days among the newest orders, oldest first."""
    found = sorted({rules.day_of(at) for at in standing.order_ats})
    before = standing.purchase_days - len(found)
    return [
        _Day(midnight, max(0, before + place), number - standing.first_day)
        for place, (number, midnight) in enumerate(found)
    ]


def _end(standing: Standing, now: int) -> int:
    """A tenth beyond silence, or beyond now if that is later."""
    last = standing.last_midnight
    silent = standing.silence_at if standing.silence_at < FOREVER else last + 365 * DAY
    return max(silent + (silent - last) // 10, now + (now - last) // 10, last + 30 * DAY)


def _samples(days: Sequence[_Day], begin: int, end: int, rules: Rules) -> list[tuple[int, float]]:
    """(instant, chance): at each order it jumps, in between it sinks."""
    samples: list[tuple[int, float]] = []
    ends = [*(day.midnight for day in days[1:]), end]
    for day, until in zip(days, ends, strict=True):
        points = max(2, round(_POINTS * (until - day.midnight) / max(1, end - begin)))
        for place in range(points + 1):
            elapsed = (until - day.midnight) * place // points
            samples.append((day.midnight + elapsed, rules.churn.chance(day.x, day.days, elapsed)))
    return samples


def _path(samples: Sequence[tuple[int, float]], begin: int, end: int, top: float) -> str:
    return "M" + "L".join(f"{_x(at, begin, end)} {_y(share, top)}" for at, share in samples)


def _x(at: int, begin: int, end: int) -> float:
    return round(WIDTH * (at - begin) / max(1, end - begin), 1)


def _y(share: float, top: float) -> float:
    return round(HEIGHT * (1 - share / top), 1)


# -- figures over time -------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """One line: its number (which names its colour), what it is called, its path, and the points without neighbours."""

    number: int
    name: str
    path: str
    dots: list[tuple[float, float]]


class Lines(NamedTuple):
    """Some lines on one scale from 0 to `top`."""

    lines: list[Line]
    top: float


def lines(series: Mapping[str, Sequence[float | None]]) -> Lines | None:
    """The lines of these series, all from the same begin, one step each; None where there is nothing to draw."""
    values = [value for each in series.values() for value in each if value is not None]
    if not values:
        return None
    steps = max(max(len(each) for each in series.values()) - 1, 1)
    top = max(*values, 0.0) or 1.0
    return Lines([_line(number, name, each, steps, top) for number, (name, each) in enumerate(series.items())], top)


def _line(number: int, name: str, series: Sequence[float | None], steps: int, top: float) -> Line:
    points = [
        None if value is None else (round(WIDTH * place / steps, 1), _y(max(0.0, value), top))
        for place, value in enumerate(series)
    ]
    stretches = list(_stretches(points))
    path = "".join("M" + "L".join(f"{x} {y}" for x, y in each) for each in stretches if len(each) > 1)
    return Line(number, name, path, [each[0] for each in stretches if len(each) == 1])


def _stretches(points: Iterable[tuple[float, float] | None]) -> Iterable[list[tuple[float, float]]]:
    """What lies between gaps."""
    stretch: list[tuple[float, float]] = []
    for point in points:
        if point is not None:
            stretch.append(point)
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch
