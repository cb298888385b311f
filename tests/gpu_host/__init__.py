"""Tests of the GPU host."""
