"""Tests of the package that knows BullMQ and Redis, on real servers."""
