"""Which of several offers somebody gets: by rung, interest and what the offer has cost so far. Pure."""

from collections.abc import Mapping

from services.notifier.offers.book import Candidate, Choice, Offer, OfferBook
from services.notifier.offers.money import minor
from services.notifier.offers.voucher import Wanted


def chosen(book: OfferBook, wanted: Wanted, costs: Mapping[str, int], exponent: int) -> Offer | None:
    """The offer itself, or the first of the choice that fits; None: none fits, or the book has it no more.

    `costs` by offer: what was redeemed of it this month has cost, in minor units.
    """
    found = book.find(wanted.offer)
    if not isinstance(found, Choice):
        return found
    fitting = (each for each in found.of if _fits(each, wanted, costs.get(each.offer, 0), exponent))
    first = next(fitting, None)
    return None if first is None else book.named(first.offer)


def _fits(candidate: Candidate, wanted: Wanted, cost: int, exponent: int) -> bool:
    likes = {interest.strip().casefold() for interest in wanted.interests}
    return (
        (not candidate.rungs or wanted.rung in candidate.rungs)
        and (not candidate.interests or any(each.strip().casefold() in likes for each in candidate.interests))
        and (candidate.cost_below is None or cost < minor(candidate.cost_below, exponent))
    )


def limited(book: OfferBook, keys: set[str]) -> set[str]:
    """The offers whose cost has to be known to decide on these offers and choices."""
    choices = [each for each in book.choice if each.key in keys]
    return {each.offer for choice in choices for each in choice.of if each.cost_below is not None}
