"""Synthetic tables: what is assumed about a call, and the seeded draws that turn it into delivered files."""
