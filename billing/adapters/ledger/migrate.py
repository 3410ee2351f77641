"""Bringing a ledger to the newest schema, by the Alembic migrations in sql/ledger."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

import billing
from billing.adapters.ledger.engine import failures_named

MIGRATIONS = Path(billing.__file__).parents[1] / "sql" / "ledger"


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision in one transaction; doing it again does nothing."""
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
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with failures_named(), engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory(str(MIGRATIONS)).get_current_head()
