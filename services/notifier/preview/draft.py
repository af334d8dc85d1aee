"""A draft of the book of plays as it comes from outside; every fault is told with its place."""

from collections.abc import Iterator
from pathlib import Path

from services.notifier.offers.book import OfferBook
from services.notifier.plays.book import Book, Send
from services.notifier.plays.reading import BookError, parse_book
from shared.http import Fault, Problem


def read_draft(toml: bytes, offers: OfferBook, own: Path | None) -> Book:
    """The book, which gives nothing that is not among the offers; `own`: the shop's templates. Raises Problem 422."""
    try:
        book = parse_book(toml.decode(), own)
    except BookError as error:
        raise _refused([Fault(pointer=each.pointer, detail=each.text) for each in error.faults]) from error
    except ValueError as error:
        raise _refused([Fault(pointer="", detail=str(error))]) from error
    if strangers := [*_strangers(book, offers)]:
        raise _refused(strangers)
    return book


def _strangers(book: Book, offers: OfferBook) -> Iterator[Fault]:
    for number, play in enumerate(book.play):
        for place, step in enumerate(play.step):
            if isinstance(step, Send) and step.offer is not None and offers.find(step.offer) is None:
                pointer = f"/play/{number}/step/{place}/offer"
                yield Fault(pointer=pointer, detail=f"play {play.id!r}: there is no offer {step.offer!r}")


def _refused(faults: list[Fault]) -> Problem:
    return Problem(422, "invalid-plays", "The draft cannot be used", errors=faults)
