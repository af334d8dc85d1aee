"""What a person thinks of how they were served: a thumb in a mail, a page with a button, a fact for everybody."""
