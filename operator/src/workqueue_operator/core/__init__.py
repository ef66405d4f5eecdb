"""Pure: what is asked for, what was seen, what follows. No I/O, no clock, no environment."""
