"""Corpora and the order in which they are read."""
