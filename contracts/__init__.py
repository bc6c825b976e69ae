"""The words on the wire: what front ends and services exchange, defined once."""
