"""The list that goes with a day's letters: CSV by RFC 4180, with a header, in UTF-8. Pure."""

import csv
import io
from collections.abc import Iterable

from services.notifier.letters.letter import MOST_LINES, Letter

COLUMNS = ("number", "message", "first_page", "pages", "language", *(f"line_{each + 1}" for each in range(MOST_LINES)))


def listing(letters: Iterable[tuple[Letter, int]]) -> str:
    """The letters in the order of the PDF, each with how many pages it has there."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    page = 1
    for number, (letter, pages) in enumerate(letters, 1):
        lines = [*letter.address, *[""] * (MOST_LINES - len(letter.address))]
        rows.writerow([number, letter.message, page, pages, letter.language, *lines])
        page += pages
    return written.getvalue()
