"""`python -m services`: all three programs in one process on one port; a laptop needs nothing else."""

from services.ingest.app import open_part as open_ingest
from services.ingest.settings import IngestSettings
from services.ladder.part import open_part as open_ladder
from services.ladder.settings import LadderSettings
from services.notifier.part import open_part as open_notifier
from services.notifier.settings import NotifierSettings
from shared.program import main


class AllSettings(IngestSettings, LadderSettings, NotifierSettings):
    """The settings of all three."""


if __name__ == "__main__":
    main("Loyalty ladder", AllSettings, [open_ingest, open_ladder, open_notifier], embeds=True)
