"""The shop's feed as shops write it, and as nobody should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.content.feed import LONGEST_TEASER, MOST_PIECES, UnreadableFeedError, read_feed
from services.notifier.content.piece import Piece, key_of
from shared import instants
from shared.instants import DAY

URL = "https://shop.example/blog/feed"
AT = instants.parse("2024-03-05T09:00:00Z")

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>Our blog</title><link>https://shop.example/</link><language>de-DE</language>
<image><title>Logo</title><link>https://shop.example/logo</link></image>
<item><title>Tee richtig &amp;quot;ziehen&amp;quot;</title><link>/tee</link><guid isPermaLink="false">tea-1</guid>
<pubDate>Tue, 05 Mar 2024 10:00:00 +0100</pubDate><category>Tee</category><category><![CDATA[ Grüner  Tee ]]></category>
<description><![CDATA[<p>Wasser: <b>80 Grad</b>.</p><script>x()</script>
<p>Zwei&nbsp;Minuten.<br>Mehr nicht.</p>]]></description>
<content:encoded><![CDATA[<p>Der ganze Text.</p>]]></content:encoded></item>
<item><title>Nur ein Titel</title></item>
<item><link>https://shop.example/untitled</link><description>Ohne Titel</description></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Our blog</title><id>blog</id>
<entry><title type="text">Tea &lt;brewed></title><id>urn:tea</id><link rel="self" href="https://shop.example/x"/>
<link href="https://shop.example/tea"/><published>2024-03-05T09:00:00Z</published>
<updated>2025-01-01T00:00:00Z</updated>
<category term="tea" label="Tea"/>
<summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Be patient.</div></summary>
</entry>
<entry xml:lang="de"><title>Kaffee</title><id>urn:coffee</id><link href="javascript:alert(1)"/>
<content type="html">&lt;p&gt;Frisch mahlen.&lt;/p&gt;</content></entry></feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Blog</title><dc:language>fr</dc:language></channel>
<item><title>Thé</title><link>https://shop.example/the</link><dc:date>2024-03-05</dc:date><dc:subject>Tea</dc:subject></item>
</rdf:RDF>"""


def test_rss_becomes_pieces() -> None:
    """Its HTML is text, what has no title or says nothing is left out, and links are whole."""
    assert read_feed(RSS.encode(), URL, 100) == [
        Piece(
            key=key_of(URL, "tea-1"),
            title='Tee richtig "ziehen"',
            text="Wasser: 80 Grad.\n\nZwei Minuten.\n\nMehr nicht.",
            link="https://shop.example/tee",
            categories=frozenset({"tee", "grüner tee"}),
            languages=frozenset({"de"}),
            at=AT,
            until=AT + 100 * DAY,
        )
    ]


def test_atom_becomes_pieces() -> None:
    """By their own language, each text by its type; a link that is none of a web page is none."""
    coffee, tea = sorted(read_feed(ATOM.encode(), URL, 100), key=lambda piece: piece.title)

    assert (tea.title, tea.text, tea.link) == ("Tea <brewed>", "Be patient.", "https://shop.example/tea")
    assert (tea.categories, tea.languages, tea.at) == (frozenset({"tea"}), frozenset({"en"}), AT)
    assert (coffee.text, coffee.link, coffee.languages) == ("Frisch mahlen.", None, frozenset({"de"}))
    assert (coffee.at, coffee.until) == (0, None)


def test_rdf_becomes_pieces() -> None:
    """In a language that mail is not written in it is for everybody."""
    (the,) = read_feed(RDF.encode(), URL, 1)

    assert (the.title, the.link, the.categories) == ("Thé", "https://shop.example/the", frozenset({"tea"}))
    assert (the.languages, the.at) == (frozenset(), instants.parse("2024-03-05T00:00:00Z"))


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel><item><title>&b;'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&a;</title></item></channel></rss>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        OUTSIDE,
        b"",
        b"<html><body>404</body></html>",
        b"<rss>",
        b'{"items": []}',
        b'<?xml encoding="nope"?><rss/>',
    ],
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    """Entities are not even looked at."""
    with pytest.raises(UnreadableFeedError):
        read_feed(body, URL, 1)


def test_a_feed_is_cut_to_what_may_be_sent() -> None:
    """The newest stand first; a long text ends at a word, and its link leads on."""
    items = "".join(
        f"<item><title>No. {n}</title><link>/{n}</link><description>{'word ' * 900}</description></item>"
        for n in range(MOST_PIECES + 5)
    )
    pieces = read_feed(f"<rss><channel>{items}</channel></rss>".encode(), URL, 1)

    assert len(pieces) == MOST_PIECES
    assert {len(piece.text) <= LONGEST_TEASER and piece.text.endswith("word …") for piece in pieces} == {True}


@given(st.text(max_size=300) | st.sampled_from([RSS, ATOM, RDF]), st.integers(0, 400), st.text(max_size=10))
def test_whatever_comes_is_read_or_refused(text: str, place: int, more: str) -> None:
    """Nothing else is ever raised."""
    body = (text[:place] + more + text[place:]).encode("utf-8", "replace")
    try:
        pieces = read_feed(body, URL, 1)
    except UnreadableFeedError:
        return
    for piece in pieces:
        assert piece.title
        assert piece.text or piece.link
        assert "\x00" not in piece.title + piece.text
