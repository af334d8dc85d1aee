"""`python -m services.notifier`: this service alone, as often as wanted."""

from services.notifier.part import open_part
from services.notifier.settings import NotifierSettings
from shared.program import main

if __name__ == "__main__":
    main("Loyalty ladder: notifier", NotifierSettings, [open_part])
