"""On which basis a person may be written to."""

import pytest

from services.notifier.consent import Statement, obstacle
from services.notifier.message import Reason
from tests.make import day
from tests.unit.notifier.people import consent, objection

ADDRESS = "anna@example.org"


@pytest.mark.parametrize(
    "statement",
    [
        consent(),
        consent(channel="email"),
        consent(channel="E-Mail", purpose="Marketing"),
        consent(purpose="marketing", basis="double-opt-in"),
        consent(channel="email", basis="existing_customer"),
    ],
)
def test_a_consent_to_marketing_by_mail_is_a_basis(statement: Statement) -> None:
    """Whether it names channel and purpose or is about all of them, and for existing customers too."""
    assert obstacle(ADDRESS, [statement], None) is None


@pytest.mark.parametrize("statement", [consent(channel="phone"), consent(purpose="survey"), consent(basis="contract")])
def test_a_consent_to_something_else_is_no_basis(statement: Statement) -> None:
    """Another channel, another purpose, or a basis that does not carry advertising."""
    assert obstacle(ADDRESS, [statement], None) is Reason.NO_BASIS


@pytest.mark.parametrize("purpose", [None, "marketing"])
@pytest.mark.parametrize("channel", [None, "email"])
def test_an_objection_ends_every_older_consent(channel: str | None, purpose: str | None) -> None:
    """However general the objection and however specific the consent, in whatever order they came."""
    statements = [
        objection(day(2), "b", channel=channel, purpose=purpose),
        consent(day(1), "a", channel="email", purpose="marketing"),
    ]

    assert obstacle(ADDRESS, statements, None) is Reason.OBJECTED
    assert obstacle(ADDRESS, statements[::-1], None) is Reason.OBJECTED


def test_a_newer_consent_counts_again() -> None:
    """Whoever objected may agree anew."""
    assert obstacle(ADDRESS, [consent(day(3), "c"), objection(day(2), "b"), consent(day(1), "a")], None) is None


def test_of_two_at_one_instant_the_greater_id_counts() -> None:
    """The order is (at, id, source), so that everybody comes to the same answer."""
    assert obstacle(ADDRESS, [objection(day(1), "b"), consent(day(1), "a")], None) is Reason.OBJECTED
    assert obstacle(ADDRESS, [objection(day(1), "a"), consent(day(1), "b")], None) is None


def test_objections_to_other_channels_do_not_matter() -> None:
    """Who wants no calls may still want mail."""
    assert obstacle(ADDRESS, [consent(day(1)), objection(day(2), channel="phone")], None) is None


def test_what_is_said_later_is_not_known_yet() -> None:
    """While a history is played, a consent counts from its own instant on."""
    assert obstacle(ADDRESS, [consent(day(5))], day(4)) is Reason.NO_BASIS
    assert obstacle(ADDRESS, [consent(day(5))], day(5)) is None


def test_without_an_address_nothing_else_is_asked() -> None:
    """The missing address is named before an objection."""
    assert obstacle(None, [objection()], None) is Reason.NO_ADDRESS
