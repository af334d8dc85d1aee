"""Letters: the day they go with, the window they are read through, and the list beside them."""

import csv
import io
import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from reportlab.lib.units import mm

from services.notifier.letters.day import day_of
from services.notifier.letters.letter import Letter, address_lines
from services.notifier.letters.listing import COLUMNS, listing
from services.notifier.letters.printing import Font, Sender, printed
from shared import instants
from shared.events import Profile

SENDER = Sender("Schöner Laden", "Schöner Laden\nGasse 1\n50667 Köln")
NOTICE = "Sie können jederzeit widersprechen: https://laden.example/u/" + "A" * 140
ANNA = ("Anna Größe", "Ährenweg 5", "12345 Köln")
FONT = Font(None)
HEIGHT = 297 * mm


def letter(
    body: str = "Guten Tag,\n\nvielen Dank!", address: tuple[str, ...] = ANNA, notice: str | None = NOTICE
) -> Letter:
    return Letter("m-1", address, "de", "Herzlichen Dank", body, notice, "2026-03-02")


def shown(pdf: bytes) -> list[tuple[str, float, float]]:
    """(text, from the left, from the top) of the first page, in mm."""
    found: list[tuple[str, float, float]] = []

    def note(text: str, around: list[float], place: list[float], *_: object) -> None:
        left, up = (around[each * 3] * place[4 + each] + around[4 + each] for each in (0, 1))
        if text.strip():
            found.append((text.strip(), left / mm, (HEIGHT - up) / mm))

    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=note)
    return found


def place_of(text: str, pdf: bytes) -> tuple[float, float]:
    """Where the line begins that has this text."""
    return next((left, down) for line, left, down in shown(pdf) if text in line)


def test_a_letter_goes_with_its_day_or_the_next_that_is_open() -> None:
    """In the shop's time zone."""
    late = instants.parse("2026-03-01T23:30:00Z")

    assert day_of(late, ZoneInfo("UTC"), set()) == date(2026, 3, 1)
    assert day_of(late, ZoneInfo("Europe/Berlin"), set()) == date(2026, 3, 2)
    assert day_of(late, ZoneInfo("UTC"), {date(2026, 3, 1), date(2026, 3, 2)}) == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ("Ährenweg 5\n12345 Köln", ("Frau Anna Größe", "Ährenweg 5", "12345 Köln")),
        ("Fam. Anna  Größe\n\nÄhrenweg 5", ("Fam. Anna Größe", "Ährenweg 5")),
        ({"street": "Ährenweg 5", "city": "Köln", "lift": True}, ("Frau Anna Größe", "Ährenweg 5", "Köln")),
        ("=1+1\n@Köln", ("Frau Anna Größe", "1+1", "Köln")),
        ("\n".join("abcdefghij"), ("Frau Anna Größe", *"abcdefg", "h, i, j")),
        (None, ()),
        (" ", ()),
    ],
)
def test_the_window_shows_name_and_address(address: object, lines: tuple[str, ...]) -> None:
    """Nine lines at most, of which none is a spreadsheet's formula."""
    told = Profile(name="Anna Größe", salutation="Frau", address=address)  # type: ignore[arg-type]

    assert address_lines(told) == lines


def test_all_of_the_address_is_in_the_window() -> None:
    """85 by 45 mm, 20 mm from the left and 45 mm from the top; the sender's line above it, date and text outside."""
    long = ("W" * 60, *(f"Line {number} of the address" for number in range(8)))
    for address in (ANNA, long):
        pdf, _ = printed([letter(address=address)], SENDER, FONT)
        inside = [(text, x, y) for text, x, y in shown(pdf) if 20 <= x <= 105 and 45 <= y <= 90]
        read = "\n".join(text for text, _, _ in inside)
        assert "Schöner Laden · Gasse 1 · 50667 Köln" in read
        assert all(line in read for line in address[1:])

    pdf, _ = printed([letter()], SENDER, FONT)
    places = [place_of(text, pdf) for text in ("Gasse 1 ·", *ANNA)]
    assert all(24 < x < 26 and 45 < y < 90 for x, y in places), places
    assert [y for _, y in places] == sorted(y for _, y in places)
    drawn = PdfReader(io.BytesIO(pdf)).pages[0].get_contents()
    assert drawn is not None
    marks = re.findall(rb"[\d.]+ ([\d.]+) m [\d.]+ [\d.]+ l S", drawn.get_data())
    assert [round((HEIGHT - float(each)) / mm, 1) for each in marks] == [105, 210, 148.5]
    assert place_of("2. März 2026", pdf)[0] > 105
    assert place_of("Herzlichen Dank", pdf)[1] > 98


def test_a_long_letter_takes_more_pages_each_with_who_writes() -> None:
    """And with how one objects, where it is advertising."""
    pdf, pages = printed(
        [letter("Ein Satz, der lang genug ist. " * 60 + "\n\n    Kasten\n\n" * 40), letter()], SENDER, FONT
    )

    reader = PdfReader(io.BytesIO(pdf))
    assert (len(pages), sum(pages), pages[1]) == (2, len(reader.pages), 1)
    assert pages[0] > 1
    for page in reader.pages:
        text = page.extract_text().replace("\n", "")
        assert "50667 Köln" in text
        assert NOTICE.replace(" ", "") in text.replace(" ", "")
    service = PdfReader(io.BytesIO(printed([letter(notice=None)], SENDER, FONT)[0])).pages[0].extract_text()
    assert "widersprechen" not in service


def test_what_is_printed_is_text_and_no_markup() -> None:
    """Whatever somebody calls themselves; and the same letters make the same file."""
    odd = letter("Guten Tag <b>Eve</b> & Co,\n\n<para>", ("<b>Eve</b> & Co", "Straße 1"))

    pdf, _ = printed([odd], SENDER, FONT)
    read = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "Guten Tag <b>Eve</b> & Co," in read
    assert "<para>" in read
    assert printed([odd], SENDER, FONT)[0] == pdf


def test_a_font_knows_what_it_lacks(tmp_path: Path) -> None:
    """Western letters are in the one that comes with us; a file that is no font is refused."""
    assert FONT.lacks("ÄÖÜäöüß éèñçåøæœŠŽč łğış € – „“ · 1") == ""
    assert FONT.lacks("Dąbrowski Erdős") == "ąő"
    (tmp_path / "none.ttf").write_text("none")
    for file in (tmp_path / "none.ttf", tmp_path / "missing.ttf"):
        with pytest.raises(ValueError, match="TrueType"):
            Font(file)


def test_the_list_has_a_header_and_says_where_each_letter_is() -> None:
    """By RFC 4180, whatever stands in an address."""
    rows = [
        *csv.reader(io.StringIO(listing([(letter(), 2), (letter(address=('Eve, "E"', "Straße 1")), 1)]), newline=""))
    ]

    assert rows[0] == [*COLUMNS]
    assert rows[1][:8] == ["1", "m-1", "1", "2", "de", *ANNA]
    assert rows[2][:8] == ["2", "m-1", "3", "1", "de", 'Eve, "E"', "Straße 1", ""]
