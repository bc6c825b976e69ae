"""Indicators and scopes: what is asked, and who counts."""

from services.targets.schema import entry_table

indicator = entry_table("indicator")
scope = entry_table("scope")
