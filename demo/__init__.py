"""`make demo`: a real shop's purchases go through the whole system, and a person at a terminal sees what came of it."""
