"""Partner codes as partners send them."""

from zoneinfo import ZoneInfo

import pytest

from services.notifier.offers.pools import MOST_BYTES, MOST_CODES, read_codes
from shared import instants
from shared.http import Problem

BERLIN = ZoneInfo("Europe/Berlin")
END = instants.parse("2027-12-31T23:00:00Z")


@pytest.mark.parametrize(
    "body",
    [
        "code,valid_until\nA-1,2027-12-31\nB 2,\n",
        "Code;Partner;Valid_Until\r\nA-1;x;2027-12-31\r\n\r\nB 2;x\r\n",
        "\ufeffvalid_until,code\n2028-01-01T00:00:00+01:00,A-1\n,B 2",
        "A-1,2027-12-31\nB 2\n",
        "A-1,2027-12-31\rB 2\r\r",
        '"A-1","2027-12-31"\nA-1,2027-12-31\n B 2 ',
    ],
)
def test_codes_are_read_however_spreadsheets_write_them(body: str) -> None:
    """With a header or without; a day given as an end is still part of it, in the shop's time zone."""
    assert read_codes(body.encode(), BERLIN) == [("A-1", END), ("B 2", None)]


def test_every_line_that_is_wrong_is_named() -> None:
    """By its number in the file."""
    with pytest.raises(Problem) as refused:
        read_codes(b"code,valid_until\nA,2027-02-30\nB,soon\n,2027-01-01\nD\x07,\nE,", BERLIN)

    assert [fault.pointer for fault in refused.value.body["errors"]] == ["/2", "/3", "/4", "/5"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"code\n", 422),
        (b"\xff", 422),
        (b"a" * 200_000, 422),
        (b"a" * (MOST_BYTES + 1), 413),
        (b"a\n" * (MOST_CODES + 1), 422),
    ],
)
def test_what_is_no_list_of_codes_is_refused(body: bytes, status: int) -> None:
    """Nothing, too much, or no text."""
    with pytest.raises(Problem) as refused:
        read_codes(body, BERLIN)

    assert refused.value.status == status
