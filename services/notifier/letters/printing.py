"""A day's letters as one PDF, laid out by DIN 5008, form B, for envelopes with a window. Lengths in points."""

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

import reportlab
from babel.dates import format_date
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Frame, Paragraph, Spacer

from services.notifier.letters.letter import Letter
from services.notifier.mail import parts

FONT: Final = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
"""Bitstream Vera Sans: western and some of the other European letters."""
WIDTH, HEIGHT = A4
LEFT: Final = 25 * mm
RIGHT: Final = 20 * mm
WINDOW: Final = (20 * mm, 45 * mm, 85 * mm, 45 * mm)
"""The address field: from the left, from the top, width, height."""
REMARKS: Final = 17.7 * mm
"""The upper part of the address field: the sender's line, and remarks."""
LINE: Final = 4.5 * mm
FOLDS: Final = (105 * mm, 210 * mm)
HOLES: Final = 148.5 * mm
DATE_AT: Final = (125 * mm, 50 * mm)
BODY_AT: Final = 103.46 * mm
NEXT_PAGE_AT: Final = 25 * mm
FOOT: Final = 12 * mm
SIZE: Final = 10
SMALL: Final = 7
SMALLEST: Final = 5
_LOCALES: Final = {"de": "de_DE", "en": "en_GB"}


class Sender(NamedTuple):
    """Who writes: the shop's name, its imprint, and the line above the address by which the post sends it back."""

    name: str
    imprint: str

    @property
    def line(self) -> str:
        """The imprint on one line."""
        return " · ".join(" ".join(each.split()) for each in self.imprint.splitlines() if each.strip())


class Font:
    """A TrueType font, embedded into the PDF. Raises ValueError where the file is none."""

    def __init__(self, file: Path | None) -> None:
        self.name = f"letter-{file or FONT}"
        try:
            self._font = TTFont(self.name, str(file or FONT))
        except (TTFError, OSError) as error:
            raise ValueError(f"is no TrueType font: {error}") from error
        pdfmetrics.registerFont(self._font)

    def lacks(self, text: str) -> str:
        """The letters of a text that it does not have."""
        known: Any = self._font.face.charToGlyph
        return "".join(sorted({each for each in text if not each.isspace() and ord(each) not in known}))


def printed(letters: Sequence[Letter], sender: Sender, font: Font) -> tuple[bytes, list[int]]:
    """The PDF, and how many pages each letter has."""
    written = io.BytesIO()
    canvas = Canvas(written, pagesize=A4, invariant=True)
    canvas.setTitle(f"{sender.name} {letters[0].day}" if letters else sender.name)
    pages = [_print(canvas, letter, sender, font) for letter in letters]
    canvas.save()
    return written.getvalue(), pages


def _print(canvas: Canvas, letter: Letter, sender: Sender, font: Font) -> int:
    """Print a letter from a new page on; returns how many it takes."""
    foot = _foot(letter, sender, font)
    story: list[Any] = _story(letter, font)
    _window(canvas, letter, sender, font)
    canvas.setFont(font.name, SIZE)
    day = format_date(date.fromisoformat(letter.day), "long", locale=_LOCALES[letter.language])
    canvas.drawString(DATE_AT[0], HEIGHT - DATE_AT[1], day)
    top, pages = BODY_AT, 0
    while story or not pages:
        _marks(canvas)
        height = foot.wrap(WIDTH - LEFT - RIGHT, HEIGHT)[1]
        foot.drawOn(canvas, LEFT, FOOT)
        bottom = FOOT + height + 5 * mm
        frame = Frame(LEFT, bottom, WIDTH - LEFT - RIGHT, HEIGHT - top - bottom, 0, 0, 0, 0)
        frame.addFromList(story, canvas)
        canvas.showPage()
        top, pages = NEXT_PAGE_AT, pages + 1
    return pages


def _window(canvas: Canvas, letter: Letter, sender: Sender, font: Font) -> None:
    """The sender on one line, and below it the address, each line as large as fits."""
    left, top = WINDOW[0] + 5 * mm, WINDOW[1]
    width = WINDOW[2] - 5 * mm
    canvas.setFont(font.name, _fitting(sender.line, width, SMALL, font))
    canvas.drawString(left, HEIGHT - top - 4 * mm, _cut(sender.line, width, font))
    above = max(0, len(letter.address) - 6) * LINE
    for number, line in enumerate(letter.address):
        canvas.setFont(font.name, _fitting(line, width, SIZE, font))
        down = top + REMARKS - above + (number + 1) * LINE - 1 * mm
        canvas.drawString(left, HEIGHT - down, _cut(line, width, font))


def _fitting(text: str, width: float, size: float, font: Font) -> float:
    needed = pdfmetrics.stringWidth(text, font.name, size)
    return size if needed <= width else max(SMALLEST, size * width / needed)


def _cut(text: str, width: float, font: Font) -> str:
    """As much of a line as there is room for where it is smallest."""
    while pdfmetrics.stringWidth(text, font.name, SMALLEST) > width:
        text = text[:-1]
    return text


def _marks(canvas: Canvas) -> None:
    """Where to fold and where to punch."""
    canvas.setLineWidth(0.3)
    for down in FOLDS:
        canvas.line(4 * mm, HEIGHT - down, 8 * mm, HEIGHT - down)
    canvas.line(4 * mm, HEIGHT - HOLES, 10 * mm, HEIGHT - HOLES)


def _story(letter: Letter, font: Font) -> list[Any]:
    plain = ParagraphStyle("plain", fontName=font.name, fontSize=SIZE, leading=14, spaceAfter=8)
    head = ParagraphStyle("head", plain, fontSize=SIZE + 1, spaceAfter=16)
    boxed = ParagraphStyle("boxed", plain, alignment=TA_CENTER, borderWidth=0.5, borderPadding=6, spaceBefore=8)
    story: list[Any] = [Paragraph(_markup(letter.subject), head)]
    for part in parts(letter.body):
        story.append(Paragraph(_markup(part.text), boxed if part.boxed else plain))
        if part.boxed:
            story.append(Spacer(1, 8))
    return story


def _foot(letter: Letter, sender: Sender, font: Font) -> Paragraph:
    """Who writes, and in advertising how one objects to more of it."""
    small = ParagraphStyle("foot", fontName=font.name, fontSize=SMALL, leading=9)
    said = [sender.imprint.strip(), *([letter.notice] if letter.notice else [])]
    return Paragraph("<br/>".join(_markup(each) for each in said), small)


def _markup(text: str) -> str:
    return escape(text).replace("\n", "<br/>")
