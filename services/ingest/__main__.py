"""`python -m services.ingest`: this service alone. `load FILE` posts a shop's history to a running one."""

import sys


def _load() -> None:
    from services.ingest.loading.command import main

    sys.exit(main(sys.argv[2:]))


def _serve() -> None:
    from services.ingest.app import open_part
    from services.ingest.settings import IngestSettings
    from shared.program import main

    main("Loyalty ladder: ingest", IngestSettings, [open_part], needs_database=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["load"]:
        _load()
    else:
        _serve()
