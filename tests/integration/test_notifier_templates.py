"""A shop's own templates: before the shipped ones, looked at before they are used, and harmless where they fail."""

from pathlib import Path
from typing import Any

from tests.integration.notifier_part import Notifier, notifier
from tests.make import promoted


def own(folder: Path, text: str) -> dict[str, object]:
    """Settings with one template of the shop's own."""
    (folder / "own" / "de").mkdir(parents=True)
    (folder / "own" / "de" / "thank_you.txt.j2").write_text(text, "utf-8")
    return {"templates_dir": folder / "own"}


async def preview(running: Notifier, **draft: Any) -> Any:
    return await running.http.post("/v1/templates/preview", json={"mail": "thank_you", "customer": "c1", **draft})


async def test_an_own_template_goes_before_the_shipped_one(database: str, tmp_path: Path) -> None:
    """In what is sent as in a preview; what the shop has not written comes from us."""
    settings = own(tmp_path, "Schön, {{ addressee }}!\n\nIhr {{ shop }}. {{ imprint }} {{ unsubscribe }}\n")
    async with notifier(database, tmp_path, settings) as running:
        now = await running.now()
        await running.introduce("c1")
        await running.announce(promoted(now, 4))
        await running.become("sent")
        (mail,) = running.mail()
        assert str(mail["Subject"]).startswith("Schön, ")

        shown = (await preview(running)).json()
        assert shown["subject"] == str(mail["Subject"])
        assert "<html" in shown["html"]
        english = (await preview(running, language="en", rungs=[5])).json()
        assert english["language"] == "en"
        assert not english["subject"].startswith("Schön")
        assert len(running.mail()) == 1
        assert (await preview(running, customer="nobody")).status_code == 404
        assert (await preview(running, mail="unknown")).status_code == 422


async def test_a_template_that_fails_parks_the_message(database: str, tmp_path: Path) -> None:
    """With the reason; nothing of it goes out until the template is mended."""
    settings = own(tmp_path, "Danke\n\n{{ nonsense.of_ours }}\n")
    async with notifier(database, tmp_path, settings) as running:
        now = await running.now()
        await running.introduce("c1")
        await running.announce(promoted(now, 4))
        await running.become("retry")
        (message,) = await running.messages()
        assert message["detail"] == "de/thank_you.txt.j2: 'nonsense' is undefined"
        shown = (await running.http.get(f"/v1/messages/{message['id']}")).json()
        assert (shown["text"], shown["detail"]) == ("", message["detail"])
        refused = await preview(running)
        assert (refused.status_code, refused.json()["detail"]) == (422, message["detail"])
        assert not (tmp_path / "maildir" / "new").exists() or running.mail() == []

        (tmp_path / "own" / "de" / "thank_you.txt.j2").write_text("Danke\n\nIhr Laden\n", "utf-8")
        await running.pool.execute("update notifier.message set next_attempt_at = 0")
        await running.become("sent")
        (mail,) = running.mail()
        assert mail["Subject"] == "Danke"
