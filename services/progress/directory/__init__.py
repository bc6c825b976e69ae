"""The local copy of organisations, plans and targets, and what follows from it: areas and scopes."""
