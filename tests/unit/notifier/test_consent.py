"""On which basis a person may be written to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.consent import Asked, Basis, Ground, Ledger, Statement, basis
from services.notifier.consent.sales import Sale
from services.notifier.consent.words import Topic
from services.notifier.message import Channel, Purpose, Reason
from tests.make import DOUBLE_OPT_IN, day
from tests.unit.notifier.people import bought, consent, customer, expressed, objection, refunded

ADVERT = Asked(channel=Channel.EMAIL, purpose=Purpose.MARKETING)
SERVICE = Asked(channel=Channel.EMAIL, purpose=Purpose.SERVICE)


def found(
    statements: list[Statement], *sales: Sale, asked: Asked = ADVERT, known_until: int | None = None
) -> Basis | Reason:
    return basis(Ledger(tuple(statements), sales), asked, known_until)


def ground(result: Basis | Reason) -> Ground | Reason:
    return result.ground if isinstance(result, Basis) else result


def by(channel: Channel, **more: Any) -> Asked:
    return Asked(channel=channel, purpose=Purpose.MARKETING, **more)


# -- double opt-in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        consent(),
        consent(channel=None, purpose=None),
        consent(channel="E-Mail", purpose="Marketing", basis="double-opt-in"),
        consent(
            proof={
                "wording": "Yes",
                "version": 3,
                "form": "popup",
                "requested": {"at": "2023-12-24T10:00:00Z", "ip": "2001:db8::1"},
                "confirmed": {"at": "2023-12-24T10:00:00+00:00", "ip": "203.0.113.7"},
            }
        ),
    ],
)
def test_a_proven_double_opt_in_permits_advertising_by_mail(statement: Statement) -> None:
    """The shop's own counts as ours; the basis names the statement."""
    assert found([statement]) == Basis(ground=Ground.DOUBLE_OPT_IN, source="shop", id="s")


@pytest.mark.parametrize("member", sorted(DOUBLE_OPT_IN["proof"]))
def test_a_double_opt_in_without_any_part_of_its_proof_permits_nothing(member: str) -> None:
    """Wording, version, form, time and IP of request and confirmation: each is needed."""
    proof = {name: value for name, value in DOUBLE_OPT_IN["proof"].items() if name != member}

    assert found([consent(proof=proof)]) is Reason.NO_BASIS


@pytest.mark.parametrize(
    "wrong",
    [
        {"confirmed_at": "2023-12-24T09:59:59Z"},
        {"confirmed_at": "yesterday"},
        {"requested_ip": "unknown"},
        {"wording": " "},
        {"version": True},
    ],
)
def test_a_proof_that_cannot_be_true_proves_nothing(wrong: dict[str, object]) -> None:
    """Confirmed before it was asked for, no address, an empty text."""
    assert found([consent(proof={**DOUBLE_OPT_IN["proof"], **wrong})]) is Reason.NO_BASIS


@pytest.mark.parametrize(
    "statement",
    [
        consent(basis=None),
        consent(basis="consent"),
        consent(basis="contract"),
        consent(basis="requested"),
        consent(proof=None),
        consent(channel="phone"),
        consent(channel="mail"),
        consent(purpose="service"),
        consent(purpose="profiling"),
        consent(purpose="surveys"),
    ],
)
def test_a_consent_never_widens(statement: Statement) -> None:
    """No other basis, channel or purpose is understood as this one."""
    assert found([statement]) is Reason.NO_BASIS


def test_a_double_opt_in_is_for_the_address_that_was_confirmed() -> None:
    """Whoever has a new address has not confirmed that one."""
    confirmed = consent(proof={**DOUBLE_OPT_IN["proof"], "email": "Anna@example.org"})

    assert ground(found([confirmed], asked=by(Channel.EMAIL, address="anna@example.org"))) is Ground.DOUBLE_OPT_IN
    assert found([confirmed], asked=by(Channel.EMAIL, address="new@example.org")) is Reason.NO_BASIS


