"""`python -m services.ladder`: this service alone, as often as there are cores. `refold` re-decides everybody."""

import sys

from services.ladder.part import open_part
from services.ladder.settings import LadderSettings
from shared.program import main

if __name__ == "__main__":
    if sys.argv[1:2] == ["refold"]:
        from services.ladder.refold import main as refold

        refold(sys.argv[2:])
    else:
        main("Loyalty ladder: ladder", LadderSettings, [open_part])
