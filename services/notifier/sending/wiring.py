"""Wires who carries messages, as the settings name them."""

from contextlib import AsyncExitStack

from services.notifier import channels
from services.notifier.calls import Caller
from services.notifier.channels.maildir import MaildirChannel
from services.notifier.channels.nowhere import NoChannel, Recorded
from services.notifier.channels.smtp import SmtpChannel
from services.notifier.channels.webhook import WebhookChannel
from services.notifier.mail import Composer
from services.notifier.measure.rules import Measure
from services.notifier.message import Channel
from services.notifier.outgoing.addresses import Guard, networks
from services.notifier.outgoing.client import Client
from services.notifier.plays.book import Book
from services.notifier.plays.carriers import SHORT, Carriers
from services.notifier.plays.texts import Templates, written
from services.notifier.sending.carrier import Carrier
from services.notifier.settings import NotifierSettings, smtp_server
from services.notifier.signature import Signer
from services.notifier.subscriptions.signing import secret_in


def plan(settings: NotifierSettings, book: Book, measure: Measure) -> Carriers:
    """By which channels plays may write."""
    there = frozenset({Channel.EMAIL, Channel.POST, *settings.channel_urls})
    return Carriers(there, measure.order, written(book, Templates(settings.templates_dir)))


def carriers(stack: AsyncExitStack, settings: NotifierSettings, composer: Composer) -> list[Carrier]:
    """One for mail and one for each channel that other programs carry; what they keep open is closed with the stack.

    Letters go when their day is closed; under CLOCK=facts nobody closes it, and they count as sent at once.
    """
    client = Client(Guard(networks(settings.outgoing_networks)))
    stack.push_async_callback(client.close)
    call = Caller(composer).call
    return [
        Carrier(Channel.EMAIL, composer.letter, _mail(settings)),
        *(Carrier(kind, call, _webhook(kind, client, settings)) for kind in sorted(SHORT)),
        *([Carrier(Channel.POST, composer.sheet, Recorded())] if settings.clock == "facts" else []),
    ]


def _webhook(kind: Channel, client: Client, settings: NotifierSettings) -> channels.Channel:
    url = settings.channel_urls.get(kind)
    if url is None or settings.channel_secret is None:
        return NoChannel()
    if settings.clock == "facts":
        return Recorded()
    return WebhookChannel(client, url, secret_in(settings.channel_secret.get_secret_value()))


def _mail(settings: NotifierSettings) -> channels.Channel:
    """SMTP where a server is named, else a Maildir."""
    if settings.smtp_url is None:
        return MaildirChannel(settings.data_dir / "maildir")
    signer = _signer(settings)
    return SmtpChannel(smtp_server(settings.smtp_url), connections=settings.smtp_connections, signer=signer)


def _signer(settings: NotifierSettings) -> Signer | None:
    if settings.dkim_selector is None or settings.dkim_private_key is None:
        return None
    domain = settings.mail_from.rpartition("@")[2]
    return Signer(settings.dkim_selector, domain, settings.dkim_private_key.get_secret_value())
