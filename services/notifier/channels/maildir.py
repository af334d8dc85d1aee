"""A Maildir: what would have been sent, as files that every mail program can show."""

import asyncio
import os
from mailbox import Maildir
from pathlib import Path

from services.notifier.channels import DROPPED, SENT, Begin, Delivery, PutOff
from services.notifier.mail import Letter


class MaildirChannel:
    """Puts letters into a Maildir; the file's name is made of the message's id, so a repeated one replaces itself."""

    repeatable = True

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
        """First whole in `tmp`, then at once in `new`, as Maildir wants it."""
        name = f"{letter.message_id}.loyalty"
        written = self._folder / "tmp" / name
        with written.open("wb") as file:
            file.write(letter.content.replace(b"\r\n", b"\n"))
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._folder / "new" / name)

    async def close(self) -> None:
        """Nothing is held."""
