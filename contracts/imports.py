"""Loading files: what arrived, what it would change, and every fault in it."""

from uuid import UUID

from contracts.base import Instant, Int, Model


class ImportCounts(Model):
    """How many rows (or entries) were new, changed, the same, refused, or retired because the file left them out."""

    new: Int = 0
    changed: Int = 0
    same: Int = 0
    rejected: Int = 0
    retired: Int = 0


class Conflict(Model):
    """One fault: where it is, a stable code, a sentence in both languages, and what to do."""

    file: str | None = None
    line: Int | None = None
    column: str | None = None
    code: str
    message: str
    message_en: str
    suggestion: str | None = None


class ImportJob(Model):
    """One import; with any conflict, an atomic import changes nothing."""

    id: UUID
    kind: str
    mode: str
    state: str
    counts: ImportCounts
    conflicts: list[Conflict]
    conflict_count: Int
    created_at: Instant
