"""Benchmarks, one subject per file; each has `run(quick)` and returns a table.

A table is a head row and data rows, all of text. Ratios between contenders that ran in
turns on the same machine mean something elsewhere too; times alone don't.
"""
