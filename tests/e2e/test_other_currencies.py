"""The whole way in currencies without decimals and with three, at the wire."""

from __future__ import annotations

from pathlib import Path

import httpx
from strangers import seed_with_strangers
from studios import studio_at_the_wire
from wire import Wire

from billing.domain.effects import EffectKind, EffectState
from billing.domain.mail import MailKind
from billing.ports.ledger import InvoiceRow
from billing.sandbox.oracle import oracle


def _unpaid(wire: Wire) -> list[InvoiceRow]:
    with wire.ctx.ledger.read() as uow:
        return uow.invoices.unpaid()


def _pay_all(wire: Wire) -> None:
    for row in _unpaid(wire):
        with wire.ctx.ledger.read() as uow:
            link = uow.pay_links.newest_open(row.invoice.invoice_id)
        assert link is not None
        form = {"number": "4242424242424242", "expiry": "12/40", "cvc": "737", "name": "A", "email": "a@client.example"}
        assert httpx.post(link.url, data=form, follow_redirects=True).status_code == 200


def test_a_studio_that_counts_in_yen_is_paid_to_the_yen_and_sends_receipts(tmp_path: Path) -> None:
    with studio_at_the_wire(tmp_path, currency="JPY") as (wire, _):
        wire.converge()
        owed = [row.balance for row in _unpaid(wire)]
        assert len(owed) > 10
        assert {amount.currency for amount in owed} == {"JPY"}
        _pay_all(wire)
        wire.converge()

        assert _unpaid(wire) == []
        truth = oracle(wire.sandbox.store)
        assert truth["amounts"]["stripe.charge_succeeded"] == {"jpy": sum(amount.minor for amount in owed)}
        assert truth["write_backs"]["payments"] == truth["charges"]["succeeded"] == len(owed)
        assert truth["charges"]["subjects_charged_more_than_once"] == []
        receipts = [mail for mail in wire.sandbox.store.newest("mail") if mail["subject"].startswith("We received")]
        assert receipts
        assert all("." not in mail["subject"].partition("JPY")[0][-8:] for mail in receipts)  # no decimals


def test_an_amount_in_dinars_that_stripe_cannot_take_is_never_billed_and_says_what_to_do(tmp_path: Path) -> None:
    with studio_at_the_wire(tmp_path, currency="KWD", seeded=seed_with_strangers) as (wire, _):
        wire.converge()
        billed = _unpaid(wire)
        with wire.ctx.ledger.read() as uow:
            items = [item for item in uow.tasks.open_tasks() if item.code == "stripe_amount_unpayable"]
            states = {item.subject_id: uow.sessions.get(item.subject_id) for item in items}
        with wire.ctx.ledger.read() as uow:  # one address of this studio bounces, which is a task
            mails = [uow.effects.in_state(state, EffectKind.MAIL) for state in (EffectState.DONE, EffectState.FAILED)]
        asked = {mail.subject_id for some in mails for mail in some if mail.purpose == MailKind.INVOICE}

        assert len(items) == 1
        assert all(
            "multiples of 0.010 KWD; round the order's lines so that its balance is one." in item.sentence
            for item in items
        )
        assert all(session is not None and session.state == "attention" for session in states.values())
        assert billed
        assert all(row.balance_minor % 10 == 0 for row in billed)
        assert "31.850 KWD" in [str(row.balance) for row in billed]
        of_them = {row.invoice.invoice_id for row in billed}
        assert of_them < asked
        assert len(asked - of_them) == 1  # all was prepaid: it asks for nothing, and is mailed all the same

        _pay_all(wire)
        wire.converge()
        charged = oracle(wire.sandbox.store)["amounts"]["stripe.charge_succeeded"]
        assert charged == {"kwd": sum(row.balance_minor for row in billed)}
        assert _unpaid(wire) == []
