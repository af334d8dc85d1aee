"""A real SMTP server that takes mail, and refuses, delays or cuts the connection where a test wants it to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Post:
    """What the server does, and what it has taken."""

    port: int = 0
    refusals: dict[str, str] = field(default_factory=dict)
    """Answers by command (MAIL, RCPT, DATA, or `end` of the text), instead of taking it."""
    cut: bool = False
    """Take the text, then break the connection without an answer."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, the answer to the text waits."""
    taken: list[EmailMessage] = field(default_factory=list)
    wire: list[bytes] = field(default_factory=list)
    """The same as they came."""
    senders: list[str] = field(default_factory=list)
    """Of the envelopes of what was taken."""
    arrived: list[str] = field(default_factory=list)
    """The Message-ID of every text that has arrived, also of those that were refused or not answered."""
    connections: int = 0

    def __post_init__(self) -> None:
        self.go_on.set()

    @property
    def texts(self) -> int:
        """How many texts have arrived."""
        return len(self.arrived)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """The sender."""
        envelope.mail_from = address
        return self.refusals.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """The recipient."""
        if "RCPT" in self.refusals:
            return self.refusals["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's hook
        """The text."""
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.arrived.append(str(mail["Message-ID"]))
        await self.go_on.wait()
        if self.cut:
            assert server.transport is not None
            server.transport.close()
        if "end" in self.refusals:
            return self.refusals["end"]
        self.taken.append(mail)
        self.wire.append(envelope.content)
        self.senders.append(str(envelope.mail_from))
        return "250 OK"


@asynccontextmanager
async def post_office(**manner: object) -> AsyncIterator[Post]:
    """A server on loopback, until the block ends."""
    post = Post(**manner)  # type: ignore[arg-type]  # the fields of Post

    def connected() -> SMTP:
        post.connections += 1
        return SMTP(post, enable_SMTPUTF8=True, hostname="localhost")

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connected, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        post.go_on.set()
        server.close()
