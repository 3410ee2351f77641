"""Files that were made once and are kept: an invoice's PDF."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from billing.adapters.ledger.schema import documents
from billing.adapters.ledger.statements import first, insert_once
from billing.domain import canonical

_DOCUMENT = select(documents.c.content).where(
    documents.c.subject_id == bindparam("subject_id"), documents.c.kind == bindparam("kind")
)
_HAS_DOCUMENT = _DOCUMENT.with_only_columns(documents.c.sha256)


class SqlDocuments:
    """Implements ports.ledger.Documents."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, subject_id: str, kind: str, content: bytes, now: datetime) -> str:
        digest = canonical.sha256(content)
        values = {"subject_id": subject_id, "kind": kind, "sha256": digest, "size_bytes": len(content)}
        insert_once(self._connection, documents, values | {"created_at": now, "content": content})
        return digest

    def content(self, subject_id: str, kind: str) -> bytes | None:
        return self._connection.execute(_DOCUMENT, {"subject_id": subject_id, "kind": kind}).scalar()

    def has(self, subject_id: str, kind: str) -> bool:
        return first(self._connection, _HAS_DOCUMENT, subject_id=subject_id, kind=kind) is not None
