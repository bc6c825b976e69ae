"""Targets: plans, indicators and targets as data, and the settings where documents are silent."""
