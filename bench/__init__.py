"""Figures measured here: `make bench` prints them with versions and ratios; nothing in the tests is timed."""