def test_a_consent_to_one_topic_is_for_that_topic() -> None:
    """And an objection to one is against that one only."""
    surveys, offers = (by(Channel.EMAIL, topic=topic) for topic in (Topic.SURVEYS, Topic.OFFERS))

    assert ground(found([consent(purpose="surveys")], asked=surveys)) is Ground.DOUBLE_OPT_IN
    assert found([consent(purpose="surveys")], asked=offers) is Reason.NO_BASIS
    both = [consent(day(1), "a"), objection(day(2), "b", purpose="survey")]
    assert found(both, asked=surveys) is Reason.OBJECTED
    assert ground(found(both, asked=offers)) is Ground.DOUBLE_OPT_IN


# -- objections --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", [None, "", "marketing", "Werbung", "anything unknown"])
@pytest.mark.parametrize("channel", [None, "email", "mail"])
def test_an_objection_ends_every_older_consent(channel: str | None, purpose: str | None) -> None:
    """However general or unclear the objection and however specific the consent, in whatever order they came."""
    statements = [objection(day(2), "b", channel=channel, purpose=purpose), consent(day(1), "a")]

    assert found(statements) is Reason.OBJECTED
    assert found(statements[::-1]) is Reason.OBJECTED


def test_a_newer_consent_counts_again() -> None:
    """Whoever objected may agree anew; one that proves nothing does not count."""
    history = [objection(day(2), "b"), consent(day(1), "a")]

    assert ground(found([consent(day(3), "c"), *history])) is Ground.DOUBLE_OPT_IN
    assert found([consent(day(3), "c", proof=None), *history]) is Reason.OBJECTED


def test_of_two_at_one_instant_the_greater_id_counts() -> None:
    """The order is (at, id, source), so that everybody comes to the same answer."""
    assert found([objection(day(1), "b"), consent(day(1), "a")]) is Reason.OBJECTED
    assert ground(found([objection(day(1), "a"), consent(day(1), "b")])) is Ground.DOUBLE_OPT_IN


def test_objections_to_other_channels_do_not_matter() -> None:
    """Who wants no calls may still want mail."""
    assert ground(found([consent(day(1)), objection(day(2), channel="phone")])) is Ground.DOUBLE_OPT_IN


def test_what_is_said_later_is_not_known_yet() -> None:
    """While a history is played, a consent counts from its own instant on."""
    assert found([consent(day(5))], known_until=day(4)) is Reason.NO_BASIS
    assert ground(found([consent(day(5))], known_until=day(5))) is Ground.DOUBLE_OPT_IN


def test_an_unproven_consent_takes_nothing_away() -> None:
    """The proven one before it still stands."""
    assert found([consent(day(1), "a"), consent(day(2), "b", basis="requested")]) == Basis(
        ground=Ground.DOUBLE_OPT_IN, source="shop", id="a"
    )


# -- existing customers ------------------------------------------------------------------------------------------


def test_an_existing_customer_is_written_to_for_the_sale_that_gave_the_address() -> None:
    """The basis names the order as well."""
    assert found([customer()], bought(day(0), "o1", "Shoes")) == Basis(
        ground=Ground.EXISTING_CUSTOMER, source="shop", id="k", order_id="o1"
    )


@pytest.mark.parametrize(
    "sales",
    [
        (),
        (bought(day(0), "another", "shoes"),),
        (bought(day(0), "o1", "shoes"), refunded(day(1))),
        (bought(day(0), "o1", "shoes"), refunded(day(1), amount="4.00"), refunded(day(2), amount="6.00")),
        (bought(day(0), "o1"),),
    ],
    ids=["no order", "another order", "refunded", "refunded in parts", "goods unknown"],
)
def test_without_a_sale_that_stands_there_is_no_existing_customer(sales: tuple[Sale, ...]) -> None:
    """Section 7 (3) no. 1 UWG; and of what nothing is known nothing is similar."""
    assert found([customer()], *sales) is Reason.NO_BASIS


