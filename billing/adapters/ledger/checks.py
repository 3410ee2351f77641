"""Running sql/checks over the ledger: each file is a true sentence, and a query that finds where it is not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.sql.elements import TextClause

ROWS_SHOWN = 50  # a broken promise is known by its first rows; the rest is looked up by hand


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One promise of the ledger. It holds when `violations` is empty; else its first rows say where it does not."""

    name: str
    sentence: str
    violations: list[dict[str, Any]]

    @property
    def holds(self) -> bool:
        return not self.violations


def run_checks(
    engine: Engine,
    sql_dir: Path,
    *,
    now: datetime | None = None,
    gallery_policy: str = "paid_in_full",
    names: Collection[str] | None = None,
) -> list[CheckResult]:
    """Every check of `sql_dir`/checks (or those of `names`) in one read snapshot, in the order of their names.

    `now` decides what is older than a day; `gallery_policy` is the studio's (domain.policy.GalleryPolicy).
    """
    day_ago = (now or datetime.now(UTC)) - timedelta(days=1)
    values = {
        "a_day_ago": day_ago.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "gallery_policy": gallery_policy,
    }
    with engine.connect() as connection, connection.begin():
        paths = sorted((sql_dir / "checks").glob("*.sql"))
        return [_run(connection, path, values) for path in paths if names is None or path.stem in names]


def _run(connection: Connection, path: Path, values: dict[str, str]) -> CheckResult:
    written = path.read_text(encoding="utf-8")
    sentence = written.partition("\n")[0].removeprefix("--").strip()
    query: TextClause = text(written)
    used = {name: value for name, value in values.items() if f":{name}" in written}
    found = connection.execute(query, used).mappings().fetchmany(ROWS_SHOWN)
    return CheckResult(path.stem, sentence, [dict(row) for row in found])
