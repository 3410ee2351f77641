"""An invoice may ask for nothing: everything was paid before it was made."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OLD, NEW = "ck_invoices_amount_due_positive", "ck_invoices_amount_due_not_negative"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(OLD), "invoices", type_="check")
        op.create_check_constraint(op.f(NEW), "invoices", "amount_due_minor >= 0")
    else:
        _make_the_table_anew()


def _make_the_table_anew() -> None:
    """SQLite changes no check of a table: it is made once more, with all that hangs on it, and the rows are copied."""
    parts = op.get_bind().execute(
        sa.text("select type, sql from sqlite_master where tbl_name = 'invoices' and sql is not null order by rowid")
    )
    made = [(kind, sql) for kind, sql in parts]
    (table,) = (sql for kind, sql in made if kind == "table")
    columns = table.partition("(")[2]
    op.execute(f"create table invoices_anew ({_with_another_check(columns)}")
    op.execute("insert into invoices_anew select * from invoices")
    op.execute("drop table invoices")
    op.execute("alter table invoices_anew rename to invoices")
    for kind, sql in made:
        if kind != "table":
            op.execute(sql)


def _with_another_check(columns: str) -> str:
    old, new = f"{OLD} CHECK (amount_due_minor > 0)", f"{NEW} CHECK (amount_due_minor >= 0)"
    if columns.count(old) != 1:
        raise ValueError(f"the table invoices has no check {OLD} to take out")
    return columns.replace(old, new)
