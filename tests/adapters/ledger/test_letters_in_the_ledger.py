"""How clients are reached and what they were told, kept the same way on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.addresses import Addresses, Origin
from billing.domain.mail import MailKind
from billing.ports.correspondence import SentMail

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_addresses_are_those_that_each_origin_said_last_in_their_order(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        room = uow.correspondence
        room.keep_addresses("vsco", "c1", Origin.BOOKED, ["b@x.example", "a@x.example"], "pipeline", AT)
        room.keep_addresses("vsco", "c1", Origin.GIVEN, ["given@x.example"], "olga", AT)
        room.keep_addresses("vsco", "c2", Origin.BOOKED, ["other@x.example"], "pipeline", AT)
        later = AT + timedelta(days=1)
        room.keep_addresses("vsco", "c1", Origin.BOOKED, ["c@x.example"], "pipeline", later)

    with ledger.read() as uow:
        room = uow.correspondence
        assert room.addresses("vsco", "c1", Origin.BOOKED) == Addresses(("c@x.example",), later)
        assert room.addresses("vsco", "c1", Origin.GIVEN) == Addresses(("given@x.example",), AT)
        assert room.addresses("vsco", "c2", Origin.BOOKED) == Addresses(("other@x.example",), AT)
        assert room.addresses("vsco", "c2", Origin.GIVEN) is None
        assert room.addresses("elsewhere", "c1", Origin.BOOKED) is None


def test_several_addresses_keep_their_order(ledger: SqlLedger) -> None:
    emails = ("z@x.example", "a@x.example", "m@x.example")
    with ledger.write() as uow:
        uow.correspondence.keep_addresses("vsco", "c1", Origin.BOOKED, emails, "pipeline", AT)

    with ledger.read() as uow:
        found = uow.correspondence.addresses("vsco", "c1", Origin.BOOKED)
    assert found is not None
    assert found.emails == emails


def sent(number: int, invoice_id: str | None = "inv_1", *, hours: int = 0, balance_minor: int | None = 500) -> SentMail:
    at = AT + timedelta(hours=hours)
    page = f"https://pay.example/{number}" if balance_minor else None
    return SentMail(f"eff_{number}", MailKind.INVOICE, invoice_id, "ada@x.example", balance_minor, at, page)


def test_what_was_told_is_kept_once_and_in_its_order(ledger: SqlLedger) -> None:
    mails = [sent(2), sent(1, balance_minor=None), sent(3, "inv_2"), sent(4, None, balance_minor=None)]
    with ledger.write() as uow:
        added = [uow.correspondence.add_sent(mail) for mail in (*mails, mails[0])]

    assert added == [True, True, True, True, False]
    with ledger.read() as uow:
        assert uow.correspondence.told("inv_1") == mails[:2]
        assert uow.correspondence.told("inv_2") == mails[2:3]
        assert uow.correspondence.told("inv_3") == []


def test_a_day_holds_its_first_instant_and_not_the_next_day_s(ledger: SqlLedger) -> None:
    mails = [sent(number, hours=hours) for number, hours in enumerate((-1, 0, 23, 24))]
    with ledger.write() as uow:
        for mail in mails:
            uow.correspondence.add_sent(mail)

    with ledger.read() as uow:
        assert uow.correspondence.sent_between(AT, AT + timedelta(days=1)) == mails[1:3]
