"""What a draft of the rules would make of the journal. Reads only; nothing of it is kept."""
