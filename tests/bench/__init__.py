"""Measurements of what the workbook promises to do fast, each beside what a user has without it: `make bench`."""
