"""Measurements on the real cluster; results with machine, date and n go to docs/benchmarks.md."""
