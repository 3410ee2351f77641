"""The ledger: whether it opens and can be written, whether its promises hold, and whether anybody changed its rows."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import text

from billing.bootstrap import SQL, clock_of, disks_of, open_ledger
from billing.cli.doctor.findings import Finding
from billing.domain.errors import PermanentError
from billing.domain.storage import in_words
from billing.settings import Settings

if TYPE_CHECKING:
    from billing.adapters.ledger.unit_of_work import SqlLedger

SQLITE_WANTED = (3, 51, 3)  # earlier ones can corrupt a WAL database under concurrent checkpoints (sqlite.org)


def database(settings: Settings) -> str:
    """Opening it brings it to the newest schema; a row that is written as it was shows that it can be written.

    A transaction without a row would end well on a full disk: nothing is written for it. And one row may still find
    room in the ledger's log where a larger one would not.
    """
    from billing.adapters.ledger.engine import failures_named
    from billing.adapters.ledger.migrate import is_current

    with closing(open_ledger(settings)) as ledger:
        with failures_named(), ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.execute(text("update alembic_version set version_num = version_num"))
        if refused := next((one.refused for one in disks_of(settings).look() if one.refused), None):
            raise PermanentError("not_writable", f"The ledger cannot grow: {in_words(refused)}")
        if not is_current(ledger.engine):
            raise PermanentError("schema", "The ledger was written by a newer version of this program; update it.")
        return f"writable, schema current, {version_of(ledger)}"


def version_of(ledger: SqlLedger) -> str:
    """The database's name, with its version where that matters; PermanentError for one that can damage the ledger."""
    if ledger.engine.dialect.name != "sqlite":
        return ledger.engine.dialect.name
    with ledger.engine.connect() as connection:
        version = str(connection.execute(text("select sqlite_version()")).scalar_one())
    if tuple(map(int, version.split("."))) < SQLITE_WANTED:
        raise PermanentError(
            "sqlite", f"SQLite {version} can damage the ledger; install pysqlite3 with 3.51.3 or later."
        )
    return f"SQLite {version}"


def promises(settings: Settings) -> Finding:
    """One line for all sentences of sql/checks, and a detail for each."""
    from billing.adapters.ledger.checks import run_checks

    with closing(open_ledger(settings)) as ledger:
        policy = settings.gallery_policy.value
        results = run_checks(ledger.engine, SQL, now=clock_of(settings).now(), gallery_policy=policy)
    details = tuple(
        Finding(
            one.name,
            one.holds,
            one.sentence if one.holds else f"Not true: {one.sentence} First row: {one.violations[0]}.",
        )
        for one in results
    )
    broken = [one.name for one in results if not one.holds]
    if not broken:
        return Finding("ledger", True, f"{len(results)} checks hold", details)
    what = f"{len(broken)} of {len(results)} checks do not hold. Stop the pipeline and look before it goes on:"
    return Finding("ledger", False, f"{what} {', '.join(broken)}.", details)


def chains(settings: Settings) -> str:
    with closing(open_ledger(settings)) as ledger, ledger.read() as uow:
        broken, position = uow.journal.broken_links(), uow.journal.position()
    if broken:
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        raise PermanentError(
            "chains",
            f"Rows of the books were changed, taken out or put in: {', '.join(broken[:3])}{more}."
            " Stop the pipeline and compare with the newest backup.",
        )
    return f"every row follows from the one before: {position or 'no rows yet'}"
