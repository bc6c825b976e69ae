"""Targets: what is to be reached, by whom, and by when."""
