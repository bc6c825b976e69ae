"""Progress: what was reported, who checked it, what it adds up to, and how far each place is."""
