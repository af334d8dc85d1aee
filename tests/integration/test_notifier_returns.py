"""Mail that comes back, from the envelope it went out in to what is not sent any more."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.notifier_part import Notifier, notifier, smtp
from tests.integration.smtp import post_office
from tests.make import promoted
from tests.unit.notifier.returns import samples
from tests.until import until


async def returned(running: Notifier, mail: bytes) -> Any:
    answer = await running.http.post("/v1/returns", content=mail, headers={"Content-Type": "message/rfc822"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def about(path: str, mail: bytes) -> bytes:
    """A sample about another message."""
    return mail.replace(samples.PATH.encode(), path.encode())


@pytest.mark.parametrize(("status", "needed"), [("5.1.1", 1), ("5.2.2", 3)])
async def test_an_address_that_is_gone_is_written_to_no_more(
    database: str, tmp_path: Path, status: str, needed: int
) -> None:
    """After one hard return or three soft ones; with a new address it begins anew."""
    async with post_office() as post:
        settings = smtp(post.port, return_path="bounces@laden.example")
        async with notifier(database, tmp_path, settings) as running:
            now = await running.now()
            await running.introduce("c1")
            for number in range(needed):
                await running.announce(promoted(now, 4 + number, id_=f"a{number}"))
                await until(lambda number=number: len(post.senders) == number + 1)
                (message,) = await running.messages(state="sent", customer="c1")
                for _ in range(2):
                    taken = await returned(running, about(post.senders[-1], samples.postfix(status=status)))
                    assert taken["message"] == message["id"]
            await running.announce(promoted(now, 7, id_="last"))

            async def held_back() -> bool:
                found = await running.messages(state="held_back")
                return [each["reason"] for each in found] == ["bounced"]

            await until(held_back)
            assert len(await running.messages(state="bounced")) == needed
            assert len(post.taken) == needed


async def test_a_complaint_is_an_objection(database: str, tmp_path: Path) -> None:
    """Of the person to whom the message went."""
    async with post_office() as post:
        settings = smtp(post.port, return_path="bounces@laden.example")
        async with notifier(database, tmp_path, settings) as running:
            now = await running.now()
            await running.introduce("c1")
            await running.announce(promoted(now, 4))
            await running.become("sent")
            assert (await returned(running, about(post.senders[0], samples.complaint())))["kind"] == "complaint"
            await running.announce(promoted(now, 5, id_="next"))

            async def objected() -> bool:
                found = await running.messages(state="held_back")
                return [each["reason"] for each in found] == ["objected"]

            await until(objected)


async def test_what_is_no_report_changes_nothing(database: str, tmp_path: Path) -> None:
    """Nor what names no message of ours; what is too large is refused."""
    async with notifier(database, tmp_path) as running:
        assert await returned(running, b"Subject: hello\r\n\r\nOut of office") == {"kind": None, "message": None}
        assert await returned(running, samples.postfix()) == {"kind": "hard", "message": None}
        refused = await running.http.post("/v1/returns", content=b"x" * 1_000_001)
        assert refused.status_code == 413
