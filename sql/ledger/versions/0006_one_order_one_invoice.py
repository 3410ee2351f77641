"""One order has one live invoice, whatever job shows it: refused by the database, and looked for by the order."""

from alembic import op

revision = "0006"
down_revision = "0005"

INDEXES = (
    ("ix_drafts_part", "drafts", ["part"]),
    ("ix_drafts_session_id", "drafts", ["session_id"]),
    ("ix_invoices_part", "invoices", ["part"]),
)
# A partial unique index cannot see the voids, which are rows of their own. Writers are one at a time on both databases.
HAS_A_LIVE_INVOICE = """exists (
    select 1 from invoices as other
    inner join sessions as theirs on other.session_id = theirs.session_id
    inner join sessions as ours on ours.session_id = new.session_id and ours.source = theirs.source
    where other.part = new.part
    and not exists (select 1 from invoice_voids where invoice_voids.invoice_id = other.invoice_id)
)"""


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns, unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "create function refuse_second_invoice() returns trigger language plpgsql as"
            f" $$ begin if {HAS_A_LIVE_INVOICE} then"
            " raise exception 'the order has a live invoice' using errcode = 'unique_violation'; end if;"
            " return new; end $$"
        )
        op.execute(
            "create trigger invoices_refuse_a_second before insert on invoices"
            " for each row execute function refuse_second_invoice()"
        )
        return
    op.execute(
        f"create trigger invoices_refuse_a_second before insert on invoices when {HAS_A_LIVE_INVOICE}"
        " begin select raise(abort, 'the order has a live invoice'); end"
    )
