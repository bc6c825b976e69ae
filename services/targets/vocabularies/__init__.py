"""The closed lists of words."""
