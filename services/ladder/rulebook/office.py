"""Puts versions of the rules and has them activated. What the lanes make of it is theirs: see `handover`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.ladder.core.rules import RulesError
from services.ladder.rulebook import store
from services.ladder.rulebook.answers import Mode, RulesText, RulesVersion
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.opening import FOLDED_WITH
from services.ladder.rulebook.reading import text_of
from services.ladder.rulebook.store import Version
from services.ladder.rulebook.telling import behind, state_of, told
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
                state = state_of(former, await store.target(connection), await store.lanes(connection))
                return text_of(former, state, self._book)
            version = Version(number, text, digest, await self._lanes.clock(connection), by, None, emit=False)
            await store.put(connection, version)
        return text_of(version, "draft", self._book)

    async def activate(self, number: int, mode: Mode) -> RulesVersion:
        """Let every lane go over to a version; asking again changes nothing. Raises Problem 404, 409, 422 and 503."""
        async with self._asking() as connection, connection.transaction():
            await store.lock(connection)
            found, target = await _found(connection, number), await store.target(connection)
            lanes = await store.lanes(connection)
            if target is not None and target.version != number:
                if behind(target, lanes):
                    detail = f"The lanes are going over to version {target.version}."
                    raise Problem(409, "activation-under-way", "Another version is being activated", detail=detail)
                found = await self._activate(connection, found, target, mode)
        return told(found, "in_force" if target is not None and not behind(found, lanes) else "coming")

    async def _activate(self, connection: Connection, found: Version, target: Version, mode: Mode) -> Version:
        _, digest = self._read(found.version, found.text.encode())
        at = max(await self._lanes.clock(connection), (target.activated_at or 0) + 1)
        activated = found._replace(digest=digest, activated_at=at, emit=mode is Mode.EMIT)
        await store.put(connection, activated)
        await self._lanes.set_meta(connection, FOLDED_WITH, digest)
        return activated

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
