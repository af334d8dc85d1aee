"""A Maildir: what would have been sent, as files that every mail program can show."""

import asyncio
from mailbox import Maildir
from pathlib import Path

from services.notifier.channels import DROPPED, SENT, Begin, Delivery, PutOff
from services.notifier.mail import Letter


class MaildirChannel:
    """Puts letters into a Maildir; the file's name is made of the message's id, so a repeated one replaces itself."""

    repeatable = True
    at_once = 32

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        Maildir(folder, create=True)
        self._folder = folder

    async def deliver(self, letter: Letter, begin: Begin) -> Delivery:
        """As `Channel.deliver`."""
        if not await begin():
            return DROPPED
        try:
            await asyncio.to_thread(self._write, letter)
        except OSError as error:
            return PutOff(str(error))
        return SENT

    def _write(self, letter: Letter) -> None:
        """First whole in `tmp`, then at once in `new`. It is not forced onto the disk: nobody waits for this mail."""
        name = f"{letter.message_id}.loyalty"
        written = self._folder / "tmp" / name
        written.write_bytes(letter.content.replace(b"\r\n", b"\n"))
        written.replace(self._folder / "new" / name)

    async def close(self) -> None:
        """Nothing is held."""
