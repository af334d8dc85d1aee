"""Which rules a program starts with: those in the database; those of RULES_FILE where it has none yet."""

import hashlib
from typing import Final

import msgspec

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
"""Where the digest of what RULES_FILE says is noted, as it was when it was taken the last time."""
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
    """The rules that a job goes by: those activated last, or RULES_FILE's where it has changed or nothing is kept."""
    file = filed(settings)
    target = await store.target(connection)
    return file if target is None or await _is_new(connection, file, target) else Book(target.text, file.shop)


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
        if await _is_new(connection, file, target):
            raise RefusedError(_OTHERS if file.rules.version == target.version else _CHANGED)
        book = Book(target.text, file.shop)
        if not book.rules.digest == target.digest == folded_with:
            raise RefusedError(_OTHERS)
        await book.look(connection)
        return book


async def adopt(connection: Connection, settings: LadderSettings, book: Book) -> None:
    """From now on everybody is folded by these rules, and RULES_FILE is known as it is."""
    rules, now = book.rules, await _META.clock(connection)
    version = await store.find(connection, rules.version)
    if version is None or version.text != book.written:
        version = Version(rules.version, book.written, rules.digest, now, "RULES_FILE", None, emit=False)
    await store.put(connection, version._replace(digest=rules.digest, activated_at=now))
    await store.settle(connection, settings.lanes, rules.version)
    await _META.set_meta(connection, FOLDED_WITH, rules.digest)
    await _META.set_meta(connection, _FILE, _digest(filed(settings)))


async def _is_new(connection: Connection, file: Book, target: Version) -> bool:
    """Whether RULES_FILE says something else than when it was taken the last time, and than what is in force."""
    known = {await _META.meta(connection, _FILE), _digest(Book(target.text, file.shop))}
    return _digest(file) not in known


def _digest(book: Book) -> str:
    """Of what is said, whatever the comments and the layout."""
    return hashlib.sha256(msgspec.json.encode(book.rules.document, order="deterministic")).hexdigest()
