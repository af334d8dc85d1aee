"""`python -m services.ingest`: this service alone. `load FILE` posts a shop's history to a running one."""

import sys

from services.ingest.app import open_part
from services.ingest.settings import IngestSettings
from shared.program import main

if __name__ == "__main__":
    if sys.argv[1:2] == ["load"]:
        from services.ingest.loading.command import main as load

        sys.exit(load(sys.argv[2:]))
    else:
        main("Loyalty ladder: ingest", IngestSettings, [open_part], needs_database=False)
