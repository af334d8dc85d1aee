"""What a preview has collected, on disk and sorted by person, so that memory holds a page of people at a time.

A SQLite database without a name: a temporary file that is gone when it is closed, or when the process dies.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import Any, Final

import msgspec

from services.notifier.offers.voucher import Wanted
from services.notifier.places import Place
from services.notifier.plays.person import Heard
from shared.events import Announcement, Standing

_MAKE: Final = """
pragma journal_mode = off;
pragma synchronous = off;
create table someone (lane int, person text, primary key (lane, person)) without rowid;
create table cue (lane int, person text, at int, number integer primary key, body blob);
create table fact (lane int, person text, source text, id text, body blob,
    primary key (lane, person, source, id)) without rowid;
create table before (lane int, person text, body blob, primary key (lane, person)) without rowid;
create table wanted (at int, number integer primary key, body blob);
create index cue_person on cue (lane, person, at, number);
create index wanted_at on wanted (at, number);
"""

_PEOPLE: Final = "select lane, person from someone where (lane, person) > (?, ?) order by lane, person limit ?"
_WANTED: Final = "select at, number, body from wanted where (at, number) > (?, ?) order by at, number limit 1000"

_announcement: Final = msgspec.json.Decoder(Announcement)
_heard: Final = msgspec.msgpack.Decoder(Heard)
_standing: Final = msgspec.msgpack.Decoder(Standing)
_wanted: Final = msgspec.msgpack.Decoder(Wanted)


class Spool:
    """Collects in any order, gives back by person; whoever closes it waits for who is just using it."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.executescript(_MAKE)
        self._using = Lock()

    def close(self) -> None:
        """Forget everything."""
        with self._using:
            self._db.close()

    # -- collecting ----------------------------------------------------------------------------------------------

    def add_people(self, places: Iterable[Place]) -> None:
        """These are to be looked at."""
        self._write("insert or ignore into someone values (?, ?)", places)

    def add_cues(self, cues: Sequence[tuple[Place, int, Announcement]]) -> None:
        """Announcements to be played, with their persons and the instants at which they were known."""
        self.add_people(place for place, _, _ in cues)
        rows = [(*place, at, msgspec.json.encode(cue)) for place, at, cue in cues]
        self._write("insert into cue (lane, person, at, body) values (?, ?, ?, ?)", rows)

    def add_facts(self, facts: Sequence[tuple[Place, Heard]]) -> None:
        """Facts to be played; the same one twice is one."""
        self.add_people(place for place, _ in facts)
        rows = [(*place, each.source, each.id, msgspec.msgpack.encode(each)) for place, each in facts]
        self._write("insert or ignore into fact values (?, ?, ?, ?, ?)", rows)

    def stood(self, standings: Sequence[tuple[Place, Standing]]) -> None:
        """Where persons stood before; of several the last counts."""
        rows = [(*place, msgspec.msgpack.encode(each)) for place, each in standings]
        self._write("insert or replace into before values (?, ?, ?)", rows)

    def add_wanted(self, wanted: Iterable[Wanted]) -> None:
        """Offers that messages would have brought."""
        rows = [(each.at, msgspec.msgpack.encode(each)) for each in wanted]
        self._write("insert into wanted (at, body) values (?, ?)", rows)

    def _write(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        with self._using:
            self._db.execute("begin")
            self._db.executemany(statement, rows)
            self._db.execute("commit")

    # -- giving back ---------------------------------------------------------------------------------------------

    def count(self) -> tuple[int, int]:
        """How many people there are, and how many announcements."""
        ((people, cues),) = self._read("select (select count(*) from someone), (select count(*) from cue)")
        return int(people), int(cues)

    def people(self, after: Place, limit: int) -> list[Place]:
        """Those behind a place, in this order."""
        return self._read(_PEOPLE, *after, limit)

    def cues(self, place: Place) -> list[Announcement]:
        """This person's announcements, in the order in which they were known."""
        rows = self._read("select body from cue where lane = ? and person = ? order by at, number", *place)
        return [_announcement.decode(body) for (body,) in rows]

    def facts(self, place: Place) -> list[Heard]:
        """This person's facts."""
        rows = self._read("select body from fact where lane = ? and person = ?", *place)
        return [_heard.decode(body) for (body,) in rows]

    def standing(self, place: Place) -> Standing | None:
        """Where this person stood before, if that was told."""
        rows = self._read("select body from before where lane = ? and person = ?", *place)
        return _standing.decode(rows[0][0]) if rows else None

    def wanted(self) -> Iterator[Wanted]:
        """All wanted offers, in the order of time."""
        behind = (-1, -1)
        while rows := self._read(_WANTED, *behind):
            yield from (_wanted.decode(body) for _, _, body in rows)
            behind = rows[-1][:2]

    def _read(self, statement: str, *values: object) -> list[Any]:
        with self._using:
            return self._db.execute(statement, values).fetchall()
