"""SMTP: hands letters to a mail server (RFC 5321) over connections that are used again.

Until DATA nothing has been given away, so whatever fails there is tried again; only a refusal of this recipient is for
good. Once DATA has been begun, a broken connection leaves open whether the letter was taken.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from services.notifier.channels import DROPPED, SENT, Ambiguous, Begin, Bounced, Delivery, PutOff
from services.notifier.mail import Letter
from services.notifier.settings import SmtpServer
from services.notifier.signature import Signer

TIMEOUT_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 20.0
"""A connection that has rested longer is not used again: servers close those."""

_Broken = (SMTPException, OSError, ValueError)


class SmtpChannel:
    """Delivers over SMTP, over so many connections at most."""

    repeatable = False

    def __init__(self, server: SmtpServer, *, connections: int, signer: Signer | None = None) -> None:
        self._server = server
        self._signer = signer
        self.at_once = connections
        self._resting: list[tuple[float, aiosmtplib.SMTP]] = []

    async def deliver(self, letter: Letter, begin: Begin) -> Delivery:
        """As `Channel.deliver`."""
        content = letter.content if self._signer is None else self._signer.signed(letter.content)
        try:
            client = await self._ready(letter)
        except (SMTPRecipientRefused, SMTPNotSupported) as refused:
            return _refusal(refused)
        except _Broken as error:
            return PutOff(_told(error))
        try:
            if not await begin():
                await self._rest(client, reset=True)
                return DROPPED
        except BaseException:
            client.close()
            raise
        return await self._give(client, content)

    async def close(self) -> None:
        """Say goodbye to the server."""
        resting, self._resting = self._resting, []
        await asyncio.gather(*(_quit(client) for _, client in resting))

    # -- before the text -----------------------------------------------------------------------------------------

    async def _ready(self, letter: Letter) -> aiosmtplib.SMTP:
        """A connection on which the server has agreed to take a letter for this recipient."""
        client = self._rested()
        if client is not None:
            try:
                return await self._addressed(client, letter)
            except (SMTPServerDisconnected, TimeoutError, OSError):
                client.close()
        return await self._addressed(await self._connected(), letter)

    def _rested(self) -> aiosmtplib.SMTP | None:
        while self._resting:
            since, client = self._resting.pop()
            if client.is_connected and time.monotonic() < since + IDLE_SECONDS:
                return client
            client.close()
        return None

    async def _connected(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls,
            start_tls=server.starttls,
            timeout=TIMEOUT_SECONDS,
        )
        await client.connect()
        return client

    async def _addressed(self, client: aiosmtplib.SMTP, letter: Letter) -> aiosmtplib.SMTP:
        """RFC 6531 where the address is not ASCII."""
        options: Sequence[str] = ()
        encoding = "ascii"
        try:
            if not letter.recipient.isascii():
                if not client.supports_extension("smtputf8"):
                    raise SMTPNotSupported("the server knows no SMTPUTF8, which the address needs")
                options, encoding = ["SMTPUTF8"], "utf-8"
            await client.mail(letter.sender, options=options, encoding=encoding)
            await client.rcpt(letter.recipient, encoding=encoding)
        except (SMTPRecipientRefused, SMTPNotSupported):
            await self._rest(client, reset=True)
            raise
        except BaseException:
            client.close()
            raise
        return client

    # -- the text ------------------------------------------------------------------------------------------------

    async def _give(self, client: aiosmtplib.SMTP, content: bytes) -> Delivery:
        try:
            await client.data(content)
        except SMTPDataError as refused:
            await self._rest(client, reset=True)
            return _refusal(refused)
        except _Broken as error:
            client.close()
            return Ambiguous(_told(error))
        except BaseException:
            client.close()
            raise
        await self._rest(client)
        return SENT

    async def _rest(self, client: aiosmtplib.SMTP, *, reset: bool = False) -> None:
        try:
            if reset:
                await client.rset()
        except _Broken:
            client.close()
        else:
            self._resting.append((time.monotonic(), client))


def _refusal(refused: SMTPException) -> Delivery:
    """4xx: for now; 5xx: for good; anything else is no answer to what was asked (RFC 5321, section 4.2.1)."""
    if not isinstance(refused, SMTPResponseException) or 500 <= refused.code <= 599:
        return Bounced(_told(refused))
    if 400 <= refused.code <= 499:
        return PutOff(_told(refused))
    return Ambiguous(_told(refused))


def _told(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__


async def _quit(client: aiosmtplib.SMTP) -> None:
    with suppress(*_Broken):
        await client.quit(timeout=1)
    client.close()
