"""Money that arrives is recorded once and never dropped, in whatever order, however often it is told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest
from fakes import Crash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studio import Studio

from billing.domain.effects import EffectKind
from billing.domain.errors import PermanentError, TemporaryError, UnreadableError
from billing.domain.money import Money
from billing.services.intake.apply_events import apply_events, poll_events

EUR = "EUR"


@pytest.fixture
def billed(studio: Studio) -> Studio:
    studio.session()
    studio.round()
    return studio


def receipts(studio: Studio) -> list[str]:
    return [mail.letter.text for mail in studio.mailer.sent if mail.letter.subject.startswith("ReceiptMail")]


def open_links(studio: Studio) -> list[str]:
    return [str(link["amount"]) for link in studio.gateway.links.values() if link["open"]]


def credit(studio: Studio) -> int:
    with studio.ledger.read() as uow:
        return -uow.journal.balance("client_credit", "c-j1")


def test_a_payment_is_recorded_receipted_written_back_and_its_link_closed(billed: Studio) -> None:
    billed.pay_on_page()
    billed.round()
    billed.round()

    assert billed.invoice().balance_minor == 0
    assert open_links(billed) == []
    [receipt] = [mail for mail in billed.mailer.sent if mail.letter.subject.startswith("ReceiptMail")]
    assert receipt.to == ("j1@example.com", "second.j1@example.com")
    assert [row["transaction_id"] for row in billed.source.written.values()] == ["pi_1"]
    assert list(billed.source.applied.values()) == [50_000]
    assert billed.codes() == []


def test_an_event_that_is_doubled_is_one_payment(billed: Studio) -> None:
    billed.pay_on_page()
    billed.gateway.tell("payment_intent.succeeded", "pi_1")
    billed.gateway.tell("charge.succeeded", "ch_1")
    billed.round()

    assert billed.column("select count(*) from payments") == [1]
    assert sorted(billed.column("select state || coalesce(': ' || reason, '') from provider_events")) == [
        "applied",
        "applied: recorded before",
        "ignored: nothing to do for this kind of event",
    ]


def test_two_workers_at_once_record_one_payment(billed: Studio) -> None:
    billed.pay_on_page()
    poll_events(billed.ctx)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(apply_events, billed.ctx) for _ in range(2)]:
            future.result()

    assert billed.column("select count(*) from payments") == [1]
    assert billed.column("select count(*) from effects where purpose = 'receipt'") == [1]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(3)), copies=st.lists(st.integers(0, 2), max_size=4))
def test_order_and_doubling_of_events_make_no_difference(studio: Studio, order: list[int], copies: list[int]) -> None:
    job = f"j{len(studio.source.jobs)}"
    studio.session(job)
    studio.bill()
    invoice_id = studio.invoice(job).invoice.invoice_id
    events = [studio.gateway.receive(invoice_id, Money(minor, EUR)) for minor in (10_000, 20_000, 30_000)]
    for index in [*order, *copies]:
        studio.gateway.events.append(events[index])
        studio.gateway.tell("payment_intent.succeeded", events[index].object_id)

    poll_events(studio.ctx)
    apply_events(studio.ctx)

    assert studio.invoice(job).balance_minor == 0
    with studio.ledger.read() as uow:
        assert uow.journal.balance("client_credit", f"c-{job}") == -10_000
        assert len(uow.payments.of_invoice(invoice_id)) == 3


def test_a_part_payment_leaves_one_link_for_the_rest(billed: Studio) -> None:
    billed.pay_on_page(minor=20_000)
    billed.round()

    assert billed.invoice().balance_minor == 30_000
    assert open_links(billed) == ["300.00 EUR"]
    [receipt] = receipts(billed)
    assert "balance_minor=30000, pay_url='https://pay.example/plink_2'" in receipt


def test_a_receipt_waits_for_the_page_of_the_rest_but_not_for_long(billed: Studio) -> None:
    billed.pay_on_page(minor=20_000)
    poll_events(billed.ctx)
    apply_events(billed.ctx)
    refused = TemporaryError("unreachable", "Stripe does not answer.")
    billed.gateway.line.fail("create_pay_link", refused, times=20)

    ends = []
    for _ in range(4):
        billed.do(EffectKind.PAY_LINK)
        ends += billed.do(EffectKind.MAIL)
        billed.clock.go(minutes=11)
    assert ends == ["ready", "ready", "ready", "done"]

    [receipt] = receipts(billed)
    assert "balance_minor=30000, pay_url=None" in receipt


def test_receipts_that_go_out_together_both_say_what_is_owed_by_then(billed: Studio) -> None:
    """A second part came while the first one's receipt was waiting: what is owed, and its page, is after both."""
    billed.pay_on_page(minor=20_000)
    billed.gateway.receive(billed.invoice().invoice.invoice_id, Money(10_000, EUR))
    billed.round()

    said = sorted(text.partition(", paid_on")[0] for text in receipts(billed))
    assert said == ["amount_minor=10000", "amount_minor=20000"]
    for text in receipts(billed):
        assert "paid_minor=30000, balance_minor=20000, pay_url='https://pay.example/plink_" in text


