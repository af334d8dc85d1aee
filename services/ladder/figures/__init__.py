"""Figures: daily differences kept with the fold, and the questions they answer. Nothing here looks at a person."""
