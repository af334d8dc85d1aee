"""A mail that brings a piece of content."""

import pytest

from services.notifier.content.piece import Piece, cause_of
from services.notifier.content.shelf import Shelf
from services.notifier.mail import Composer, Text, UnwrittenError
from services.notifier.message import Message, message_id
from services.notifier.plays.reading import read_book
from services.notifier.settings import NotifierSettings
from shared.events import Profile
from tests.make import day

SETTINGS = NotifierSettings()
BOOK = read_book(SETTINGS.plays_file)
TEA = Piece("tea", "Tea & patience", "Use <b>soft</b> water.\n\nWait.", link="https://shop.example/tea?a=1&b=2")


def written(cause: str, language: str = "en") -> Text:
    shelf = Shelf(on=True)
    shelf.put([], {"tea": TEA})
    message = Message(
        id=message_id("useful", "c1", cause),
        person="c1",
        play="useful",
        mail="useful",
        cause=cause,
        cause_at=day(0),
        at=day(0),
    )
    reader = Profile(email="anna@example.org", language=language)
    return Composer(SETTINGS, BOOK, b"secret", shelf=shelf).text(message, reader, None)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("language", ["de", "en"])
def test_the_piece_is_in_both_parts_as_it_was_written(language: str, number: int) -> None:
    """Its title is the subject; in HTML nothing of it is markup; one that was withdrawn meanwhile is there as well."""
    text = written(cause_of("tea", number), language)

    assert text.subject == "Tea & patience"
    assert "\n\nUse <b>soft</b> water.\n\nWait.\n\n" in text.plain
    assert "https://shop.example/tea?a=1&b=2\n" in text.plain
    assert "<p>Use &lt;b&gt;soft&lt;/b&gt; water.</p>" in text.html
    assert "/u/" in text.plain


def test_a_piece_that_is_not_here_yet_is_waited_for() -> None:
    """Another process has it: the message is tried again."""
    with pytest.raises(UnwrittenError, match="coffee"):
        written(cause_of("coffee"))
