"""Alembic's entry: runs the migrations on the connection that billing.adapters.ledger.migrate hands over."""

from alembic import context

from billing.adapters.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
