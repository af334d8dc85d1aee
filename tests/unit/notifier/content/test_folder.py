"""A folder of content: a file each, and what is wrong is said of each file."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.notifier.content.folder import ORIGIN, read_folder, read_piece
from services.notifier.content.piece import Piece, key_of
from shared import instants

BERLIN = ZoneInfo("Europe/Berlin")
TEA = """
title = "How to brew green tea"
text = \"\"\"
Let the water cool.

Wait for two minutes.
\"\"\"
link = "https://shop.example/tea"
categories = ["Green  Tea"]
languages = ["en"]
valid_from = 2024-03-05
valid_until = 2024-03-31
"""


def test_a_file_becomes_a_piece(tmp_path: Path) -> None:
    """Days are the shop's, and the last one still counts; other files are none."""
    (tmp_path / "drinks").mkdir()
    (tmp_path / "drinks" / "tea.toml").write_text(TEA)
    (tmp_path / "note.txt").write_text("no piece")

    assert read_folder(tmp_path, BERLIN).pieces == [
        Piece(
            key=key_of(ORIGIN, "drinks/tea.toml"),
            title="How to brew green tea",
            text="Let the water cool.\n\nWait for two minutes.",
            link="https://shop.example/tea",
            categories=frozenset({"green tea"}),
            languages=frozenset({"en"}),
            at=instants.parse("2024-03-04T23:00:00Z"),
            until=instants.parse("2024-03-31T22:00:00Z"),
        )
    ]


def test_what_is_wrong_is_said_by_name_and_the_others_count(tmp_path: Path) -> None:
    """The key of such a file is known all the same."""
    (tmp_path / "good.toml").write_text(TEA)
    (tmp_path / "broken.toml").write_text("title = ")

    found = read_folder(tmp_path, BERLIN)

    assert [piece.title for piece in found.pieces] == ["How to brew green tea"]
    assert list(found.faults) == ["broken.toml"]
    assert sorted(found.keys) == sorted(key_of(ORIGIN, name) for name in ("good.toml", "broken.toml"))
    with pytest.raises(OSError, match="is no folder"):
        read_folder(tmp_path / "away", BERLIN)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ('text = "x"', "title"),
        ('title = "x"', "text"),
        ('title = " "\ntext = "x"', "title"),
        ('title = "a\\nb"\ntext = "x"', "title"),
        ('title = "x"\ntext = " \\n "', "text"),
        ('title = "x"\ntext = "x"\nlink = "javascript:x"', "link"),
        ('title = "x"\ntext = "x"\nlanguages = ["fr"]', "languages"),
        ('title = "x"\ntext = "x"\nvalid_until = "soon"', "valid_until"),
        ('title = "x"\ntext = "x"\nsubject = "x"', "subject"),
        ('title = "x"\ntext = "a\\u0000b"', "0000"),
    ],
)
def test_a_file_says_what_is_wrong_with_it(told: str, why: str) -> None:
    """By the name of the member."""
    with pytest.raises(ValueError, match=why):
        read_piece("x.toml", told.encode(), BERLIN)


def test_a_file_that_is_no_text_or_too_long_is_refused(tmp_path: Path) -> None:
    """Without reading all of it."""
    (tmp_path / "latin.toml").write_bytes(b'title = "T\xe9"')
    (tmp_path / "long.toml").write_bytes(b"#" * 100_001)

    assert set(read_folder(tmp_path, BERLIN).faults) == {"latin.toml", "long.toml"}