def test_a_refund_in_part_leaves_the_sale() -> None:
    """Something of it was kept."""
    sales = (bought(day(0), "o1", "shoes"), refunded(day(1), amount="4.00"))

    assert ground(found([customer()], *sales)) is Ground.EXISTING_CUSTOMER


def test_only_similar_goods_are_advertised_to_existing_customers() -> None:
    """Section 7 (3) no. 2: every category of the message was bought; the proof may name what the order does not."""
    sale = bought(day(0), "o1", "Shoes", "Socks")
    named = customer(proof={"order_id": "o1", "notice": "You can object", "categories": ["hats"]})

    def about(*categories: str) -> Asked:
        return by(Channel.EMAIL, categories=categories)

    assert ground(found([customer()], sale, asked=about("shoes"))) is Ground.EXISTING_CUSTOMER
    assert found([customer()], sale, asked=about("shoes", "hats")) is Reason.NO_BASIS
    assert ground(found([named], bought(day(0)), asked=about("Hats"))) is Ground.EXISTING_CUSTOMER


def test_without_notice_at_collection_there_is_no_existing_customer() -> None:
    """Section 7 (3) no. 4: told when the address was given that one can object."""
    assert found([customer(proof={"order_id": "o1"})], bought(day(0), "o1", "shoes")) is Reason.NO_BASIS
    assert found([customer(proof={"notice": "yes"})], bought(day(0), "o1", "shoes")) is Reason.NO_BASIS


def test_an_existing_customer_is_one_at_the_address_that_came_with_the_sale() -> None:
    """Where the proof names it; another address of theirs was not got with a sale."""
    sale = bought(day(0), "o1", "shoes")
    named = customer(proof={"order_id": "o1", "notice": "You can object", "email": "anna@example.org"})

    assert ground(found([named], sale, asked=by(Channel.EMAIL, address="Anna@example.org"))) is Ground.EXISTING_CUSTOMER
    assert found([named], sale, asked=by(Channel.EMAIL, address="new@example.org")) is Reason.NO_BASIS


def test_an_existing_customer_is_one_by_mail_only() -> None:
    """The exception is for electronic mail; calls are not in it."""
    sale = bought(day(0), "o1", "shoes")

    assert found([customer(channel="phone")], sale, asked=by(Channel.PHONE)) is Reason.NO_BASIS
    assert found([customer()], sale, asked=by(Channel.SMS)) is Reason.NO_BASIS


def test_after_an_objection_an_old_sale_gives_no_address() -> None:
    """Section 7 (3) no. 3: only who buys anew, and is told anew, is an existing customer again."""
    against, old, new = objection(day(5), "b"), bought(day(1), "o1", "shoes"), bought(day(6), "o2", "shoes")

    assert found([customer(day(7)), against], old) is Reason.OBJECTED
    assert ground(found([customer(day(7), order="o2"), against], new)) is Ground.EXISTING_CUSTOMER


# -- other channels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.SMS, Channel.PUSH, Channel.POST])
def test_an_express_consent_is_for_the_channel_it_names(channel: Channel) -> None:
    """With the wording and the form in which it was given (section 7a UWG)."""
    assert ground(found([expressed(channel=channel)], asked=by(channel))) is Ground.EXPRESS
    assert found([expressed(channel=None)], asked=by(channel)) is Reason.NO_BASIS
    assert found([expressed(channel=channel, proof={"wording": "Yes"})], asked=by(channel)) is Reason.NO_BASIS


def test_a_confirmed_mailbox_is_no_consent_to_calls() -> None:
    """Nor is an express consent enough for e-mail, where anybody could have typed the address."""
    assert found([consent(channel="phone")], asked=by(Channel.PHONE)) is Reason.NO_BASIS
    assert found([expressed(channel="email")]) is Reason.NO_BASIS


