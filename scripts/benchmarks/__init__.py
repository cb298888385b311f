"""Benchmarks, one subject per file; each has `run(quick)` and returns a table."""
