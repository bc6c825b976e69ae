"""Reading the audit records of this service."""
