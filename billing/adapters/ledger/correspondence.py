"""How clients are reached, and what they were told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, select

from billing.adapters.ledger.schema import client_addresses, mails_sent
from billing.adapters.ledger.statements import change, insert, insert_once, rows
from billing.domain.addresses import Addresses, Origin
from billing.domain.mail import MailKind
from billing.ports.correspondence import SentMail

_ADDRESSES = (
    select(client_addresses.c.address, client_addresses.c.said_at)
    .where(*(client_addresses.c[name] == bindparam(name) for name in ("source", "client_id", "origin")))
    .order_by(client_addresses.c.position)
)
_FORGET = delete(client_addresses).where(
    *(client_addresses.c[name] == bindparam(name) for name in ("source", "client_id", "origin"))
)
_IN_ORDER = select(mails_sent).order_by(mails_sent.c.mail_id)
_ABOUT = _IN_ORDER.where(mails_sent.c.invoice_id == bindparam("invoice_id"))
_BETWEEN = _IN_ORDER.where(
    mails_sent.c.sent_at >= bindparam("since", type_=mails_sent.c.sent_at.type),
    mails_sent.c.sent_at < bindparam("until", type_=mails_sent.c.sent_at.type),
)


class SqlCorrespondence:
    """Implements ports.correspondence.Correspondence."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def addresses(self, source: str, client_id: str, origin: Origin) -> Addresses | None:
        found = rows(self._connection, _ADDRESSES, source=source, client_id=client_id, origin=origin.value)
        return Addresses(tuple(row.address for row in found), found[0].said_at) if found else None

    def keep_addresses(
        self, source: str, client_id: str, origin: Origin, emails: Sequence[str], said_by: str, said_at: datetime
    ) -> None:
        client = {"source": source, "client_id": client_id, "origin": origin.value}
        change(self._connection, _FORGET, **client)
        said = {"said_by": said_by, "said_at": said_at}
        values = [client | said | {"position": place, "address": email} for place, email in enumerate(emails)]
        if values:
            insert(self._connection, client_addresses, values)

    def add_sent(self, mail: SentMail) -> bool:
        values = {
            "effect_id": mail.effect_id,
            "kind": mail.kind.value,
            "invoice_id": mail.invoice_id,
            "sent_to": mail.sent_to,
            "balance_minor": mail.balance_minor,
            "sent_at": mail.sent_at,
            "pay_url": mail.pay_url,
        }
        return insert_once(self._connection, mails_sent, values)

    def told(self, invoice_id: str) -> list[SentMail]:
        return self._all(_ABOUT, invoice_id=invoice_id)

    def sent_between(self, since: datetime, until: datetime) -> list[SentMail]:
        return self._all(_BETWEEN, since=since, until=until)

    def _all(self, query: Select[Any], **values: Any) -> list[SentMail]:
        return [_sent(row) for row in rows(self._connection, query, **values)]


def _sent(row: Row[Any]) -> SentMail:
    return SentMail(
        row.effect_id, MailKind(row.kind), row.invoice_id, row.sent_to, row.balance_minor, row.sent_at, row.pay_url
    )
