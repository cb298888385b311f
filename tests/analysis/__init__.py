"""Tests of the analysis: pure, without Home Assistant and without servers."""
