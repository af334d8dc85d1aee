"""Which offers would have been given within budgets and pools. Pure; `offers.desk` gives the real ones."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.notifier.offers.book import OfferBook, Partner
from services.notifier.offers.choosing import chosen
from services.notifier.offers.desk import Without, month_of
from services.notifier.offers.money import major, minor
from services.notifier.offers.voucher import Wanted
from services.notifier.preview.answers import WouldGive, WouldWithhold
from services.notifier.preview.queries import Stock


class Giving:
    """Gives one offer after the other, in the order of time, out of what there was."""

    def __init__(self, book: OfferBook, exponent: int, zone: ZoneInfo, stock: Stock, since: int) -> None:
        self._book = book
        self._exponent = exponent
        self._zone = zone
        self._costs = stock.costs
        self._codes = Counter(stock.codes)
        self._spent: Counter[tuple[str, str]] = Counter()
        for each in stock.given:
            self._spent[each.play, month_of(since, zone)] += self._cost(each.offer) * each.given
        self._given: Counter[tuple[str, str]] = Counter()
        self._withheld: Counter[tuple[str, str, str]] = Counter()

    def give(self, wanted: Iterable[Wanted]) -> None:
        """Let these messages bring what they want, as far as there is some."""
        for each in wanted:
            reason = self._gave(each)
            if reason is not None:
                self._withheld[each.play, each.offer, reason] += 1

    def _gave(self, wanted: Wanted) -> Without | None:
        offer = chosen(self._book, wanted, self._costs, self._exponent)
        if offer is None:
            return Without.NONE_FITS
        cost, month = self._cost(offer.key), (wanted.play, month_of(wanted.at, self._zone))
        budget = self._book.budget_of(wanted.play)
        if budget is not None and self._spent[month] + cost > minor(budget.month, self._exponent):
            return Without.BUDGET_SPENT
        if isinstance(offer, Partner):
            if not self._codes[offer.pool]:
                return Without.POOL_EMPTY
            self._codes[offer.pool] -= 1
        self._spent[month] += cost
        self._given[wanted.play, offer.key] += 1
        return None

    def _cost(self, offer: str) -> int:
        found = self._book.named(offer)
        return 0 if found is None else minor(found.planned, self._exponent)

    def given(self) -> list[WouldGive]:
        """By play and offer."""
        return [
            WouldGive(play=play, offer=offer, given=count, cost=self._total(offer, count))
            for (play, offer), count in sorted(self._given.items())
        ]

    def _total(self, offer: str, count: int) -> Decimal | None:
        cost = self._cost(offer)
        return major(cost * count, self._exponent) if cost else None

    def withheld(self) -> list[WouldWithhold]:
        """By play, offer and reason."""
        return [
            WouldWithhold(play=play, offer=offer, reason=reason, messages=count)
            for (play, offer, reason), count in sorted(self._withheld.items())
        ]
