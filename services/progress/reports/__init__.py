"""The report of a unit and the submissions beneath it."""
