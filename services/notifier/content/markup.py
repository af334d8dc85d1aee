"""HTML as plain text: paragraphs stay paragraphs, everything else goes. Pure."""

import re
from html.parser import HTMLParser
from typing import Final

_APART: Final = frozenset(
    {"p", "div", "br", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr"}
    | {"section", "article", "figure", "figcaption", "header", "footer"}
)
_UNREAD: Final = frozenset({"script", "style", "head", "title", "noscript", "template"})
_PARAGRAPHS: Final = re.compile(r"\n\s*\n")


class _Reading(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as it is called
        if tag in _UNREAD:
            self._unread += 1
        elif tag in _APART:
            self.said.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(self._unread - 1, 0)
        elif tag in _APART:
            self.said.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.said.append(" ".join(data.split("\n")))


def plain_text(html: str) -> str:
    """What a reader would see, paragraph by paragraph with an empty line between."""
    reading = _Reading()
    reading.feed(html)
    reading.close()
    return paragraphs("".join(reading.said))


def paragraphs(text: str) -> str:
    """The text with its spaces tidied and one empty line between paragraphs; control characters are spaces."""
    clean = "".join(each if each.isprintable() or each == "\n" else " " for each in text)
    parts = (" ".join(part.split()) for part in _PARAGRAPHS.split(clean))
    return "\n\n".join(part for part in parts if part)


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is longer, up to a word, with an ellipsis."""
    if len(text) <= most:
        return text
    cut = text[: most - 2]
    whole = cut.rpartition(" ")[0] or cut
    return f"{whole.rstrip(' ,;:.')} …"
