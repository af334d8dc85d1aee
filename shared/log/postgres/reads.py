"""Reading: what waits to be read, of whichever lane, is read together in one statement."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from shared.log import LostRecordsError
from shared.log.postgres.places import Place, Places
from shared.log.postgres.session import Session
from shared.log.together import Together

# Columns come as arrays: one row per lane is several times cheaper to take apart than one per record.
# A lane gives some 4 MB at most, but one record at least.
_READ: Final = """
select p.first_offset, p.next_offset, r.offsets, r.keys, r.contents
from unnest($1::smallint[], $2::int[], $3::bigint[], $4::int[])
    with ordinality as w (topic, lane, position, size, nth)
left join log.position p on p.topic = w.topic and p.lane = w.lane
left join lateral (
    select array_agg("offset") as offsets, array_agg(key) as keys, array_agg(value) as contents
    from (
        select "offset", key, value,
            sum(octet_length(value)) over (order by "offset" rows unbounded preceding) - octet_length(value) as before
        from log.record
        where topic = w.topic and lane = w.lane and "offset" >= w.position
        order by "offset"
        limit w.size
    ) sized
    where before < 4_000_000
) r on true
order by w.nth
"""

# Records asked for in one statement; a large backlog of one lane must not make the others wait long.
_GROUP: Final = 10_000


class Want(NamedTuple):
    """At most `limit` records of a lane from `position` on."""

    place: Place
    position: int
    limit: int


class Found(NamedTuple):
    """Neighbouring records, column by column, in the order of their offsets."""

    offsets: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes]


class Reads:
    """Reads lanes; those of many readers together."""

    def __init__(self, session: Session, places: Places) -> None:
        self._session = session
        self._places = places
        self._together: Together[Sequence[Want], list[Found | None]] = Together(
            self._fetch, lambda wants: sum(want.limit for want in wants), _GROUP
        )

    async def read(self, wants: Sequence[Want]) -> list[Found]:
        """What was found of each. Raises LostRecordsError, LogUnavailableError."""
        founds = await self._together.do(wants)
        return [_present(want, found) for want, found in zip(wants, founds, strict=True)]

    async def close(self) -> None:
        """Wait a moment for what is under way."""
        await self._together.close()

    async def _fetch(self, group: Sequence[Sequence[Want]]) -> list[list[Found | None]]:
        wants = [want for wants in group for want in wants]
        rows = await self._session.fetch(
            _READ,
            [want.place.topic for want in wants],
            [want.place.lane for want in wants],
            [want.position for want in wants],
            [want.limit for want in wants],
        )
        founds = iter([self._found(want, *row) for want, row in zip(wants, rows, strict=True)])
        return [[next(founds) for _ in wants] for wants in group]

    def _found(
        self,
        want: Want,
        first: int | None,
        end: int | None,
        offsets: list[int] | None,
        keys: list[bytes | None] | None,
        values: list[bytes] | None,
    ) -> Found | None:
        """None when the position lies outside of what the lane has."""
        if first is None or end is None or not first <= want.position <= end:
            return None
        self._places.heard(want.place, end)
        return Found(offsets or (), keys or (), values or ())


def _present(want: Want, found: Found | None) -> Found:
    if found is None:
        raise LostRecordsError(f"lane {want.place.lane} has no offset {want.position} any more, or not yet")
    return found
