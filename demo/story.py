"""A few invented persons beside the real ones, whose lives show every rung and most of what can happen.

Their ids begin with `invented-`, and all of it lies between the sample's first day and its last, 1998-06-30.
"""

from typing import Final

from demo.happening import Happening
from demo.invented import DOMAIN, SOURCE, SURNAMES, agreed, profile

PREFIX: Final = "invented-"
TOP: Final = "invented-anna"
"""Climbs from the first rung to the last."""
FALLEN: Final = "invented-carla"
WON_BACK: Final = "invented-dora"

TURNING_POINTS: Final = {
    "1997-08-16": "Anna has named four friends",
    "1997-09-06": "Emil, one of them, buys",
    "1997-09-27": "Finn buys",
    "1997-10-11": "Hugo buys, and Anna is a fan",
    "1997-10-25": "Hugo sends it back, and she is none",
    "1997-11-29": "Greta buys, and she is one again",
    "1998-06-30": "the last day of the log",
}
"""The days up to which the history is told before everybody takes a breath.

What one person does for another travels between lanes and takes effect when it arrives. A replay tells weeks in a
second, so without the pause Anna would hear of her friends weeks late, and mail about old news is not sent.
"""


class Life:
    """What happens to one invented person, in the order in which it is told."""

    def __init__(self, name: str, language: str = "de") -> None:
        self.id = PREFIX + name.lower()
        self.name = name
        self.language = language
        self.happenings: list[Happening] = []

    def tell(self, day: str, type_: str, **data: str) -> None:
        """Something happened at noon of this day."""
        self._add(day, type_, data)

    def known(self, day: str) -> None:
        """The shop learns who this is, and where mail reaches them."""
        surname = SURNAMES[self.language]
        self._add(day, "contact.identified", profile(f"{self.name} {surname}", f"{self.id}@{DOMAIN}", self.language))

    def agreed(self, day: str) -> None:
        """A consent to marketing by e-mail."""
        self._add(day, "contact.consented", agreed(f"{day}T12:00:00Z"))

    def bought(self, amount: str, *days: str) -> None:
        """An order of this amount on each of these days; its id is `<person>-<day>`."""
        for day in days:
            self._add(day, "purchase.completed", {"order_id": f"{self.id}-{day}", "amount": amount, "currency": "EUR"})

    def got_back(self, day: str, ordered: str, amount: str = "") -> None:
        """A refund of the order of the day `ordered`, in full where no amount is named."""
        self._add(day, "purchase.refunded", {"order_id": f"{self.id}-{ordered}", "amount": amount})

    def referred(self, day: str, friend: "Life") -> None:
        """The person sends a friend."""
        self._add(day, "referral.made", {"referee": friend.id})

    def _add(self, day: str, type_: str, data: dict[str, str]) -> None:
        id_ = f"{self.id}-{len(self.happenings) + 1:02}"
        self.happenings.append(Happening(f"{day}T12:00:00Z", id_, self.id, type_, SOURCE, data))


def story() -> list[Life]:
    """All invented lives, the main characters first."""
    emil, finn, hugo, greta = (Life(name) for name in ("Emil", "Finn", "Hugo", "Greta"))
    _friends(emil, finn, hugo, greta)
    lives = [_anna(emil, finn, hugo, greta), _bela(), _carla(), _dora(), _kim(), _lena(), _ida(), _jonas()]
    return [*lives, emil, finn, hugo, greta]


