"""What a returned mail says, in the formats of real servers."""

import pytest

from services.notifier.returns.path import messages_in
from services.notifier.returns.report import Kind, Report, of_refusal, read
from tests.unit.notifier.returns.samples import MESSAGE, PATH, SECRET, complaint, postfix


def test_an_address_that_is_none_is_hard() -> None:
    """With what the server said."""
    assert read(postfix()) == Report(Kind.HARD, "5.1.1", "smtp; 550 5.1.1 <nobody@example.org>: unknown")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *(("5.1.10", "hard"), ("5.2.1", "hard"), ("5.0.0", "hard")),
        *(("5.2.2", "soft"), ("4.4.1", "soft"), ("5.7.1", "soft"), ("4.2.2", "soft"), ("5.3.4", "soft")),
    ],
)
def test_what_may_be_better_tomorrow_is_soft(status: str, kind: str) -> None:
    """A full mailbox, a policy, a server that was away for days."""
    report = read(postfix(status=status))
    assert report is not None
    assert (report.kind, report.status) == (kind, status)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_has_not_failed_says_nothing(action: str) -> None:
    """It may still arrive, or has."""
    assert read(postfix(action=action)) is None


def test_a_complaint_is_read_and_its_opposite_is_not_one() -> None:
    """Some providers also tell that something was no spam."""
    assert read(complaint()) == Report(Kind.COMPLAINT, None, "SomeGenerator/1.0")
    assert read(complaint("not-spam")) is None


@pytest.mark.parametrize("mail", [b"", b"\xff\x00", b"Subject: hello\r\n\r\nOut of office", postfix()[:900]])
def test_other_mail_says_nothing(mail: bytes) -> None:
    """Answers of people and machines, and what is torn."""
    assert read(mail) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("550 5.1.1 unknown", "hard"),
        ("550 unknown here", "hard"),
        ("554 5.7.1 blocked", "soft"),
        ("552 too big", "soft"),
    ],
)
def test_a_refusal_is_read_like_a_report(text: str, kind: str) -> None:
    """By its enhanced status where it has one, else by its code."""
    assert of_refusal(text).kind == kind


def test_a_return_path_names_its_message_and_cannot_be_made_up() -> None:
    """Also in capitals; it fits into the 64 bytes of a local part."""
    assert len(PATH.partition("@")[0]) <= 64
    assert set(messages_in(postfix(), SECRET)) == {MESSAGE}
    assert list(messages_in(complaint(), SECRET)) == [MESSAGE]
    assert list(messages_in(PATH.upper().encode(), SECRET)) == [MESSAGE]
    assert list(messages_in(postfix(), b"t" * 32)) == []
    other = PATH.replace("1f1d7c1e", "2f1d7c1e").encode()
    assert list(messages_in(other, SECRET)) == []
