"""Letters: collected day by day, closed once a day, and given to a print shop as one PDF with a list."""
