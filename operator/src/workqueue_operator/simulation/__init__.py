"""The same core in simulated time: what a trace would have cost, and how long tasks waited."""