def _anna(*friends: Life) -> Life:
    """Climbs from the first rung to the seventh; falls once because a friend sends back what he bought."""
    anna = Life("Anna")
    anna.known("1997-01-06")
    anna.agreed("1997-01-20")
    anna.tell("1997-02-10", "contact.responded", channel="email", campaign="spring catalogue")
    anna.tell("1997-02-12", "contact.checkout_started")
    anna.bought("24.90", "1997-02-14")
    anna.bought("39.80", "1997-04-05")
    anna.tell("1997-05-02", "membership.started", programme="record club")
    anna.bought("31.50", "1997-06-03", "1997-07-19")
    anna.tell("1997-07-25", "contact.rated", score="10")
    for day, friend in zip(("1997-07-26", "1997-08-02", "1997-08-09", "1997-08-16"), friends, strict=True):
        anna.referred(day, friend)
    anna.got_back("1997-08-20", "1997-07-19", "10.00")
    anna.bought("45.00", "1997-09-20", "1997-11-15", "1998-01-10", "1998-02-28", "1998-04-25", "1998-06-13")
    anna.tell("1998-03-02", "contact.complained", reason="scratched", ticket="T-7")
    anna.tell("1998-03-21", "contact.served", minutes="25", ticket="T-7")
    return anna


def _friends(emil: Life, finn: Life, hugo: Life, greta: Life) -> None:
    """Anna's friends; Hugo sends his order back, so he never was a buyer, and Greta comes in his place."""
    emil.bought("19.90", "1997-09-06")
    finn.bought("27.40", "1997-09-27")
    hugo.bought("88.00", "1997-10-11")
    hugo.got_back("1997-10-25", "1997-10-11")
    greta.bought("52.10", "1997-11-29")


def _bela() -> Life:
    """A member who does not renew: the perk is withdrawn."""
    bela = Life("Bela", "en")
    bela.known("1997-01-15")
    bela.agreed("1997-01-15")
    bela.bought("62.00", "1997-02-01")
    bela.tell("1997-02-03", "membership.started", programme="record club", until="1998-02-03", paid="true")
    bela.bought("58.00", "1997-05-10")
    bela.tell("1998-02-03", "membership.ended", cause="not_renewed")
    return bela


def _carla() -> Life:
    """Buys once, sends it back, is heard of no more: from buyer to prospect to target market."""
    carla = Life("Carla")
    carla.known("1997-02-08")
    carla.agreed("1997-02-08")
    carla.bought("74.95", "1997-03-01")
    carla.got_back("1997-03-10", "1997-03-01")
    return carla


def _dora() -> Life:
    """Falls silent, gets a voucher and comes back."""
    dora = Life("Dora", "en")
    dora.known("1997-01-10")
    dora.agreed("1997-01-10")
    dora.bought("35.00", "1997-01-18", "1997-02-22", "1997-04-12")
    dora.bought("48.00", "1998-05-16", "1998-06-20")
    return dora


def _kim() -> Life:
    """A steady buyer who praises the shop in public and wants no mail."""
    kim = Life("Kim", "en")
    kim.known("1997-03-01")
    kim.agreed("1997-03-01")
    kim.bought("22.00", "1997-03-08", "1997-05-31")
    kim.tell("1997-06-15", "contact.objected", channel="email", purpose="marketing")
    kim.bought("29.00", "1997-08-23", "1997-11-22", "1998-02-14", "1998-05-09")
    kim.tell("1998-05-30", "referral.voiced", kind="review", positive="true")
    return kim


def _lena() -> Life:
    """Her address is known, and she never agreed to be written to."""
    lena = Life("Lena")
    lena.known("1997-06-01")
    lena.bought("41.00", "1997-06-01", "1997-10-04")
    lena.tell("1998-01-12", "contact.cancelled", reason="moves abroad")
    return lena


def _ida() -> Life:
    """Looks around, asks, and has a full basket on the last day."""
    ida = Life("Ida")
    ida.known("1998-05-02")
    for day in ("1998-05-03", "1998-05-20", "1998-06-07"):
        ida.tell(day, "contact.engaged", kind="visited")
    ida.tell("1998-06-21", "contact.responded", channel="phone")
    ida.tell("1998-06-27", "contact.checkout_started")
    return ida


def _jonas() -> Life:
    """Left a card at the counter, no more."""
    jonas = Life("Jonas")
    jonas.known("1998-06-15")
    return jonas
