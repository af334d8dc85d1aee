"""Would the model have known? Fitted to what was known at a split, asked who buys afterwards, against what came."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ladder.core.churn import Params
from services.ladder.estimates import expected
from services.ladder.estimates.history import Floats, Held


class BackTest(NamedTuple):
    """How often the model, and recency alone, put a person who bought before one who did not: shares of all pairs."""

    people: int
    bought: int
    """People who bought after the split."""
    model: float
    recency: float
    days_expected: float
    days_seen: int
    """Purchase days after the split, as the model expected them and as they came."""

    @property
    def better(self) -> bool:
        """Whether the model orders people better than the days since their newest purchase do."""
        return self.model > self.recency


def back_test(params: Params, held: Held, horizon: float) -> BackTest | None:
    """`params` were fitted to what was known at the split, `horizon` weeks before the end.

    None where nobody or everybody bought afterwards: there is no pair to put in order.
    """
    bought = held.bought > 0
    buyers = int(bought.sum())
    if buyers in (0, len(bought)):
        return None
    chances = expected.chances(params, held.x, held.t_x, held.now, horizon)
    days = expected.purchases(params, held.x, held.t_x, held.now, horizon)
    return BackTest(
        people=len(bought),
        bought=buyers,
        model=ranked_rightly(chances, bought),
        recency=ranked_rightly(held.t_x - held.now, bought),
        days_expected=float(days.sum()),
        days_seen=int(held.bought.sum()),
    )


def ranked_rightly(score: Floats, bought: NDArray[np.bool_]) -> float:
    """The share of pairs of a buyer and another in which the buyer has the higher score; equal ones count half.

    The area under the ROC curve, by ranks: Mann and Whitney 1947.
    """
    _, place, people = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(people) - (people - 1) / 2)[place]
    buyers, others = int(bought.sum()), int((~bought).sum())
    return float((ranks[bought].sum() - buyers * (buyers + 1) / 2) / (buyers * others))
