"""One number for all that is compared by before and after, so that no check asks the machine's clock.

What was written before this is put in order by the instants that were written down then, which is all that is known of
it: the journal and the domain events keep their own sequences (an instant that falls behind its predecessor's counts as
the predecessor's). Of one instant come first what was agreed and intended, then what was booked, then what was intended
because of it, then what was opened, closed and revoked.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBERED = (
    # source, table, its key, the column that holds the number
    ("journal", "journal_transactions", "transaction_id", "ledger_seq"),
    ("event", "domain_events", "event_id", "ledger_seq"),
    ("effect", "effects", "effect_id", "intended_seq"),
    ("grant", "grants", "grant_id", "granted_seq"),
    ("revocation", "grants", "grant_id", "revoked_seq"),
    ("consent", "consents", "consent_id", "recorded_seq"),
    ("consent revoked", "consents", "consent_id", "revoked_seq"),
    ("pay link", "pay_links", "link_id", "made_seq"),
)
APPEND_ONLY = ("journal_transactions", "domain_events")

ORDERED = """
create temporary table in_order as
select source, name, at, row_number() over (order by at, place, own, name) as number
from (
    select 'journal' as source, transaction_id as name, max(posted_at) over (order by seq) as at, 2 as place, seq as own
    from journal_transactions
    union all
    select
        'event', event_id, max(at) over (order by seq),
        case when kind in ('dispute_open', 'dispute_inquiry') then 5 else 3 end, seq
    from domain_events
    union all
    select 'effect', effect_id, created_at, case when kind in ('charge', 'revoke') then 1 else 4 end, 0 from effects
    union all
    select 'grant', grant_id, granted_at, 6, 0 from grants
    union all
    select 'revocation', grant_id, revoked_at, 7, 0 from grants where revoked_at is not null
    union all
    select 'consent', cast(consent_id as text), recorded_at, 0, consent_id from consents
    union all
    select 'consent revoked', cast(consent_id as text), revoked_at, 8, consent_id from consents
    where revoked_at is not null
    union all
    select 'pay link', link_id, created_at, 4, 0 from pay_links
) as written
"""


def upgrade() -> None:
    op.create_table(
        "ledger_clock",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("latest_at", sa.Text(), nullable=False),
        sa.Column("shown_at", sa.Text(), nullable=True),
        sa.Column("set_back_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ledger_clock")),
        sqlite_strict=True,
    )
    for _, table, _, column in NUMBERED:
        is_later = column == "revoked_seq"
        op.add_column(table, sa.Column(column, BIG, nullable=is_later, server_default=None if is_later else "0"))
    op.execute(ORDERED)
    op.execute(f"create unique index {'temp.' if _is_sqlite() else ''}in_order_name on in_order (source, name)")
    for table in APPEND_ONLY:
        _allow_changes(table)
    for source, table, key, column in NUMBERED:
        _fill(source, sa.table(table, sa.column(key), sa.column(column), sa.column("revoked_at")), key, column)
    for table in APPEND_ONLY:
        _forbid_changes(table)
    op.execute(
        "insert into ledger_clock (name, seq, latest_at)"
        " select 'ledger', max(number), max(at) from in_order having max(number) is not null"
    )
    op.execute("drop table in_order")


def _fill(source: str, table: sa.TableClause, key: str, column: str) -> None:
    found = sa.table("in_order", sa.column("source"), sa.column("name"), sa.column("number"))
    is_this = (found.c.source == source) & (found.c.name == sa.cast(table.c[key], sa.Text()))
    filled = table.update().values({column: sa.select(found.c.number).where(is_this).scalar_subquery()})
    op.execute(filled.where(table.c.revoked_at.is_not(None)) if column == "revoked_seq" else filled)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _allow_changes(table: str) -> None:
    if _is_sqlite():
        op.execute(f"drop trigger {table}_refuses_update")
    else:
        op.execute(f"alter table {table} disable trigger {table}_refuses_change")


def _forbid_changes(table: str) -> None:
    if _is_sqlite():
        op.execute(
            f"create trigger {table}_refuses_update before update on {table}"
            f" begin select raise(abort, '{table} is append only'); end"
        )
    else:
        op.execute(f"alter table {table} enable trigger {table}_refuses_change")
