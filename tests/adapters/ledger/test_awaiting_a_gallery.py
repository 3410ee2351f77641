"""Which invoices wait for their gallery to be opened: the first live one of a session that has one, and once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from paper import LATER, NOW, finalize, record, session

from billing.adapters.ledger.unit_of_work import SqlLedger, SqlUnitOfWork
from billing.domain.books import Entry, Posting
from billing.domain.effects import EffectKind, EffectState, Intent
from billing.domain.money import Money
from billing.ports.ledger import GrantRow
from billing.ports.outside import GalleryAccess


@pytest.fixture
def uow(ledger: SqlLedger) -> Iterator[SqlUnitOfWork]:
    """One billed session with a gallery, whose invoice `inv_1` is paid; and another's, which owes, without one."""
    with ledger.write() as uow:
        for job in ("j1", "j2"):
            uow.sessions.observe(session(job, "billed"), "fulfillment")
        finalize(uow, "inv_0", session_id="vsco:j2", at=NOW - timedelta(days=1))
        finalize(uow)
        pay(uow)
        uow.records.keep_all("vsco", "j1", [record("g1", "{}", "gallery")], NOW)
        yield uow


def pay(uow: SqlUnitOfWork, invoice_id: str = "inv_1", minor: int = 500) -> None:
    amount = Money(minor, "EUR")
    entries = (Entry("bank", "", amount), Entry("receivable", invoice_id, -amount))
    uow.journal.post(Posting(f"paid:{invoice_id}", "payment_received", invoice_id, NOW.date(), entries), NOW)


def waiting(uow: SqlUnitOfWork, paid_only: bool = True) -> list[str]:
    return [row.invoice.invoice_id for row in uow.invoices.awaiting_grant(paid_only)]


def grant(uow: SqlUnitOfWork, job: str = "j1", revoked: bool = False) -> None:
    access = GalleryAccess("https://gallery.example/g1", None, None, None)
    invoice_id = "inv_1" if job == "j1" else "inv_0"
    uow.grants.add(GrantRow(f"grant_{job}", invoice_id, "vsco", "g1", "Photos", access, NOW), f"vsco:{job}")
    if revoked:
        uow.grants.revoke(f"grant_{job}", LATER)


def intend(uow: SqlUnitOfWork, invoice_id: str = "inv_1", kind: EffectKind = EffectKind.GRANT) -> Intent:
    intent = Intent(kind, "vsco:g1", invoice_id, {})
    uow.effects.intend(intent, LATER)
    return intent


def test_what_is_paid_waits_by_either_policy_and_only_if_it_has_a_gallery(uow: SqlUnitOfWork) -> None:
    pay(uow, "inv_0")

    assert waiting(uow) == waiting(uow, paid_only=False) == ["inv_1"]


@pytest.mark.parametrize("paid", [0, 499])
def test_what_owes_a_cent_waits_only_where_it_need_not_be_paid(uow: SqlUnitOfWork, paid: int) -> None:
    uow.sessions.observe(session("j3", "billed"), "fulfillment")
    finalize(uow, "inv_3", session_id="vsco:j3")
    uow.records.keep_all("vsco", "j3", [record("g3", "{}", "gallery")], NOW)
    if paid:
        pay(uow, "inv_3", paid)

    assert waiting(uow) == ["inv_1"]
    assert waiting(uow, paid_only=False) == ["inv_1", "inv_3"]


def test_another_sources_gallery_one_of_another_job_and_one_that_is_gone_are_none(uow: SqlUnitOfWork) -> None:
    uow.records.keep_all("other", "j2", [record("g2", "{}", "gallery")], NOW)
    uow.records.keep_all("vsco", "j2", [record("o2", "{}", "order")], NOW)
    assert waiting(uow, paid_only=False) == ["inv_1"]

    uow.records.keep_all("vsco", "j1", [], LATER)
    assert waiting(uow, paid_only=False) == []


def test_a_void_invoice_does_not_wait(uow: SqlUnitOfWork) -> None:
    uow.invoices.void("inv_0", "olga", "wrong", NOW)
    assert waiting(uow) == ["inv_1"]

    uow.invoices.void("inv_1", "olga", "wrong", NOW)
    assert waiting(uow) == []


def test_what_is_open_does_not_wait_until_it_was_closed(uow: SqlUnitOfWork) -> None:
    grant(uow, "j2")
    assert waiting(uow) == ["inv_1"]

    grant(uow)
    assert waiting(uow) == []
    uow.grants.revoke("grant_j1", LATER)
    assert waiting(uow) == ["inv_1"]


def test_what_somebody_has_committed_to_does_not_wait_until_it_was_given_up_or_closed(uow: SqlUnitOfWork) -> None:
    intend(uow, "inv_0")
    intend(uow, "inv_1", EffectKind.MAIL)
    assert waiting(uow) == ["inv_1"]

    intent = intend(uow)
    assert waiting(uow) == []
    grant(uow, "j2", revoked=True)
    assert waiting(uow) == []
    uow.effects.reopen(intent.effect_id, EffectState.CANCELLED, LATER)
    assert waiting(uow) == ["inv_1"]
    uow.effects.reopen(intent.effect_id, EffectState.DONE, LATER)
    grant(uow, revoked=True)
    assert waiting(uow) == ["inv_1"]


def test_a_closing_from_before_the_commitment_does_not_end_it(uow: SqlUnitOfWork) -> None:
    grant(uow)
    uow.grants.revoke("grant_j1", NOW)
    intend(uow)

    assert waiting(uow) == []


@pytest.mark.parametrize(
    ("second", "at", "first"),
    [
        ("inv_2", NOW, "inv_1"), ("inv_0a", NOW, "inv_0a"),
        ("inv_2", NOW - timedelta(days=1), "inv_2"), ("inv_0a", LATER, "inv_1"),
    ],
)  # fmt: skip
def test_of_two_invoices_of_a_session_the_first_live_one_waits(
    uow: SqlUnitOfWork, second: str, at: datetime, first: str
) -> None:
    finalize(uow, second, "another", at=at)
    assert waiting(uow) == []  # the session owes
    assert waiting(uow, paid_only=False) == [first]

    pay(uow, second)
    assert waiting(uow) == [first]
    uow.invoices.void(first, "olga", "wrong", NOW)
    assert waiting(uow) == [({"inv_1", second} - {first}).pop()]


def test_what_a_void_invoice_owed_or_was_to_open_is_over(uow: SqlUnitOfWork) -> None:
    finalize(uow, "inv_2", "another", at=LATER)
    intend(uow, "inv_2")
    assert waiting(uow, paid_only=False) == []

    uow.invoices.void("inv_2", "olga", "wrong", NOW)
    assert waiting(uow) == ["inv_1"]
