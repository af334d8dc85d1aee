"""Wires content into the notifier's process."""

from contextlib import AsyncExitStack

import structlog

from services.notifier.content.library import Library
from services.notifier.content.shelf import Shelf
from services.notifier.outgoing.addresses import Guard, networks
from services.notifier.outgoing.client import Client
from services.notifier.plays.book import Book
from services.notifier.settings import NotifierSettings
from shared.db import Pool

_log = structlog.get_logger("content")


async def content(stack: AsyncExitStack, settings: NotifierSettings, pool: Pool, shelf: Shelf, book: Book) -> Library:
    """A library whose shelf is filled; what it keeps open is closed with the stack. That there is none is logged."""
    client = Client(Guard(networks(settings.outgoing_networks)))
    stack.push_async_callback(client.close)
    library = Library(pool, client, shelf, settings)
    await library.open(rhythm=book.has_rhythm)
    if book.has_rhythm and not shelf.on:
        _log.info("content.none", set="CONTENT_DIR or CONTENT_FEED_URL")
    return library