def test_a_receipt_for_a_void_invoice_does_not_call_it_paid(billed: Studio) -> None:
    billed.ask("void", number=str(billed.invoice().invoice.number))
    billed.gateway.receive(billed.invoice().invoice.invoice_id, Money(50_000, EUR))
    billed.round()

    [receipt] = receipts(billed)
    assert "paid_minor=50000, is_void=True, balance_minor=0, pay_url=None" in receipt


def test_a_link_that_was_being_made_while_the_invoice_was_paid_is_closed_at_once(studio: Studio) -> None:
    studio.session()
    studio.bill()
    studio.gateway.line.fail("create_pay_link", Crash(), "after")
    with pytest.raises(Crash):
        studio.do(EffectKind.PAY_LINK)
    number = str(studio.invoice().invoice.number)
    studio.ask(
        "record_payment", number=number, amount_minor=50_000, reference="1", method="cash", received_on="2026-03-02"
    )
    studio.clock.go(minutes=10)

    studio.round()
    studio.round()

    assert open_links(studio) == []


def test_an_overpayment_is_the_clients_credit_and_shown(billed: Studio) -> None:
    billed.pay_on_page(minor=60_000)
    billed.round()

    assert billed.invoice().balance_minor == 0
    assert credit(billed) == 10_000
    assert billed.codes() == ["client_credit"]
    assert list(billed.source.applied.values()) == [50_000]


def test_money_for_a_void_invoice_is_the_clients_credit_and_shown(billed: Studio) -> None:
    number = str(billed.invoice().invoice.number)
    [link_id] = billed.gateway.links
    billed.gateway.pay(link_id)
    billed.ask("void", number=number)
    billed.round()

    assert credit(billed) == 50_000
    [sentence] = billed.open_items().values()
    assert f"because invoice {number} is void" in sentence
    assert billed.source.applied == {}


def test_money_in_another_currency_settles_nothing_and_is_shown(billed: Studio) -> None:
    billed.gateway.receive(billed.invoice().invoice.invoice_id, Money(50_000, "USD"))
    billed.round()

    assert billed.invoice().balance_minor == 50_000
    assert receipts(billed) == []
    assert billed.source.written == {}
    assert billed.codes() == ["paid_in_another_currency"]


def test_a_fee_in_another_currency_is_shown_and_the_payment_kept(billed: Studio) -> None:
    billed.gateway.fee = Money(1_500, "USD")
    billed.pay_on_page()
    billed.round()

    assert billed.invoice().balance_minor == 0
    assert billed.codes() == ["fee_currency"]
    assert billed.column("select fee_minor from payments") == [0]


def test_money_for_an_invoice_of_another_ledger_is_shown(billed: Studio) -> None:
    billed.gateway.receive("inv_of_another", Money(1_000, EUR))
    billed.round()

    assert billed.column("select count(*) from payments") == [0]
    assert billed.codes() == ["payment_without_invoice", "provider_event"]
    assert billed.column("select state from provider_events") == ["review"]


def test_money_that_goes_back_to_somebody_elses_client_is_nobodys_task(billed: Studio) -> None:
    paid = billed.gateway.receive("inv", Money(1_000, EUR))
    theirs = billed.gateway.payments[str(paid.payment_id)]
    theirs.fact = replace(theirs.fact, invoice_id=None)
    billed.gateway.events[:] = [
        replace(paid, event_id="evt_a", kind="charge.refunded", object_id="ch_1"),
        replace(paid, event_id="evt_b", kind="charge.dispute.created", object_id="dp_1", payment_id=None),
    ]
    billed.round()

    assert billed.codes() == []
    assert billed.column("select state from provider_events") == ["ignored", "ignored"]
    assert all("not of our asking" in reason for reason in billed.column("select reason from provider_events"))


def test_an_event_whose_object_cannot_be_read_now_waits(billed: Studio) -> None:
    billed.pay_on_page()
    billed.gateway.line.fail("read_payment", TemporaryError("stripe_unavailable", "Later."))
    billed.round()
    assert billed.column("select state from provider_events") == ["waiting"]

    billed.round()

    assert billed.invoice().balance_minor == 0


def test_an_event_that_waits_for_a_day_is_shown_with_the_reason_until_it_is_applied(billed: Studio) -> None:
    billed.pay_on_page()
    billed.gateway.line.fail("read_payment", TemporaryError("stripe_unavailable", "It answered with 500."), times=4)
    billed.round()
    billed.clock.go(hours=23)
    billed.round()
    assert billed.codes() == []

    billed.clock.go(hours=1)
    billed.round()

    [sentence] = billed.open_items().values()
    assert sentence == (
        "payment_intent.succeeded of pi_1 has waited since 2026-03-02 to be booked, and goes on waiting: It answered"
        " with 500. Look at it in Stripe's dashboard."
    )
    billed.round()
    billed.round()
    assert billed.codes() == []
    assert billed.invoice().balance_minor == 0


