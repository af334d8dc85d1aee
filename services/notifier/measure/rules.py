"""The measure as data: how often, at which hours, and by which channel first; read from `measure.toml`."""

import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from services.notifier.message import Channel, Purpose
from shared.instants import HOUR
from shared.settings import RefusedError

Count = Annotated[int, Meta(ge=0, le=10_000)]
Rung = Annotated[int, Meta(ge=1, le=7)]


class _Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Cap(_Data, frozen=True, kw_only=True):
    """At most so many messages per calendar day, week (from Monday) and month in the person's time zone.

    What is left out is not limited; 0 means never. For these rungs (none named: all), by this channel (none named: all
    together) and for this purpose. Service has no cap.
    """

    rungs: tuple[Rung, ...] = ()
    channel: Channel | None = None
    purpose: Purpose = Purpose.MARKETING
    per_day: Count | None = None
    per_week: Count | None = None
    per_month: Count | None = None

    def __post_init__(self) -> None:
        if self.purpose is Purpose.SERVICE:
            raise ValueError("service has no cap")


class Quiet(_Data, frozen=True, kw_only=True, rename={"from_": "from"}):
    """From then to then, and perhaps all Sunday, advertising by these channels waits.

    What would have to wait longer than `expires_hours` is not sent.
    """

    channels: Annotated[tuple[Channel, ...], Meta(min_length=1)]
    from_: time | None = None
    to: time | None = None
    sundays: bool = False
    expires_hours: Annotated[int, Meta(ge=1, le=720)] = 48

    def __post_init__(self) -> None:
        if (self.from_ is None) != (self.to is None):
            raise ValueError("quiet hours have a beginning and an end: from and to")
        if any(each is not None and each.tzinfo for each in (self.from_, self.to)):
            raise ValueError("quiet hours are those of the person's own time zone")

    @property
    def expires(self) -> int:
        """µs."""
        return self.expires_hours * HOUR


class Measure(_Data, frozen=True, kw_only=True):
    """All of it; `order`: the channels from the first to the last choice, where the person has none."""

    version: int = 1
    cap: tuple[Cap, ...] = ()
    quiet: tuple[Quiet, ...] = ()
    order: tuple[Channel, ...] = tuple(Channel)

    def __post_init__(self) -> None:
        if len(set(self.order)) < len(self.order):
            raise ValueError("order names a channel twice")


NO_MEASURE: Final = Measure()


def read_measure(path: Path) -> Measure:
    """The measure in this file. Raises RefusedError with one line for the operator."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Measure)
    except (OSError, ValueError) as error:
        raise RefusedError(f"MEASURE_FILE: {path}: {error}") from error
