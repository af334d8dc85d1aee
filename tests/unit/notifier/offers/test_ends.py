"""Until when an offer is good."""

import pytest

from services.notifier.offers.book import Percent
from services.notifier.offers.voucher import Wanted, end_of, voucher_for
from tests.make import day

TENTH = Percent(key="group", valid_days=365, percent=10, single_use=False)


@pytest.mark.parametrize(("ends_at", "end"), [(None, day(366)), (day(100), day(100)), (day(900), day(366))])
def test_an_offer_ends_with_what_it_is_given_for(ends_at: int | None, end: int) -> None:
    """Or earlier, by its own terms."""
    wanted = Wanted("m", "c1", "group_welcome", "group", day(1), ends_at=ends_at)

    assert end_of(wanted, TENTH) == voucher_for(wanted, TENTH, b"secret", 2).valid_until == end
