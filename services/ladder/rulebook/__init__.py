"""Which version of the rules is in force: versions kept in the database, put as drafts, activated while facts flow."""
