"""One connection to PostgreSQL that is made when it is needed, and anew after any error."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import asyncpg

from shared.db import SESSION, Connection, DatabaseError
from shared.log import LogUnavailableError

_PAUSE: Final = 0.1

# The index is the only good plan, whatever the statistics of a table that grows all the time say.
_PLANS: Final = {"enable_seqscan": "off", "enable_bitmapscan": "off", "jit": "off"}

# It may be there in a moment: the server starts, stops or has no room right now.
_PASSING: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)


class Session:
    """Runs single statements, one at a time, each a transaction of its own.

    Nothing has been done when a connection cannot be made, so that is tried until the deadline (seconds). After an
    error in a statement its outcome is unknown: the connection is dropped and nothing is repeated.
    `welcome` is called with every new connection.
    """

    def __init__(
        self, dsn: str, *, name: str, deadline: float, welcome: Callable[[Connection], Awaitable[None]] | None = None
    ) -> None:
        self._dsn = dsn
        self._deadline = deadline
        # The server ends it first: no statement is left behind that could come true after later ones.
        own = {"application_name": name, "statement_timeout": str(int(deadline * 900))}
        self._settings = {**SESSION, **_PLANS, **own}
        self._welcome = welcome
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of one statement. Raises LogUnavailableError."""
        async with self._turn:
            try:
                async with asyncio.timeout(self._deadline):
                    connection = await self._connected()
                    return await connection.fetch(statement, *arguments)
            except DatabaseError as error:
                self._drop()
                raise LogUnavailableError(f"PostgreSQL: {str(error) or type(error).__name__}") from error
            except BaseException:
                self._drop()
                raise

    async def close(self) -> None:
        """Wait for the statement under way, then disconnect."""
        async with self._turn:
            if self._connection is not None:
                with suppress(*DatabaseError):
                    await self._connection.close(timeout=1)
            self._drop()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
            if self._welcome is not None:
                await self._welcome(self._connection)
        return self._connection

    async def _connect(self) -> Connection:
        while True:
            try:
                return await asyncpg.connect(self._dsn, server_settings=self._settings)
            except _PASSING:
                await asyncio.sleep(_PAUSE)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
