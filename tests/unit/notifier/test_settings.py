"""What the notifier refuses to start with."""

import pytest
from pydantic import SecretStr, ValidationError

from services.notifier.message import Channel
from services.notifier.plays.reading import read_book
from services.notifier.settings import NotifierSettings, SmtpServer, smtp_server
from shared.settings import RefusedError

COMPLETE = {
    "mail_from": "laden@example.org",
    "sender_name": "Laden",
    "imprint": "Laden, Gasse 1, Köln",
    "public_url": "https://laden.example",
}


def refusal(**settings: object) -> str:
    with pytest.raises(ValidationError) as refused:
        NotifierSettings.model_validate(settings)
    (fault,) = refused.value.errors()
    return str(fault["msg"])


def test_real_mail_needs_a_sender_an_imprint_and_a_way_out() -> None:
    """No default goes out to anybody; the refusal names what is missing."""
    complete = NotifierSettings.model_validate({**COMPLETE, "smtp_url": "smtp://mail.example"})

    assert complete.smtp_url is not None
    for name in COMPLETE:
        given = {key: value for key, value in COMPLETE.items() if key != name}
        assert name.upper() in refusal(**given, smtp_url="smtp://mail.example")


def test_nothing_leaves_the_house_under_the_facts_clock() -> None:
    """History that is loaded or played must not reach anybody."""
    assert "CLOCK=facts" in refusal(**COMPLETE, smtp_url="smtp://mail.example", clock="facts")


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://h:port"])
def test_a_mail_server_that_is_none_is_refused(url: str) -> None:
    """With one line."""
    assert refusal(**COMPLETE, smtp_url=url)


def test_a_signature_needs_a_selector_and_a_key() -> None:
    """Neither alone, and the key must be one."""
    assert "neither alone" in refusal(dkim_selector="ladder")
    assert "neither alone" in refusal(dkim_private_key="key")
    assert "no RSA private key" in refusal(dkim_selector="ladder", dkim_private_key="key")


def test_who_carries_messages_is_told_by_a_signature() -> None:
    """An address needs a secret, and both must be what they are to be."""
    secret = "whsec_" + "a2tr" * 11
    good = NotifierSettings.model_validate({"channel_sms_url": "https://sms.example/in", "channel_secret": secret})

    assert good.channel_urls == {Channel.SMS: "https://sms.example/in"}
    assert "CHANNEL_SECRET" in refusal(channel_push_url="https://push.example")
    assert "whsec_" in refusal(channel_secret="a2tr")
    assert "24 to 64" in refusal(channel_secret="whsec_a2tr")
    assert "CHANNEL_PHONE_URL" in refusal(channel_phone_url="https://me:word@calls.example", channel_secret=secret)


def test_an_address_that_is_none_is_refused() -> None:
    """Mail must come from somewhere."""
    assert "address" in refusal(mail_from="laden")


def test_a_password_goes_over_an_encrypted_connection_only() -> None:
    """Except on this machine; without a password encryption is taken where it is offered."""

    def server(url: str) -> SmtpServer:
        return smtp_server(SecretStr(url))

    assert server("smtp://a%40b:p%2F@mail.example") == SmtpServer("mail.example", 25, "a@b", "p/", False, True)
    assert server("smtp://a:p@127.0.0.1:2525") == SmtpServer("127.0.0.1", 2525, "a", "p", False, None)
    assert server("smtp://mail.example") == SmtpServer("mail.example", 25, None, None, False, None)
    assert server("smtp+starttls://mail.example") == SmtpServer("mail.example", 587, None, None, False, True)
    assert server("smtps://a:p@mail.example") == SmtpServer("mail.example", 465, "a", "p", True, False)


@pytest.mark.parametrize(
    "text",
    [
        "version = 1\n[thank_you]\nfrom_rung = 9\nonce_in_days = 365\nmax_age_days = 14",
        "version = 1\n[unknown_play]\nmax_age_days = 14",
        "version = 1\n[loyalty_perk]\nmax_age_days = 14\nperks = []",
        "version = one",
    ],
)
def test_a_book_of_plays_with_a_mistake_is_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """With one line that names the file."""
    file = tmp_path_factory.mktemp("plays") / "plays.toml"
    file.write_text(text)

    with pytest.raises(RefusedError, match="PLAYS_FILE"):
        read_book(file)
