"""What submissions add up to, for every area, the moment they change."""
