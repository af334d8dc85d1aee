"""The book of offers as data, and the choice between offers."""

from pathlib import Path

import pytest

from services.notifier.offers.book import OfferBook, read_offers
from services.notifier.offers.choosing import chosen, limited
from services.notifier.offers.voucher import Wanted
from services.notifier.settings import NotifierSettings
from shared.settings import RefusedError
from tests.make import day

BOOK = """
version = 1
[[offer]]
key = "tea"
kind = "percent"
percent = 10
valid_days = 10
categories = ["Tea"]
[[offer]]
key = "five"
kind = "amount"
amount = "5.00"
valid_days = 10
[[offer]]
key = "shipping"
kind = "free_shipping"
valid_days = 10
cost = "4.90"
[[choice]]
key = "best"
of = [
  { offer = "five", rungs = [6, 7], cost_below = "50.00" },
  { offer = "tea", interests = ["tea", "coffee"] },
  { offer = "shipping", rungs = [4, 5, 6, 7] },
]
[[budget]]
play = "win_back"
month = "100.00"
"""


def book(tmp_path: Path, text: str = BOOK) -> OfferBook:
    file = tmp_path / "offers.toml"
    file.write_text(text, "utf-8")
    return read_offers(file, 2)


def wanted(offer: str = "best", rung: int = 4, *interests: str) -> Wanted:
    return Wanted("m1", "c1", "win_back", offer, day(1), rung, frozenset(interests))


def test_the_shipped_book_is_valid() -> None:
    """As it stands beside the code."""
    assert read_offers(NotifierSettings().offers_file, 2).named("win_back") is not None


def test_the_first_offer_that_fits_is_chosen(tmp_path: Path) -> None:
    """By rung, interest and what the offer has cost this month."""
    offers = book(tmp_path)

    def key(costs: dict[str, int], *who: object) -> str | None:
        found = chosen(offers, wanted("best", *who), costs, 2)  # type: ignore[arg-type]  # rung, then interests
        return found.key if found else None

    assert key({}, 6, "tea") == "five"
    assert key({"five": 4_999}, 6, "tea") == "five"
    assert key({"five": 5_000}, 6, "tea") == "tea"
    assert key({"five": 5_000}, 6, "books") == "shipping"
    assert key({}, 4, " TEA ") == "tea"
    assert key({}, 3) is None


def test_an_offer_itself_needs_no_choice(tmp_path: Path) -> None:
    """And one that the book has no more is none."""
    offers = book(tmp_path)

    assert chosen(offers, wanted("five"), {}, 2) is offers.named("five")
    assert chosen(offers, wanted("gone"), {}, 2) is None
    assert limited(offers, {"best", "tea"}) == {"five"}


def test_what_giving_one_uses_of_the_budget(tmp_path: Path) -> None:
    """What one costs by experience; without that, the whole amount."""
    offers = book(tmp_path)

    assert [str(each.planned) for each in offers.offer] == ["0", "5.00", "4.90"]


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("percent = 10", "percent = 101", "$.offer[0].percent"),
        ('kind = "amount"', 'kind = "gold"', "$.offer[1].kind"),
        ('amount = "5.00"', 'amount = "5.001"', "more precise"),
        ('amount = "5.00"', 'amount = "-5.00"', "no amount"),
        ('month = "100.00"', 'month = "NaN"', "no amount"),
        ('offer = "tea"', 'offer = "coffee"', "choice `best`: there is no offer `coffee`"),
        ('key = "five"', 'key = "tea"', "`tea` is there twice"),
        ("valid_days = 10", "valid_days = 10\ncolour = 1", "unknown field `colour`"),
        ("version = 1", "version = 1\n[[budget]]\nplay = 'win_back'\nmonth = '1'", "`win_back` has two budgets"),
    ],
)
def test_a_wrong_book_is_refused_with_one_line(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    """That says what is wrong."""
    with pytest.raises(RefusedError) as refused:
        book(tmp_path, BOOK.replace(right, wrong, 1))

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