def test_customers_get_letters_until_they_object() -> None:
    """Who has bought nothing that stands gets none, and a purchase revives nothing."""
    post = by(Channel.POST)

    assert found([], bought(day(1)), asked=post) == Basis(ground=Ground.CUSTOMER, order_id="o1")
    assert found([], asked=post) is Reason.NO_BASIS
    assert found([], bought(day(1)), refunded(day(2)), asked=post) is Reason.NO_BASIS
    assert found([objection(day(2))], bought(day(1)), bought(day(3), "o2"), asked=post) is Reason.OBJECTED


# -- service -----------------------------------------------------------------------------------------------------


def test_service_needs_no_consent() -> None:
    """And an objection to advertising is none against it."""
    assert ground(found([], asked=SERVICE)) is Ground.SERVICE
    assert ground(found([objection(purpose="marketing")], asked=SERVICE)) is Ground.SERVICE


def test_who_wants_nothing_at_all_gets_answers_only() -> None:
    """Until they ask for something by that channel; a request is enough for an answer, not for advertising."""
    nothing = objection(day(1), "a")
    answer = Asked(channel=Channel.EMAIL, purpose=Purpose.SERVICE, answers=True)
    asked_again = [nothing, consent(day(2), "b", basis="requested", proof=None)]

    assert found([nothing], asked=SERVICE) is Reason.OBJECTED
    assert ground(found([nothing], asked=answer)) is Ground.SERVICE
    assert ground(found(asked_again, asked=SERVICE)) is Ground.SERVICE
    assert found(asked_again) is Reason.OBJECTED


# -- whatever was said -------------------------------------------------------------------------------------------

_days = st.integers(0, 30).map(day)
_words = st.sampled_from([None, "", "email", "mail", "post", "phone", "sms", "push", "fax"])
_purposes = st.sampled_from([None, "", "marketing", "service", "surveys", "offers", "else"])
_ids = st.uuids().map(str)
_consents = st.one_of(
    st.builds(consent, _days, _ids, channel=_words, purpose=_purposes),
    st.builds(expressed, _days, _ids, channel=_words, purpose=_purposes),
    st.builds(customer, _days, _ids, channel=_words, purpose=_purposes),
)
_objections = st.builds(objection, _days, _ids, channel=_words, purpose=_purposes)
_asked = st.builds(
    Asked,
    channel=st.sampled_from(Channel),
    purpose=st.just(Purpose.MARKETING),
    topic=st.none() | st.sampled_from(Topic),
    categories=st.sampled_from([(), ("shoes",), ("hats",)]),
)


@given(st.lists(_consents, max_size=4), st.lists(_objections, max_size=3), _asked)
def test_after_an_objection_to_everything_nothing_older_permits_advertising(
    consents: list[Statement], objections: list[Statement], asked: Asked
) -> None:
    """By no channel and for no topic, whatever was said before it."""
    last = objection(day(31), "last")

    assert found([*consents, *objections, last], bought(day(0), "o1", "shoes"), asked=asked) is Reason.OBJECTED


@given(st.lists(_consents, max_size=4), st.lists(_objections, max_size=3), _asked, st.randoms())
def test_a_basis_is_a_consent_that_names_the_channel_or_the_law(
    consents: list[Statement], objections: list[Statement], asked: Asked, chance: Any
) -> None:
    """In whatever order it was told; and nothing is permitted by taking a consent away or adding an objection."""
    said = [*consents, *objections]
    chance.shuffle(said)
    sale = bought(day(0), "o1", "shoes")
    result = found(said, sale, asked=asked)

    assert result == found([*consents, *objections], sale, asked=asked)
    if isinstance(result, Reason):
        assert isinstance(found(said[1:], sale, asked=asked), Reason) or said[0] in objections
    elif result.ground is not Ground.CUSTOMER:
        (used,) = [each for each in consents if each.id == result.id]
        assert used.channel == asked.channel or (used.channel is None and asked.channel is Channel.EMAIL)
        assert used.purpose in (None, "", "marketing", asked.topic)
