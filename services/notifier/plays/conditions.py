"""Whether what was said, and the person it was said of, are as a play wants them. Pure."""

from collections.abc import Mapping
from typing import Any

from services.notifier.plays.book import Audience, Bounds, Test, plain
from shared.events import Profile, Standing


def holds(where: Mapping[str, Test], data: Mapping[str, Any]) -> bool:
    """Whether the data of an announcement or fact pass every test; `to.stage` is the member `stage` of `to`."""
    return all(_passes(test, _member(data, path)) for path, test in where.items())


def _member(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def _passes(test: Test, value: Any) -> bool:
    match test:
        case Bounds():
            number = 0 if value is None else value
            if test.none_of and _plain(number) in {_plain(each) for each in test.none_of}:
                return False
            if test.min is None and test.max is None:
                return True
            if not isinstance(number, int | float):
                return False
            return (test.min is None or number >= test.min) and (test.max is None or number <= test.max)
        case _:
            return _plain(value) in {_plain(each) for each in test}


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value


def meant(audience: Audience, standing: Standing | None, profile: Profile, day: str) -> bool:
    """Whether a play is for somebody who stands there; `day` (YYYY-MM-DD) tells which groups have run out."""
    if audience.groups and not _in_a_group(audience, profile, day):
        return False
    if not (audience.rungs or audience.phases or audience.stages):
        return True
    return standing is not None and (
        (not audience.rungs or standing.rung in audience.rungs)
        and (not audience.phases or standing.phase in audience.phases)
        and (not audience.stages or standing.stage in audience.stages)
    )


def _in_a_group(audience: Audience, profile: Profile, day: str) -> bool:
    wanted = {_plain(name) for name in audience.groups}
    return any(
        _plain(group.name) in wanted and (group.until is None or group.until[:10] >= day)
        for group in profile.groups or []
    )
