"""What waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from billing.adapters.ledger.schema import attention
from billing.adapters.ledger.statements import change, first, insert_once, rows
from billing.domain.events import Task
from billing.domain.lengths import SENTENCE_MAX, shortened

_OPEN_OF_SUBJECT = update(attention).where(
    attention.c.subject_id == bindparam("subject"), attention.c.resolved_at.is_(None)
)
_OPEN = _OPEN_OF_SUBJECT.where(attention.c.code == bindparam("of_code"))
_SAYS_ELSE = _OPEN.where(attention.c.sentence != bindparam("says"))
_ALL_BUT = _OPEN_OF_SUBJECT.where(attention.c.code.not_in(bindparam("but", expanding=True)))
_OPEN_ITEMS = select(attention).where(attention.c.resolved_at.is_(None)).order_by(attention.c.attention_id)
_IS_OPEN = (
    select(attention.c.attention_id)
    .where(attention.c.subject_id == bindparam("subject_id"), attention.c.resolved_at.is_(None))
    .limit(1)
)
_IS_ONE_OPEN = _IS_OPEN.where(attention.c.code.in_(bindparam("codes", expanding=True)))
_OPEN_ITEMS_OF = _OPEN_ITEMS.where(attention.c.subject_id == bindparam("subject_id"))


class SqlTasks:
    """Implements ports.ledger.Tasks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def raise_task(self, subject_id: str, code: str, sentence: str, now: datetime) -> bool:
        sentence = shortened(sentence, SENTENCE_MAX)
        values = {"subject_id": subject_id, "code": code, "sentence": sentence, "opened_at": now}
        if insert_once(self._connection, attention, values):
            return True
        change(self._connection, _SAYS_ELSE, subject=subject_id, of_code=code, says=sentence, sentence=sentence)
        return False

    def resolve(self, subject_id: str, code: str | None, by: str, now: datetime, but: Sequence[str] = ()) -> int:
        resolved = {"subject": subject_id, "resolved_at": now, "resolved_by": by}
        if code is None:
            return change(self._connection, _ALL_BUT, but=list(but), **resolved)
        return 0 if code in but else change(self._connection, _OPEN, of_code=code, **resolved)

    def open_tasks(self) -> list[Task]:
        return [
            Task(row.attention_id, row.subject_id, row.code, row.sentence, row.opened_at)
            for row in rows(self._connection, _OPEN_ITEMS)
        ]

    def is_open(self, subject_id: str, *codes: str) -> bool:
        if codes:
            return first(self._connection, _IS_ONE_OPEN, subject_id=subject_id, codes=codes) is not None
        return first(self._connection, _IS_OPEN, subject_id=subject_id) is not None

    def open_of(self, subject_id: str) -> list[Task]:
        return [
            Task(row.attention_id, row.subject_id, row.code, row.sentence, row.opened_at)
            for row in rows(self._connection, _OPEN_ITEMS_OF, subject_id=subject_id)
        ]