def test_an_answer_that_nobody_can_read_is_a_task_and_not_a_loop(billed: Studio) -> None:
    billed.pay_on_page()
    unreadable = UnreadableError("stripe_unreadable", "Stripe's answer to GET /v1/x lacks `charge` (request req_1).")
    billed.gateway.line.fail("read_payment", unreadable, times=9)
    for _ in range(3):
        billed.round()

    [sentence] = billed.open_items().values()
    assert "lacks `charge` (request req_1)" in sentence
    assert billed.gateway.line.calls.count("read_payment") == 1
    assert billed.column("select state from provider_events") == ["review"]


def test_an_event_that_cannot_be_read_is_a_task_and_the_others_go_on(billed: Studio) -> None:
    odd = billed.gateway.tell("payment_intent.succeeded", "evt_odd")
    billed.gateway.events[-1] = replace(odd, problem="Stripe's answer to GET /v1/events lacks `data.object.id`.")
    billed.pay_on_page()
    billed.round()
    billed.round()

    assert billed.column("select state from provider_events order by inbox_id") == ["review", "applied"]
    assert billed.invoice().balance_minor == 0
    [sentence] = billed.open_items().values()
    assert sentence.startswith("Stripe's answer to GET /v1/events lacks `data.object.id`.")


def test_with_a_wrong_key_events_wait_and_are_applied_when_it_is_mended(billed: Studio) -> None:
    billed.pay_on_page()
    billed.gateway.line.fail("read_payment", PermanentError("stripe_unauthorized", "The key is revoked."), times=2)
    billed.round()
    billed.round()
    assert billed.codes() == ["event_waits"]

    billed.round()

    assert billed.invoice().balance_minor == 0
    assert billed.codes() == []


@pytest.mark.parametrize("error", [PermanentError("stripe_refused", "No such payment."), ValueError("odd")])
def test_an_event_that_can_never_be_read_goes_to_review_and_the_others_go_on(billed: Studio, error: Exception) -> None:
    billed.gateway.tell("payment_intent.succeeded", "pi_none")
    billed.pay_on_page()
    billed.gateway.line.fail("read_payment", error)
    billed.concurrency = 1
    billed.round()

    assert billed.invoice().balance_minor == 0
    assert billed.codes() == ["provider_event"]
    assert billed.column("select state from provider_events order by inbox_id") == ["review", "applied"]


def test_an_event_that_breaks_what_nobody_foresaw_stops_no_other(billed: Studio) -> None:
    odd = billed.gateway.receive(billed.invoice().invoice.invoice_id, Money(10, EUR))
    billed.pay_on_page()
    intent = billed.gateway.payments[odd.object_id]
    object.__setattr__(intent.fact, "captured_at", intent.fact.captured_at.replace(tzinfo=None))  # an adapter's mistake
    billed.round()

    assert billed.column("select state from provider_events order by inbox_id") == ["review", "applied"]
    assert billed.column("select amount_minor from payments") == [50_000]


def test_payments_that_were_no_money_yet_are_ignored_with_the_reason(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    with studio.ledger.read() as uow:
        method = uow.payments.consent("c-j1")
    assert method is not None
    studio.gateway.prepare_charge(studio.invoice().invoice, Money(50_000, EUR), method, "k")
    studio.gateway.tell("payment_intent.created", "pi_1")
    poll_events(studio.ctx)
    apply_events(studio.ctx)

    assert studio.column("select reason from provider_events") == ["no money yet: unconfirmed"]


def test_money_that_is_not_of_our_asking_is_ignored(billed: Studio) -> None:
    billed.gateway.receive("x", Money(5, EUR))
    intent = billed.gateway.payments["pi_1"]
    object.__setattr__(intent.fact, "invoice_id", None)
    billed.round()

    assert billed.column("select reason from provider_events") == ["of a payment that is not of our asking"]


def test_all_pages_of_events_are_polled_and_polling_again_finds_nothing(
    billed: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.services.intake.apply_events.PAGE", 2)
    for number in range(5):
        billed.gateway.tell("charge.succeeded", f"ch_{number}")

    assert poll_events(billed.ctx).events_new == 5
    assert poll_events(billed.ctx).events_new == 0


CRASHES: list[tuple[str, str, Callable[[Studio], object]]] = [
    (call, when, line)
    for call, line in (
        ("find_payment", lambda studio: studio.source.line),
        ("record_payment", lambda studio: studio.source.line),
        ("apply_payment", lambda studio: studio.source.line),
        ("close_pay_link", lambda studio: studio.gateway.line),
    )
    for when in ("before", "after")
]


@pytest.mark.parametrize(("call", "when", "line"), CRASHES)
def test_a_crash_while_writing_back_or_closing_leads_to_each_once(
    billed: Studio, call: str, when: str, line: Callable[[Studio], object]
) -> None:
    billed.pay_on_page()
    line(billed).fail(call, Crash(), when)  # type: ignore[attr-defined]
    for _ in range(3):
        with suppress(Crash):
            billed.round()
        billed.clock.go(minutes=10)

    assert len(billed.source.written) == 1
    assert list(billed.source.applied.values()) == [50_000]
    assert open_links(billed) == []
    assert billed.codes() == []
