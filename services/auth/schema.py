"""The schema of this service and the tables that every service has."""

from kernel import audit, idempotency
from kernel.db import metadata
from kernel.feed import Outbox

METADATA = metadata("auth")
OUTBOX = Outbox(METADATA)
AUDIT = audit.table(METADATA)
KEYS = idempotency.table(METADATA)
