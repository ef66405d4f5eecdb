"""The demo: one WorkQueue goes from zero to many workers and back, and says why."""
