"""Plans: packs of YAML read, checked, loaded, published and shown."""
