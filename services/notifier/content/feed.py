"""The shop's feed: RSS 2.0, RSS 1.0 (RDF) or Atom (RFC 4287), as pieces of content. Pure.

It is read by defusedxml: a document that declares entities is refused, whatever they would become.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from services.notifier.consent.sales import category
from services.notifier.content.markup import paragraphs, plain_text, shortened
from services.notifier.content.piece import LONGEST_TITLE, Piece, key_of
from shared import instants
from shared.instants import DAY

LARGEST_FEED: Final = 2_000_000
"""Bytes."""
MOST_PIECES: Final = 500
LONGEST_TEASER: Final = 1_500
"""Characters of an entry that are sent; the rest is behind its link."""
_LONGEST_LINK: Final = 2_000
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_ENTRIES: Final = frozenset({"item", "entry"})
_TEXTS: Final = ("summary", "description", "encoded", "content")
_DATES: Final = ("published", "pubDate", "date", "issued", "updated", "modified")


class UnreadableFeedError(ValueError):
    """It is no feed; the text says why."""


def read_feed(body: bytes, url: str, days: int) -> list[Piece]:
    """Its pieces, of use for so many days after they were published. Raises UnreadableFeedError.

    An entry without a title, or with neither text nor link, is none.
    """
    try:
        root = fromstring(body)
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableFeedError(f"is no XML that is read: {error}") from error
    if _name(root) not in {"rss", "RDF", "feed"}:
        raise UnreadableFeedError(f"is no RSS or Atom, but <{_name(root)}>")
    language = _language(root)
    entries = [each for each in root.iter() if _name(each) in _ENTRIES][:MOST_PIECES]
    pieces = {piece.key: piece for each in reversed(entries) if (piece := _piece(each, url, days, language))}
    return [*pieces.values()]


def _piece(entry: Element, url: str, days: int, language: frozenset[str]) -> Piece | None:
    title = " ".join(_words(_child(entry, "title")).split())
    link, text = _link(entry, url), _text(entry)
    name = _said(entry, "id") or _said(entry, "guid") or link
    if not title or not (text or link) or name is None:
        return None
    at = _published(entry)
    return Piece(
        key=key_of(url, name),
        title=shortened(title, LONGEST_TITLE),
        text=shortened(text, LONGEST_TEASER),
        link=link,
        categories=frozenset(_categories(entry)),
        languages=_known(entry.get(_LANG)) or language,
        at=at or 0,
        until=None if at is None else at + days * DAY,
    )


def _name(element: Element) -> str:
    """Without its namespace."""
    return element.tag.rpartition("}")[2]


def _child(element: Element, name: str) -> Element | None:
    return next((each for each in element if _name(each) == name), None)


def _said(element: Element, name: str) -> str | None:
    found = _child(element, name)
    return None if found is None else "".join(found.itertext()).strip() or None


def _words(element: Element | None) -> str:
    """What an element says as plain text; in Atom its `type` says whether it is HTML, in RSS it always is."""
    if element is None:
        return ""
    said = "".join(element.itertext())
    return paragraphs(said) if element.get("type", "html") in {"text", "xhtml"} else plain_text(said)


def _text(entry: Element) -> str:
    return next((words for name in _TEXTS if (words := _words(_child(entry, name)))), "")


def _link(entry: Element, url: str) -> str | None:
    for each in entry:
        if _name(each) == "link" and each.get("rel", "alternate") == "alternate":
            try:
                link = urljoin(url, (each.get("href") or each.text or "").strip())
            except ValueError:
                continue
            if link.startswith(("https://", "http://")) and len(link) <= _LONGEST_LINK and not _odd(link):
                return link
    return None


def _odd(link: str) -> bool:
    return any(each.isspace() or not each.isprintable() for each in link)


def _published(entry: Element) -> int | None:
    return next((at for name in _DATES if (at := _instant(_said(entry, name))) is not None), None)


def _instant(text: str | None) -> int | None:
    """A date by RFC 3339 or RFC 5322; one without a zone is in UTC."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            told = read(text or "")
            return instants.from_datetime(told if told.tzinfo else told.replace(tzinfo=UTC))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _categories(entry: Element) -> Iterator[str]:
    for each in entry:
        if _name(each) in {"category", "subject"}:
            name = category(each.get("label") or each.get("term") or "".join(each.itertext()))
            if 0 < len(name) <= LONGEST_TITLE and name.isprintable():
                yield name


def _language(root: Element) -> frozenset[str]:
    channel = _child(root, "channel")
    return _known(root.get(_LANG) or _said(root if channel is None else channel, "language"))


def _known(language: str | None) -> frozenset[str]:
    """`de` or `en`; none where it is neither."""
    return frozenset({"de", "en"} & {(language or "").strip().lower()[:2]})
