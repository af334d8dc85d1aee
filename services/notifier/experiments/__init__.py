"""Does a play help: who is held out by chance, what became of the two groups, and what may be concluded."""
