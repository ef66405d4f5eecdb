"""The loop: what is asked for and what was read, through a decision, into one small write."""
