"""What a draft of the plays would have sent. Reads only: nothing is sent, given or kept."""
