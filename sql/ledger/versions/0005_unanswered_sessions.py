"""Since when a session could not be read, and when it was tried last: columns, where a cursor held the one.

What the cursors held begins anew with the next look at each session.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("unanswered_since", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("tried_at", sa.Text(), nullable=True))
    op.execute("delete from cursors where name like 'not_answered_since:%'")
