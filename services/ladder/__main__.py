"""`python -m services.ladder`: this service alone, as often as there are cores.

`refold` re-decides everybody, `fit` fits the models to the journal, `export` writes everybody to a file.
"""

import sys

from services.ladder.part import open_part
from services.ladder.settings import LadderSettings
from shared.program import main

if __name__ == "__main__":
    match sys.argv[1:2]:
        case ["refold"]:
            from services.ladder.refold import main as refold

            refold(sys.argv[2:])
        case ["fit"]:
            from services.ladder.estimates.command import main as fit

            fit(sys.argv[2:])
        case ["export"]:
            from services.ladder.estimates.export import main as export

            export(sys.argv[2:])
        case _:
            main("Loyalty ladder: ladder", LadderSettings, [open_part])
