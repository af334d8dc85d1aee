"""The interval of a difference of rates, against published figures."""

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.experiments.newcombe import Count, difference, wilson
from services.notifier.experiments.verdict import Verdict, conclude, group_size, missing

# Kevin Hillstrom, The MineThatData E-Mail Analytics And Data Mining Challenge (20 March 2008): 64,000 customers, in
# thirds at random to a mail about men's goods, one about women's, or none; who visited the shop within two weeks.
MENS, WOMENS, NOBODY = Count(3_894, 21_307), Count(3_238, 21_387), Count(2_262, 21_306)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        (Count(56, 70), Count(48, 80), 0.0524, 0.3339),
        (Count(9, 10), Count(3, 10), 0.1705, 0.8090),
        (Count(6, 7), Count(2, 7), 0.0582, 0.8062),
        (Count(5, 56), Count(0, 29), -0.0381, 0.1926),
        (Count(0, 10), Count(0, 20), -0.1611, 0.2775),
        (Count(0, 10), Count(0, 10), -0.2775, 0.2775),
        (Count(10, 10), Count(0, 20), 0.6791, 1.0000),
        (Count(10, 10), Count(0, 10), 0.6075, 1.0000),
    ],
)
def test_the_interval_is_the_published_one(one: Count, other: Count, low: float, high: float) -> None:
    """The examples (a) to (h) of Newcombe 1998, table II, method 10."""
    assert tuple(round(bound, 4) for bound in difference(one, other)) == (low, high)


def test_the_score_interval_of_one_rate() -> None:
    """81 of 263 is the example of Newcombe's paper on single proportions, method 3: 0.2553 to 0.3662."""
    assert tuple(round(bound, 4) for bound in wilson(Count(81, 263))) == (0.2553, 0.3662)


@pytest.mark.parametrize(("mailed", "rate", "more"), [(MENS, 0.1828, 0.0766), (WOMENS, 0.1514, 0.0452)])
def test_a_known_effect_is_found(mailed: Count, rate: float, more: float) -> None:
    """Hillstrom's published visits, 18.28 %, 15.14 % and 10.62 %, give the published differences and help."""
    found = conclude(mailed, NOBODY, 0.02, 1 / 3)

    assert (round(mailed.rate, 4), round(NOBODY.rate, 4)) == (rate, 0.1062)
    assert round(found.difference, 4) == more
    assert found.interval.low < found.difference < found.interval.high
    assert found.interval.high - found.interval.low < 0.014
    assert (found.verdict, found.more) == (Verdict.HELPS, 0)


def test_turned_around_the_effect_is_harm() -> None:
    """Who is better off without a play is not helped by it."""
    assert conclude(NOBODY, MENS, 0.02, 1 / 3).verdict is Verdict.DOES_NOT


def test_the_known_effect_needs_enough_people() -> None:
    """With a hundredth of them it is too early, and the verdict says how many more it takes."""
    few = [Count(round(each.reached / 100), round(each.of / 100)) for each in (WOMENS, NOBODY)]
    found = conclude(few[0], few[1], 0.045, 0.5)

    assert found.verdict is Verdict.TOO_EARLY
    assert 800 < found.more == missing(few[0], few[1], 0.045, 0.5) < 2_500


def test_enough_people_without_a_difference_end_the_trial() -> None:
    """Then it does not help enough to pay."""
    found = conclude(Count(2_000, 20_000), Count(1_000, 10_000), 0.02, 1 / 3)

    assert (found.verdict, found.more) == (Verdict.DOES_NOT, 0)


@pytest.mark.parametrize(("treated", "held_out"), [((0, 0), (0, 0)), ((3, 10), (0, 0)), ((0, 0), (1, 5))])
def test_without_two_groups_nothing_is_concluded(treated: tuple[int, int], held_out: tuple[int, int]) -> None:
    """Whatever the one group has done."""
    found = conclude(Count(*treated), Count(*held_out), 0.02, 0.1)

    assert found.verdict is Verdict.TOO_EARLY
    assert found.more > 0


def test_the_size_of_groups_is_the_usual_one() -> None:
    """10 % against 15 %, found with 80 % at 5 %: 686 people each; fewer on one side where the other has more."""
    assert round(group_size(0.10, 0.15)) == 686
    assert group_size(0.10, 0.15, 3) < group_size(0.10, 0.15) < 4 * group_size(0.10, 0.15, 3)


_COUNTS = st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)).map(lambda pair: Count(*pair)))


@given(_COUNTS, _COUNTS)
def test_an_interval_holds_its_difference_and_turns_around_with_it(one: Count, other: Count) -> None:
    """From -1 to 1; whoever compares the other way round gets the same with the sign changed."""
    low, high = difference(one, other)

    assert -1 - 1e-9 <= low <= one.rate - other.rate + 1e-9
    assert one.rate - other.rate - 1e-9 <= high <= 1 + 1e-9
    back = difference(other, one)
    assert isclose(low, -back.high, abs_tol=1e-12)
    assert isclose(high, -back.low, abs_tol=1e-12)
