"""`python -m services.migrate`: bring the schemas of DATABASE_URL to the version this code needs."""

import sys

from shared.db import migrate
from shared.settings import Settings, SettingsError, load


def main() -> None:
    """Migrate and say so; a bad setting is one line."""
    try:
        settings = load(Settings)
    except SettingsError as error:
        sys.exit(str(error))
    if settings.database_url is None:
        sys.exit("DATABASE_URL: must be set; the embedded PostgreSQL is migrated when it starts")
    migrate(settings.database_url.get_secret_value())
    sys.stdout.write("The schemas are at the newest version.\n")


if __name__ == "__main__":
    main()
