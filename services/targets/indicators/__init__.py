"""Indicators and scopes: what one unit is asked, and who counts."""
