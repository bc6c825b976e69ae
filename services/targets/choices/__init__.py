"""Settings: named choices where the documents are silent."""
