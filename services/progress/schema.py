"""The schema of this service and the tables the kernel defines for it."""

from kernel import audit, feed, idempotency
from kernel.db import metadata

TABLES = metadata("progress")
audit_events = audit.table(TABLES)
idempotency_keys = idempotency.table(TABLES)
feed_cursor = feed.cursor_table(TABLES)
