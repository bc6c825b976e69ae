"""The local copy of organisations, which auth owns."""
