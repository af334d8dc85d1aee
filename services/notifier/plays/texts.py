"""For which channels there are texts: in the shop's own folder of templates, or in the shipped one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.notifier.message import Channel
from services.notifier.plays.book import Book, Send
from services.notifier.plays.carriers import template

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
LANGUAGES: Final = ("de", "en")


class Templates:
    """The files there are."""

    def __init__(self, own: Path | None = None) -> None:
        self._folders = [each for each in (own, TEMPLATES) if each is not None]

    def has(self, file: str) -> bool:
        """Whether this file, such as `de/thank_you.txt.j2`, is in one of the folders."""
        return any((folder / file).is_file() for folder in self._folders)

    def channels(self, mail: str) -> frozenset[Channel]:
        """The channels for which there are templates of this name in every language."""
        return frozenset(
            channel for channel in Channel if all(self.has(template(each, channel, mail)) for each in LANGUAGES)
        )


def written(book: Book, texts: Templates) -> Mapping[str, frozenset[Channel]]:
    """For which channels there are texts, by the name of each step's templates."""
    names = {step.mail for play in book.play for step in play.step if isinstance(step, Send)}
    return {name: texts.channels(name) for name in names}
