"""Pages of the provider's on which an invoice can be paid."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from billing.adapters.ledger.own_order import next_number
from billing.adapters.ledger.schema import pay_links
from billing.adapters.ledger.statements import change, insert_once, rows
from billing.domain.money import Money
from billing.domain.payments import PayLink

_OPEN_PAY_LINKS = (
    select(pay_links)
    .where(pay_links.c.invoice_id == bindparam("invoice_id"), pay_links.c.closed_at.is_(None))
    .order_by(pay_links.c.made_seq.desc(), pay_links.c.link_id)
)
_THIS_PAY_LINK = update(pay_links).where(pay_links.c.link_id == bindparam("this"))


class SqlPayLinks:
    """Implements ports.ledger.PayLinks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, invoice_id: str, link: PayLink, amount: Money, now: datetime) -> None:
        values = {"link_id": link.link_id, "invoice_id": invoice_id, "url": link.url, "amount_minor": amount.minor}
        made = {"created_at": now, "made_seq": next_number(self._connection, now)}
        insert_once(self._connection, pay_links, values | made)

    def newest_open(self, invoice_id: str) -> PayLink | None:
        return next(iter(self.open_of(invoice_id)), None)

    def open_of(self, invoice_id: str) -> list[PayLink]:
        found = rows(self._connection, _OPEN_PAY_LINKS, invoice_id=invoice_id)
        return [PayLink(row.link_id, row.url) for row in found]

    def close(self, link_id: str, now: datetime) -> None:
        change(self._connection, _THIS_PAY_LINK, this=link_id, closed_at=now)
