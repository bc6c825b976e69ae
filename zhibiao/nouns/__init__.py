"""The use cases of the API, one module per group of nouns."""
