"""The notifier's own settings."""

from email.headerregistry import Address
from pathlib import Path
from typing import Literal, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from services.notifier.message import Channel
from services.notifier.outgoing.addresses import networks
from services.notifier.outgoing.client import checked_url
from services.notifier.signature import check_key
from services.notifier.subscriptions.signing import secret_in
from shared.settings import LOOPBACK, HttpUrl, Settings

PLACEHOLDER_IMPRINT = "Example Shop · 1 Example Street · 12345 Example Town (IMPRINT is not set)"
NEEDED_TO_SEND = ("mail_from", "sender_name", "imprint", "public_url")
"""What the law and the receivers' servers want of real mail, so that no default goes out."""

IDENTITY = ("mail_from", "sender_name", "imprint")
"""Who writes: nobody advertises under a name that is only a default."""

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class SmtpServer(NamedTuple):
    """Where mail is handed over. `tls` from the start; `starttls`: True must, None where offered, False never."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    starttls: bool | None


class NotifierSettings(Settings):
    """What the notifier needs to know besides the common settings."""

    smtp_url: SecretStr | None = Field(
        default=None,
        description="smtp://, smtp+starttls:// or smtps://user:password@host:port; unset: a Maildir under DATA_DIR.",
    )
    smtp_connections: int = Field(default=4, ge=1, le=100, description="Connections to the mail server at a time.")
    dkim_selector: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        description="Signs mail by DKIM with DKIM_PRIVATE_KEY, as SELECTOR._domainkey of MAIL_FROM's domain.",
    )
    dkim_private_key: SecretStr | None = Field(
        default=None, description="An RSA key in PEM; better as DKIM_PRIVATE_KEY_FILE."
    )
    return_path: str | None = Field(
        default=None,
        description="Address that mail comes back to, with +MESSAGE put into it; unset: MAIL_FROM, as it is.",
    )
    mail_from: str = Field(default="shop@example.com", description="Address that mail comes from.")
    sender_name: str = Field(
        default="Example Shop", pattern=r"^[^\x00-\x1f\x7f]+$", description="Name of the shop, from whom mail comes."
    )
    imprint: str = Field(
        default=PLACEHOLDER_IMPRINT,
        min_length=1,
        description="Who writes, with a postal address, for every mail.",
    )
    shop_url: HttpUrl | None = Field(default=None, description="The shop, linked in mail.")
    public_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:8000"),
        description="Where persons reach the notifier, for links such as /u/…; https, for unsubscribing in one click.",
    )
    mail_language: Literal["de", "en"] = Field(
        default="de", description="Language of mail to those whose language is not known."
    )
    staff_language: Literal["de", "en"] = Field(default="de", description="Language of tasks for staff.")
    plays_file: Path = Field(
        default=Path(__file__).with_name("plays.toml"), description="The book of plays: who gets what, and why."
    )

    templates_dir: Path | None = Field(
        default=None, description="A folder of own templates, such as de/thank_you.txt.j2, before the shipped ones."
    )
    measure_file: Path = Field(
        default=Path(__file__).with_name("measure.toml"),
        description="The measure: how often somebody is written to, at which hours, by which channel first.",
    )
    channel_sms_url: HttpUrl | None = Field(
        default=None, description="Where text messages are posted to; unset: nobody carries them."
    )
    channel_push_url: HttpUrl | None = Field(
        default=None, description="Where push messages are posted to; unset: nobody carries them."
    )
    channel_phone_url: HttpUrl | None = Field(
        default=None, description="Where calls to be made are posted to; unset: nobody makes them."
    )
    channel_secret: SecretStr | None = Field(
        default=None, description="Signs what is posted to CHANNEL_…_URL: whsec_ and 24 to 64 bytes in base64."
    )
    letter_font: Path | None = Field(
        default=None, description="A TrueType font for letters; unset: Bitstream Vera Sans, for western languages."
    )
    offers_file: Path = Field(
        default=Path(__file__).with_name("offers.toml"), description="The book of offers: what plays may give away."
    )

    content_dir: Path | None = Field(
        default=None, description="A folder of useful content for mail, a TOML file a piece; see docs/content.md."
    )
    content_feed_url: HttpUrl | None = Field(
        default=None, description="An RSS or Atom feed of useful content for mail; https, or see OUTGOING_NETWORKS."
    )
    content_feed_minutes: int = Field(default=60, ge=1, le=10_080, description="Minutes between two looks at the feed.")
    content_feed_days: int = Field(
        default=365,
        ge=1,
        le=3_650,
        description="Days that a piece of the feed is of use after it was published.",
    )

    @property
    def has_content(self) -> bool:
        """Whether there is a folder or a feed of content."""
        return self.content_dir is not None or self.content_feed_url is not None

    @property
    def channel_urls(self) -> dict[Channel, str]:
        """Where other programs take messages, by the channel that they carry them to."""
        given = {
            Channel.SMS: self.channel_sms_url,
            Channel.PUSH: self.channel_push_url,
            Channel.PHONE: self.channel_phone_url,
        }
        return {channel: str(url) for channel, url in given.items() if url is not None}

    @property
    def named(self) -> bool:
        """Whether it was said who writes: without name, address and imprint no marketing is sent (section 5 DDG)."""
        return self.model_fields_set.issuperset(IDENTITY)

    outgoing_networks: str = Field(
        default="",
        description="Networks besides public ones for webhooks and the feed, also by http: 10.1.0.0/16,127.0.0.1.",
    )
    deliveries_retention_days: int = Field(
        default=30, ge=1, description="How long deliveries to subscriptions can be looked up and replayed."
    )

    @field_validator("outgoing_networks")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        networks(text)
        return text

    @field_validator("mail_from", "return_path")
    @classmethod
    def _an_address(cls, text: str | None) -> str | None:
        if text is None:
            return text
        try:
            Address(addr_spec=text)
        except Exception as error:
            raise ValueError("is no e-mail address") from error
        return text

    @field_validator("content_feed_url")
    @classmethod
    def _can_be_called(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url is not None:
            checked_url(str(url))
        return url

    @field_validator("templates_dir", "content_dir")
    @classmethod
    def _a_folder(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_dir():
            raise ValueError("is no folder")
        return path

    @model_validator(mode="after")
    def _signatures_can_be_made(self) -> Self:
        if (self.dkim_selector is None) != (self.dkim_private_key is None):
            raise ValueError("DKIM_SELECTOR: goes with DKIM_PRIVATE_KEY, and neither alone")
        if self.dkim_private_key is not None:
            try:
                check_key(self.dkim_private_key.get_secret_value())
            except ValueError as error:
                raise ValueError(f"DKIM_PRIVATE_KEY: {error}") from error
        return self

    @model_validator(mode="after")
    def _calls_can_be_signed(self) -> Self:
        for channel, url in self.channel_urls.items():
            try:
                checked_url(url)
            except ValueError as error:
                raise ValueError(f"CHANNEL_{channel.upper()}_URL: {error}") from error
        if self.channel_urls and self.channel_secret is None:
            raise ValueError("CHANNEL_SECRET: what is posted to CHANNEL_…_URL is signed, name a secret")
        if self.channel_secret is not None:
            try:
                secret_in(self.channel_secret.get_secret_value())
            except ValueError as error:
                raise ValueError(f"CHANNEL_SECRET: {error}") from error
        return self

    @model_validator(mode="after")
    def _mail_can_be_sent(self) -> Self:
        if self.smtp_url is None:
            return self
        if self.clock == "facts":
            raise ValueError("SMTP_URL: under CLOCK=facts nothing leaves the house, unset it")
        missing = [name.upper() for name in NEEDED_TO_SEND if name not in self.model_fields_set]
        if missing:
            raise ValueError(f"SMTP_URL: real mail also needs {', '.join(missing)}")
        smtp_server(self.smtp_url)
        return self


def smtp_server(url: SecretStr) -> SmtpServer:
    """Take an SMTP_URL apart. A password goes over an encrypted connection only. Raises ValueError."""
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("SMTP_URL: write smtp://, smtp+starttls:// or smtps://user:password@host:port")
    secret = parts.username is not None and parts.hostname not in LOOPBACK
    return SmtpServer(
        parts.hostname,
        parts.port or _PORTS[parts.scheme],
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        tls=parts.scheme == "smtps",
        starttls=_starttls(parts.scheme, secret=secret),
    )


def _starttls(scheme: str, *, secret: bool) -> bool | None:
    if scheme == "smtps":
        return False
    return True if secret or scheme == "smtp+starttls" else None
