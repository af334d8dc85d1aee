"""Double opt-in that is run here: a request, the mail that asks whether it was meant, and the click that says so."""
