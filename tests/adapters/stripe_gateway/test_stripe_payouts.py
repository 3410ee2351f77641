"""Pages, payouts and the balance, read at the sandbox and at a far side that answers as a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from money_there import DUE, USD, moved, paid, usd

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.errors import PermanentError, TemporaryError, UnreadableError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.settlements import MovementKind, PayoutStatus

if TYPE_CHECKING:
    from conftest import FarSide, Stub


class TestPages:
    """A page is found by the key that made it, on whichever page of Stripe's list."""

    def test_it_is_found_open_or_closed_behind_a_hundred_others(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        made = gateway.create_pay_link(invoice, DUE, invoice.invoice_id)
        gateway.close_pay_link(made.link_id)
        for number in range(101):
            gateway.create_pay_link(invoice, DUE, f"{invoice.invoice_id}:other:{number}")

        assert gateway.find_pay_link(invoice.invoice_id, invoice.invoice_id) == made

    def test_neither_another_invoices_nor_another_keys_is_taken_for_it(
        self, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        gateway.create_pay_link(invoice, DUE, invoice.invoice_id)

        assert gateway.find_pay_link(invoice.invoice_id, "another") is None
        assert gateway.find_pay_link("another", invoice.invoice_id) is None


class TestPayouts:
    """What goes to the bank, and what it is made of once Stripe has added it up."""

    def test_an_automatic_payout_is_itemized_and_adds_up_to_the_cent(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        began = far_side.clock.now()
        payment_id = paid(far_side, gateway, invoice)
        refund = gateway.refund(payment_id, usd(1_000), "", f"refund:{payment_id}")
        payouts = far_side.order("payouts", include_pending=True)["data"]
        payout_id = next(payout["id"] for payout in payouts if payout["currency"] == "usd")

        payout = gateway.read_payout(payout_id)

        by_id = {
            movement.movement_id: movement for movement in gateway.movements_since(datetime(2020, 1, 1, tzinfo=UTC))
        }
        inside = [by_id[movement_id] for movement_id in payout.movement_ids]
        assert (payout.status, payout.is_automatic, payout.is_itemized) == (PayoutStatus.PAID, True, True)
        assert sum(movement.net.minor for movement in inside) == payout.amount.minor
        assert refund.movements[0].movement_id in payout.movement_ids
        assert moved(payout.own) == [(MovementKind.PAYOUT, -payout.amount.minor, 0)]
        assert payout.own[0].movement_id not in payout.movement_ids
        assert payout.created_at >= began - timedelta(seconds=1)
        listed = next(each for each in gateway.payouts_since(began) if each.payout_id == payout_id)
        assert (listed.own, listed.movement_ids) == (payout.own, ())

    @pytest.mark.parametrize(
        ("more", "automatic", "itemized"),
        [
            ({"automatic": True, "reconciliation_status": "completed"}, True, True),
            ({"automatic": True, "reconciliation_status": "in_progress"}, True, False),
            ({"automatic": False, "reconciliation_status": "not_applicable"}, False, False),
        ],
    )
    def test_what_it_is_made_of_is_told_only_once_it_is_added_up(
        self, stub: Stub, more: dict[str, Any], automatic: bool, itemized: bool
    ) -> None:
        """A manual payout is made of nothing in particular: Stripe refuses to list it."""
        stub.will_answer({**PAYOUT, **more})
        item = {**TRANSACTION, "id": "txn_9", "type": "charge"}
        if itemized:
            own = {**TRANSACTION, "id": "txn_1", "type": "payout"}
            url = "/v1/balance_transactions"
            stub.will_answer({"object": "list", "data": [own, item], "has_more": False, "url": url})

        payout = stub.gateway().read_payout("po_1")

        assert (payout.is_automatic, payout.is_itemized) == (automatic, itemized)
        assert payout.movement_ids == (("txn_9",) if itemized else ())
        assert len(stub.asked) == (2 if itemized else 1)

    def test_a_payout_that_failed_tells_both_of_its_movements(self, stub: Stub) -> None:
        out = {**TRANSACTION, "id": "txn_1", "type": "payout", "amount": -9_000, "source": "po_1"}
        back = {**TRANSACTION, "id": "txn_2", "type": "payout_failure", "amount": 9_000, "source": "po_1"}
        own = {"balance_transaction": out, "failure_balance_transaction": back, "status": "failed"}
        manual = {"automatic": False, "reconciliation_status": "not_applicable"}
        stub.will_answer({**PAYOUT, **own, **manual})

        payout = stub.gateway().read_payout("po_1")

        assert payout.status is PayoutStatus.FAILED
        assert moved(payout.own) == [(MovementKind.PAYOUT, -9_000, 0), (MovementKind.PAYOUT_RETURNED, 9_000, 0)]

    def test_the_balance_is_available_and_pending_together_by_currency(self, stub: Stub) -> None:
        available = [{"amount": 1_000, "currency": "usd"}, {"amount": 5, "currency": "jpy"}]
        pending = [{"amount": -3_000, "currency": "usd"}, {"amount": 7_000, "currency": "eur"}]
        stub.will_answer({"object": "balance", "available": available, "pending": pending, "livemode": False})

        balance = stub.gateway().balance()

        assert balance == [Money(7_000, "EUR"), Money(5, "JPY"), Money(-2_000, USD)]

    def test_the_balance_is_the_sum_of_all_movements(
        self, far_side: FarSide, gateway: StripeGateway, invoice: Invoice
    ) -> None:
        payment_id = paid(far_side, gateway, invoice)
        gateway.refund(payment_id, usd(1_000), "", f"refund:{payment_id}")
        far_side.order("disputes", payment_intent=payment_id, amount=500)

        sums: dict[str, int] = {}
        for movement in gateway.movements_since(datetime(2020, 1, 1, tzinfo=UTC)):
            sums[movement.net.currency] = sums.get(movement.net.currency, 0) + movement.net.minor

        told = {amount.currency: amount.minor for amount in gateway.balance()}
        assert {currency: minor for currency, minor in sums.items() if minor} == {
            currency: minor for currency, minor in told.items() if minor
        }


TRANSACTION: dict[str, Any] = {
    "object": "balance_transaction", "amount": 9_000, "fee": 0, "currency": "usd", "created": 1_772_000_000,
    "reporting_category": "charge", "source": "ch_1", "description": None,
}  # fmt: skip
PAYOUT: dict[str, Any] = {
    "id": "po_1", "object": "payout", "amount": 9_000, "currency": "usd", "status": "paid", "automatic": True,
    "created": 1_772_000_000, "arrival_date": 1_772_150_400, "balance_transaction": None,
    "failure_balance_transaction": None, "reconciliation_status": "completed",
}  # fmt: skip
LISTS: list[tuple[str, dict[str, Any], Callable[[StripeGateway, datetime], Iterator[Any]]]] = [
    ("balance_transactions", {**TRANSACTION, "type": "charge"}, lambda gateway, since: gateway.movements_since(since)),
    ("payouts", PAYOUT, lambda gateway, since: gateway.payouts_since(since)),
]


@contextmanager
def two_pages(stub: Stub, path: str, item: dict[str, Any]) -> Iterator[None]:
    page = {"object": "list", "url": f"/v1/{path}", "has_more": True, "data": [{**item, "id": "a_1"}]}
    stub.will_answer(page)
    yield


@pytest.mark.parametrize(("path", "item", "read"), LISTS)
class TestLists:
    """Read page after page, newest first, by those who may stop in the middle or meet a failure there."""

    def test_they_begin_at_the_moment_asked_for(
        self, stub: Stub, path: str, item: dict[str, Any], read: Callable[..., Iterator[Any]]
    ) -> None:
        stub.will_answer({"object": "list", "url": f"/v1/{path}", "has_more": False, "data": [{**item, "id": "a_1"}]})

        found = list(read(stub.gateway(), datetime(2026, 3, 1, tzinfo=UTC)))

        assert len(found) == 1
        [(_, asked, fields, _)] = stub.asked
        assert (asked, fields["created[gte]"], fields["limit"]) == (f"/v1/{path}", "1772323200", "100")

    @pytest.mark.parametrize(
        ("status", "error"),
        [(500, TemporaryError), (429, TemporaryError), (401, PermanentError), (400, PermanentError)],
    )
    def test_a_failure_in_the_middle_is_told_in_the_words_of_the_house(
        self,
        stub: Stub,
        path: str,
        item: dict[str, Any],
        read: Callable[..., Iterator[Any]],
        status: int,
        error: type[Exception],
    ) -> None:
        with two_pages(stub, path, item):
            stub.will_answer({"error": {"type": "invalid_request_error", "message": "no"}}, status)
        reading = read(stub.gateway(), datetime(2026, 3, 1, tzinfo=UTC))

        next(reading)
        with pytest.raises(error):
            next(reading)

        with pytest.raises(StopIteration):
            next(reading)

    def test_a_malformed_item_in_the_middle_is_named(
        self, stub: Stub, path: str, item: dict[str, Any], read: Callable[..., Iterator[Any]]
    ) -> None:
        with two_pages(stub, path, item):
            bare = {"object": item["object"], "id": "a_2"}
            stub.will_answer({"object": "list", "url": f"/v1/{path}", "has_more": False, "data": [bare]})
        reading = read(stub.gateway(), datetime(2026, 3, 1, tzinfo=UTC))

        next(reading)
        with pytest.raises(UnreadableError, match=r"lacks `\w+` of \w+ a_2 \(request req_stub\)"):
            next(reading)

    def test_what_the_reader_does_wrong_is_not_stripes_doing(
        self, stub: Stub, path: str, item: dict[str, Any], read: Callable[..., Iterator[Any]]
    ) -> None:
        """An error of the caller's own, between two items, stays what it is; the rest is never asked for."""
        with two_pages(stub, path, item):
            pass

        def look_at_all() -> None:
            for _ in read(stub.gateway(), datetime(2026, 3, 1, tzinfo=UTC)):
                raise KeyError("of the reader")

        with pytest.raises(KeyError, match="of the reader"):
            look_at_all()

        assert len(stub.asked) == 1

    def test_a_reader_that_throws_into_it_gets_its_own_error_back(
        self, stub: Stub, path: str, item: dict[str, Any], read: Callable[..., Any]
    ) -> None:
        with two_pages(stub, path, item):
            pass
        reading = read(stub.gateway(), datetime(2026, 3, 1, tzinfo=UTC))
        next(reading)

        reading.close()

        assert list(reading) == []
