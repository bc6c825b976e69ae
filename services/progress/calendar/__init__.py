"""Periods, their windows, extensions, and what is expected in them."""
