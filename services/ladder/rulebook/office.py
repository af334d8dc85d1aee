"""Puts versions of the rules and has them activated. What the lanes make of it is theirs: see `handover`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.ladder.core.rules import RulesError
from services.ladder.rulebook import store
from services.ladder.rulebook.answers import GoingOver, Mode, RulesAnswer, RulesText, RulesVersion, State
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.opening import FOLDED_WITH
from services.ladder.rulebook.store import LaneVersion, Version
from shared import instants
from shared.db import Connection, DatabaseError, Pool
from shared.http import Fault, Problem
from shared.lanes.store import LaneStore

RETRY_SECONDS: Final = 2


class Office:
    """The versions of one shop."""

    def __init__(self, pool: Pool, lanes: LaneStore, book: Book) -> None:
        self._pool = pool
        self._lanes = lanes
        self._book = book

    async def rules(self) -> RulesAnswer:
        """The rules in force, and what else there is. Raises Problem 503."""
        async with self._asking() as connection:
            target, lanes = await store.target(connection), await store.lanes(connection)
            versions = await store.versions(connection)
            activation = await self._activation(connection, target, lanes)
        rules = self._book.rules
        return RulesAnswer(
            version=rules.version,
            digest=rules.digest,
            currency=rules.currency,
            time_zone=rules.time_zone,
            rules=rules.document,
            activation=activation,
            versions=[_version(each, _state(each, target, lanes)) for each in versions],
        )

    async def version(self, number: int) -> RulesText:
        """One version with its text. Raises Problem 404 and 503."""
        async with self._asking() as connection:
            found = await _found(connection, number)
            state = _state(found, await store.target(connection), await store.lanes(connection))
        return self._text(found, state)

    async def put(self, number: int, toml: bytes, by: str) -> RulesText:
        """Keep a draft, in place of one of this number. Raises Problem 409, 422 and 503."""
        text, digest = self._read(number, toml)
        async with self._asking() as connection, connection.transaction():
            await store.lock(connection)
            former = await store.find(connection, number)
            if former is not None and former.activated_at is not None:
                if former.text != text:
                    detail = "Give the draft the next free number."
                    raise Problem(409, "version-taken", "This version has been in force", detail=detail)
                return self._text(former, _state(former, await store.target(connection), await store.lanes(connection)))
            version = Version(number, text, digest, await self._lanes.clock(connection), by, None, emit=False)
            await store.put(connection, version)
        return self._text(version, "draft")

    async def activate(self, number: int, mode: Mode) -> RulesVersion:
        """Let every lane go over to a version; asking again changes nothing. Raises Problem 404, 409 and 503."""
        async with self._asking() as connection, connection.transaction():
            await store.lock(connection)
            found, target = await _found(connection, number), await store.target(connection)
            lanes = await store.lanes(connection)
            if target is not None and target.version != number:
                if _behind(target, lanes):
                    detail = f"The lanes are going over to version {target.version}."
                    raise Problem(409, "activation-under-way", "Another version is being activated", detail=detail)
                found = await self._activate(connection, found, target, mode)
        return _version(found, "in_force" if target is not None and not _behind(found, lanes) else "coming")

    async def _activate(self, connection: Connection, found: Version, target: Version, mode: Mode) -> Version:
        digest = self._book.version(found.text).digest
        at = max(await self._lanes.clock(connection), (target.activated_at or 0) + 1)
        activated = found._replace(digest=digest, activated_at=at, emit=mode is Mode.EMIT)
        await store.put(connection, activated)
        await self._lanes.set_meta(connection, FOLDED_WITH, digest)
        return activated

    async def _activation(
        self, connection: Connection, target: Version | None, lanes: dict[int, LaneVersion]
    ) -> GoingOver | None:
        if target is None or not (behind := _behind(target, lanes)):
            return None
        people = await store.people(connection)
        done = sum(people.get(number, 0) for number in lanes.keys() - behind.keys())
        return GoingOver(
            to=target.version,
            mode=Mode.EMIT if target.emit else Mode.SILENT,
            people=done + sum(lane.people for lane in behind.values()),
            of=sum(people.values()),
            lanes_done=len(lanes) - len(behind),
            lanes=len(lanes),
        )

    def _read(self, number: int, toml: bytes) -> tuple[str, str]:
        """(text, digest). Raises Problem 422."""
        try:
            text = toml.decode()
            rules = self._book.version(text)
        except (RulesError, UnicodeDecodeError) as error:
            fault = Fault(pointer="", detail=str(error))
            raise Problem(422, "invalid-rules", "The draft cannot be used", errors=[fault]) from error
        if rules.version != number:
            fault = Fault(pointer="/version", detail=f"must be {number}, as in the path, not {rules.version}")
            raise Problem(422, "invalid-rules", "The draft cannot be used", errors=[fault])
        return text, rules.digest

    def _text(self, version: Version, state: State) -> RulesText:
        told = _version(version, state)
        parts = {name: getattr(told, name) for name in told.__struct_fields__}
        return RulesText(**parts, rules=self._book.version(version.text).document, toml=version.text)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[Connection]:
        """A connection. Raises Problem 503."""
        try:
            async with self._pool.acquire() as connection:
                yield connection
        except DatabaseError as error:
            headers = {"Retry-After": str(RETRY_SECONDS)}
            raise Problem(503, "database-unavailable", "The database does not answer", headers=headers) from error


async def _found(connection: Connection, number: int) -> Version:
    found = await store.find(connection, number)
    if found is None:
        raise Problem(404, "unknown-rules", "There is no such version of the rules")
    return found


def _behind(target: Version, lanes: dict[int, LaneVersion]) -> dict[int, LaneVersion]:
    """The lanes that have not gone over yet."""
    return {number: lane for number, lane in lanes.items() if lane.version != target.version}


def _state(version: Version, target: Version | None, lanes: dict[int, LaneVersion]) -> State:
    behind = {} if target is None else _behind(target, lanes)
    if target is not None and version.version == target.version:
        return "coming" if behind else "in_force"
    if any(lane.version == version.version for lane in behind.values()):
        return "in_force"
    return "draft" if version.activated_at is None else "former"


def _version(version: Version, state: State) -> RulesVersion:
    activated = version.activated_at
    return RulesVersion(
        version=version.version,
        state=state,
        digest=version.digest,
        put_at=instants.text(version.put_at),
        put_by=version.put_by,
        activated_at=None if activated is None else instants.text(activated),
        mode=None if activated is None else Mode.EMIT if version.emit else Mode.SILENT,
    )
