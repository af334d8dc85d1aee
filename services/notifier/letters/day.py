"""The day with which a letter goes. Pure."""

from collections.abc import Set
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from shared import instants


def day_of(goes_at: int, zone: ZoneInfo, closed: Set[date]) -> date:
    """That on which it may go at the earliest, in the shop's time zone, or the next that is not closed."""
    day = instants.to_datetime(goes_at).astimezone(zone).date()
    while day in closed:
        day += timedelta(days=1)
    return day
