"""The book of plays: who gets what, when and why, as data; and what follows from it for a person. Pure, but `store`."""
