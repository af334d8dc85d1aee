"""Which rules a program starts with: those in the database; those of RULES_FILE where it has none yet."""

import hashlib
from typing import Final

from services.ladder.core.rules import RulesError
from services.ladder.rulebook import store
from services.ladder.rulebook.book import Book, shop_of
from services.ladder.rulebook.store import Version
from services.ladder.settings import LadderSettings
from shared.db import Connection, Pool
from shared.lanes.store import LaneStore
from shared.lanes.worker import LEASE_SECONDS
from shared.settings import RefusedError, SettingsError

FOLDED_WITH: Final = "rules"
"""Where the digest of the rules is noted that the standings are folded with, or are going over to."""
_META: Final = LaneStore("ladder", lease_seconds=LEASE_SECONDS)
_FILE: Final = "rules_file"
"""Where the digest of the text of RULES_FILE is noted, as it was when it was taken the last time."""
_OTHERS: Final = (
    "the rules, TIME_ZONE, CURRENCY or this program are not those the standings were folded with: "
    "run `python -m services.ladder refold`"
)
_CHANGED: Final = (
    "RULES_FILE has changed, but the rules in force are kept in the database: run `python -m services.ladder refold`, "
    "or put it back and activate the new version with PUT /v1/rules/{version}"
)


def filed(settings: LadderSettings) -> Book:
    """The rules of RULES_FILE. Raises SettingsError."""
    try:
        return Book(settings.rules_file.read_text("utf-8"), shop_of(settings))
    except OSError as error:
        raise SettingsError(f"RULES_FILE: {error.strerror}: {settings.rules_file}") from error
    except (RulesError, UnicodeDecodeError) as error:
        raise SettingsError(f"RULES_FILE: {error}") from error


async def kept(connection: Connection, settings: LadderSettings) -> Book:
    """The rules that a job goes by: those in force, or those of RULES_FILE where it has changed or nothing is kept."""
    file = filed(settings)
    target = await store.target(connection)
    if target is None or await _is_new(connection, file):
        return file
    book = Book(target.text, file.shop)
    await book.look(connection)
    return book


async def open_book(pool: Pool, settings: LadderSettings) -> Book:
    """The rules in force, which must be those the standings are folded with. Raises RefusedError, SettingsError."""
    async with pool.acquire() as connection, connection.transaction():
        await store.lock(connection)
        file, target = filed(settings), await store.target(connection)
        folded_with = await _META.meta(connection, FOLDED_WITH)
        if target is None:
            if folded_with not in {None, file.rules.digest}:
                raise RefusedError(_OTHERS)
            await adopt(connection, settings, file)
            return file
        if await _is_new(connection, file):
            raise RefusedError(_OTHERS if file.rules.version == target.version else _CHANGED)
        book = Book(target.text, file.shop)
        if not book.rules.digest == target.digest == folded_with:
            raise RefusedError(_OTHERS)
        await book.look(connection)
        return book


async def adopt(connection: Connection, settings: LadderSettings, book: Book) -> None:
    """From now on everybody is folded by these rules, and RULES_FILE is known as it is."""
    rules, now = book.rules, await _META.clock(connection)
    version = Version(rules.version, book.written, rules.digest, now, "RULES_FILE", now, emit=False)
    await store.put(connection, version)
    await store.settle(connection, settings.lanes, rules.version)
    await _META.set_meta(connection, FOLDED_WITH, rules.digest)
    await _META.set_meta(connection, _FILE, _digest(filed(settings).written))


async def _is_new(connection: Connection, file: Book) -> bool:
    """Whether RULES_FILE says something else than when it was taken the last time, and than what is in force."""
    target = await store.target(connection)
    known = await _META.meta(connection, _FILE)
    return known != _digest(file.written) and target is not None and target.text != file.written


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
