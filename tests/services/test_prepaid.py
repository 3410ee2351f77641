"""What was paid before it was billed: an invoice that shows the payments, asks for nothing, and is done by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from studio import Studio, order

from billing.domain.effects import EffectKind
from billing.domain.invoices import Collection
from billing.domain.money import Money
from billing.domain.policy import DeliveryMode, GalleryPolicy
from billing.domain.sessions import EarlierPayment, Gallery, Order
from billing.services.collections.follow_up import plan_follow_ups

pytestmark = pytest.mark.usefixtures("promises_are_kept")
NOTHING = Money(0, "EUR")


def prepaid(order_id: str = "o-j1", minor: int = 50_000, **changes: Any) -> Order:
    paid = EarlierPayment(f"p-{order_id}", Money(minor, "EUR"), date(2026, 2, 1), is_retainer=True)
    known = {"status": "paid-in-full", "balance": NOTHING, "payments": (paid,)}
    return order(order_id, minor, **(known | changes))


def kinds(studio: Studio) -> list[str]:
    return sorted({effect.kind.value for effect in studio.effects()})


def test_it_is_an_invoice_that_asks_for_nothing_and_its_gallery_opens(studio: Studio) -> None:
    studio.session("j1", prepaid(), galleries=(Gallery("g-j1", "vsco", "Photos", "https://g.example"),))
    studio.round()
    studio.round()

    row = studio.invoice()
    assert (row.invoice.number, row.invoice.total_minor, row.balance_minor) == ("INV-2026-0001", 50_000, 0)
    assert (row.invoice.amount_due_minor, row.invoice.due_on) == (0, row.invoice.issued_on)
    assert [item.amount_minor for item in row.invoice.deductions] == [50_000]
    assert kinds(studio) == ["grant", "mail"]
    assert studio.gateway.links == {}
    assert studio.mailer.subjects() == ["GalleryMail INV-2026-0001", "InvoiceMail INV-2026-0001"]
    [letter] = [mail for mail in studio.mailer.sent if "InvoiceMail" in mail.letter.subject]
    assert "pay_url=None" in letter.letter.text
    assert [file.filename for file in letter.attachments] == ["INV-2026-0001.pdf"]
    assert studio.host.opened == ["g-j1"]
    assert (studio.codes(), studio.state_of()) == ([], "billed")


def test_nobody_is_reminded_of_nothing(studio: Studio) -> None:
    studio.session("j1", prepaid())
    studio.round()
    for _ in range(60):
        studio.tomorrow()
        assert not plan_follow_ups(studio.ctx)
        studio.do(EffectKind.MAIL)

    assert len(studio.mailer.sent) == 1


def test_neither_a_card_nor_the_provider_is_asked_about_nothing(studio: Studio) -> None:
    studio.gateway.unpayable.add(0)
    studio.autopay("j1", prepaid())
    studio.round()

    assert studio.invoice().invoice.collection is Collection.INVOICE
    assert studio.invoice().invoice.card_label is None
    assert kinds(studio) == ["mail"]


def test_a_person_may_look_first(studio: Studio) -> None:
    studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
    studio.session("j1", prepaid())
    studio.round()
    assert studio.invoices() == []

    assert studio.approve() == "Approved INV-2026-0001."
    studio.clock.go(days=3)
    studio.round()

    assert studio.mailer.subjects() == ["InvoiceMail INV-2026-0001"]


def test_beside_an_order_that_is_owed_the_gallery_waits_for_the_money(studio: Studio) -> None:
    gallery = Gallery("g-j1", "vsco", "Photos", "https://g.example")
    studio.session("j1", prepaid("a"), order("b", 8_000), galleries=(gallery,))
    studio.round()
    assert [row.invoice.amount_due_minor for row in studio.invoices()] == [0, 8_000]
    assert studio.host.opened == []

    studio.pay_on_page()
    studio.round()

    assert studio.host.opened == ["g-j1"]


def test_a_gallery_by_hand_stays_by_hand(studio: Studio) -> None:
    studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.BY_HAND)
    studio.session("j1", prepaid(), galleries=(Gallery("g-j1", "vsco", "Photos", "https://g.example"),))
    studio.round()

    assert kinds(studio) == ["mail"]


def test_it_can_be_voided_and_what_was_paid_is_the_clients_credit(studio: Studio) -> None:
    studio.session("j1", prepaid())
    studio.round()

    assert "is void" in studio.ask("void", number="INV-2026-0001")
    assert studio.column("select sum(amount_minor) from journal_entries where account = 'client_credit'") == [-50_000]


@pytest.mark.parametrize("name", ["credit", "write_off", "refund"])
def test_there_is_nothing_to_credit_or_to_give_back(studio: Studio, name: str) -> None:
    studio.session("j1", prepaid())
    studio.round()

    assert "INV-2026-0001" in studio.ask(name, number="INV-2026-0001")
    assert studio.column("select state from commands") == ["refused"]


def test_one_that_was_voided_before_it_went_out_is_not_mailed(studio: Studio) -> None:
    studio.session("j1", prepaid())
    studio.bill()
    studio.ask("void", number="INV-2026-0001")
    studio.round()

    assert studio.mailer.sent == []


def test_what_was_paid_too_much_asks_a_person_beside_any_other_order(studio: Studio) -> None:
    much = EarlierPayment("p1", Money(60_000, "EUR"), date(2026, 2, 1), is_retainer=True)
    studio.session("j1", prepaid("a", payments=(much,)), order("b", 8_000))
    studio.round()

    [sentence] = studio.open_items().values()
    assert "overpaid by 100.00 EUR" in sentence
    assert [row.invoice.part for row in studio.invoices()] == ["b"]


def test_an_order_that_comes_to_nothing_is_no_invoice_and_a_person_opens_the_gallery(studio: Studio) -> None:
    present = order("o-j1", 0)
    studio.session("j1", present)
    studio.round()

    [sentence] = studio.open_items().values()
    assert "comes to 0.00 EUR" in sentence
    assert "open it by hand" in sentence
    assert studio.invoices() == []

    studio.session("j2", present, order("b", 8_000))
    studio.round()
    assert len(studio.invoices("j2")) == 1
    assert len(studio.codes()) == 1  # of the first session: beside what is billed, a present asks nothing
