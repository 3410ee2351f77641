"""On which page each mail asked to pay: a client whose page was closed is told of the next one."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("mails_sent", sa.Column("pay_url", sa.Text(), nullable=True))
