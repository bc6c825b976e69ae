"""The audit records of this service."""
