"""Purchase days: the calendar days of the shop's time zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared import instants
from shared.instants import DAY

DayOf = Callable[[int], tuple[int, int]]
"""The calendar day of an instant: its number (days since 1970-01-01) and the instant at which it began."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).date()


def day_of(time_zone: str) -> DayOf:
    """How to find the day in this zone; raises ValueError or ZoneInfoNotFoundError for an unknown one."""
    zone = ZoneInfo(time_zone)
    return _utc if time_zone in {"UTC", "Etc/UTC"} else _Zoned(zone)


def _utc(at: int) -> tuple[int, int]:
    day = at // DAY
    return day, day * DAY


class _Zoned:
    """Remembers for each UTC day the local days it touches: two at most, for nowhere is the clock a day off."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._touched: dict[int, tuple[tuple[int, int], tuple[int, int]]] = {}

    def __call__(self, at: int) -> tuple[int, int]:
        number = at // DAY
        touched = self._touched.get(number)
        if touched is None:
            touched = self._touched[number] = self._look_up(number)
        return touched[0] if at < touched[1][1] else touched[1]

    def _look_up(self, number: int) -> tuple[tuple[int, int], tuple[int, int]]:
        begin = number * DAY
        return self._local(begin), self._local(begin + DAY - 1)

    def _local(self, at: int) -> tuple[int, int]:
        local = instants.to_datetime(at).astimezone(self._zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        return (local.date() - _EPOCH) // timedelta(days=1), instants.from_datetime(midnight.astimezone(UTC))
