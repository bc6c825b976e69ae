"""How far each place is on a day, and why."""
