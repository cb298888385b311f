"""Tests of the integration and of what helps to make it."""
