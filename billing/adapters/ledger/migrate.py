"""Bringing a ledger to the newest schema, by the Alembic migrations in sql/ledger."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

import billing
from billing.adapters.ledger.engine import failures_named

MIGRATIONS = Path(billing.__file__).parents[1] / "sql" / "ledger"


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision in one transaction; doing it again does nothing."""
    if is_current(engine):
        return  # every run comes this way, and Alembic alone takes longer to import than most runs have to do
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with failures_named(), engine.connect() as plain:
        connection = plain.execution_options(write=True)
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """Whether the schema is the one that this code was written for."""
    with failures_named(), engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.execute(text("select version_num from alembic_version")).scalar()
    return found == newest_revision()


def newest_revision() -> str:
    """The revision that the migrations lead to; each file's name begins with its own, and they count up."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))
