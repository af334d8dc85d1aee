"""What the people on a rung are worth, from sums and the rates of the rules. No I/O."""

from services.ladder.core import worth
from services.ladder.core.rules import Rules
from services.ladder.figures.answers import Value
from services.ladder.figures.kpis import Money


def value(spent: int, sums: worth.Sums, rules: Rules) -> Value:
    """As it is answered, of those who have spent this."""
    money, net = Money(rules.exponent), worth.net(spent, sums, worth.rates_of(rules))
    return Value(
        margin=money.text(net.margin),
        referrals=money.text(net.referred),
        effort=money.text(net.effort),
        acquisition=money.text(net.acquisition),
        net=money.text(net.net),
    )
