"""`python -m services.notifier`: this service alone. `load-codes POOL FILE` fills a pool of a running one."""

import sys


def _load_codes() -> None:
    from services.notifier.offers.loading import main

    sys.exit(main(sys.argv[2:]))


def _serve() -> None:
    from services.notifier.part import open_part
    from services.notifier.settings import NotifierSettings
    from shared.program import main

    main("Loyalty ladder: notifier", NotifierSettings, [open_part])


if __name__ == "__main__":
    if sys.argv[1:2] == ["load-codes"]:
        _load_codes()
    else:
        _serve()
