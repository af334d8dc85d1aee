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


@pytest.mark.parametrize(("status", "rungs", "needed"), [("5.1.1", [4], 1), ("5.2.2", [4, 5], 3)])
async def test_an_address_that_is_gone_is_written_to_no_more(
    database: str, tmp_path: Path, status: str, rungs: list[int], needed: int
) -> None:
    """After one hard return or three soft ones; a report that comes twice counts once."""
    async with post_office() as post:
        settings = smtp(post.port, return_path="bounces@laden.example")
        async with notifier(database, tmp_path, settings) as running:
            now = await running.now()
            await running.introduce("c1")
            await running.announce(*(promoted(now, rung, id_=f"a{rung}") for rung in rungs))
            await running.become(*["sent"] * needed)
            for path in post.senders:
                for _ in range(2):
                    assert (await returned(running, about(path, samples.postfix(status=status))))["message"]
            await running.announce(promoted(now, 7, id_="last"))
            await until(lambda: held_back_as(running, "bounced"))
            assert len(await running.messages(state="bounced")) == needed
            assert len(post.taken) == needed


async def held_back_as(running: Notifier, reason: str) -> bool:
    found = await running.messages(state="held_back")
    assert {each["reason"] for each in found} == {reason}
    return True


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

            await until(lambda: held_back_as(running, "objected"))


async def test_what_is_no_report_changes_nothing(database: str, tmp_path: Path) -> None:
    """Nor what names no message of ours; what is too large is refused."""
    async with notifier(database, tmp_path) as running:
        assert await returned(running, b"Subject: hello\r\n\r\nOut of office") == {"kind": None, "message": None}
        assert await returned(running, samples.postfix()) == {"kind": "hard", "message": None}
        refused = await running.http.post("/v1/returns", content=b"x" * 1_000_001)
        assert refused.status_code == 413
