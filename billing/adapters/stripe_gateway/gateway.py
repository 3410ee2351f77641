"""The PaymentGateway port over stripe-python. Retries are ours: the SDK is told to make none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast

from billing.adapters.stripe_gateway.amounts import check_bounds, to_wire
from billing.adapters.stripe_gateway.event_feed import KINDS, provider_event, unreadable_event
from billing.adapters.stripe_gateway.failures import acting, asking, said_of_answer
from billing.adapters.stripe_gateway.fields import Fields, Malformed
from billing.adapters.stripe_gateway.keys import is_live
from billing.adapters.stripe_gateway.payment_facts import EXPAND, declined_fact, payment_fact
from billing.adapters.stripe_gateway.settlements import StripeSettlements
from billing.adapters.stripe_gateway.wire import PAGE, dicts, nth_key, plain
from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import PayLink, PaymentFact, PaymentStatus, ProviderEvent, SavedMethod
from billing.ports.outside import GatewayAccount, KnownInvoice

if TYPE_CHECKING:
    import stripe
    from stripe import params as wire

_WRONG_STATE = "payment_intent_unexpected_state"


class StripeGateway(StripeSettlements):
    """The whole port: charges, pay links and events here, what became of money in StripeSettlements."""

    name = "stripe"

    def account(self) -> GatewayAccount:
        """PermanentError stripe_mode_mixed if the far side is not in the mode that the key's prefix names."""
        with asking():
            account = Fields.of_answer(plain(self._v1.accounts.retrieve_current()))
            account_id = account.text("id")
            profile, dashboard = account.part("business_profile"), account.part("settings").part("dashboard")
            name = dashboard.text_or_none("display_name") or profile.text_or_none("name") or account_id
            livemode = Fields.of_answer(plain(self._v1.balance.retrieve())).flag("livemode")
        if livemode is not is_live(self._api_key):
            raise PermanentError(
                "stripe_mode_mixed",
                f"Stripe account {account_id} answers in {_mode(livemode)} mode to a {_mode(not livemode)} key; check"
                " the key and the API address.",
            )
        return GatewayAccount(account_id, livemode, name)

    def check_amount(self, amount: Money) -> None:
        """Of Stripe's published rules on amounts; asks nobody."""
        check_bounds(amount)
        to_wire(amount)

    def create_pay_link(self, invoice: Invoice, amount: Money, key: str, turn: int = 1) -> PayLink:
        payment: wire.PaymentLinkCreateParamsPaymentIntentData = {
            "metadata": _metadata(invoice),
            "description": _title(invoice),
        }
        if self._statement_suffix:
            payment["statement_descriptor_suffix"] = self._statement_suffix
        price: wire.PaymentLinkCreateParamsLineItemPriceData = {
            "currency": amount.currency.lower(),
            "unit_amount": to_wire(amount),
            "product_data": {"name": _title(invoice)},
        }
        params: wire.PaymentLinkCreateParams = {
            "line_items": [{"price_data": price, "quantity": 1}],
            "restrictions": {"completed_sessions": {"limit": 1}},
            "metadata": {**_metadata(invoice), "effect_key": key},
            "payment_intent_data": payment,
        }
        with acting():
            return _pay_link(plain(self._v1.payment_links.create(params, {"idempotency_key": nth_key(key, turn)})))

    def find_pay_link(self, invoice_id: str, key: str) -> PayLink | None:
        with asking():
            for link in dicts(self._v1.payment_links.list({"limit": PAGE})):
                metadata = link.get("metadata") or {}
                if metadata.get("effect_key") == key and metadata.get("invoice_id") == invoice_id:
                    return _pay_link(link)
        return None

    def close_pay_link(self, link_id: str) -> None:
        with acting():
            self._v1.payment_links.update(link_id, {"active": False})

    def prepare_charge(self, invoice: Invoice, amount: Money, method: SavedMethod, key: str, turn: int = 1) -> str:
        params: wire.PaymentIntentCreateParams = {
            "amount": to_wire(amount),
            "currency": amount.currency.lower(),
            "customer": method.customer_id,
            "payment_method": method.payment_method_id,
            # Whatever the client has saved, but nothing that redirects: nobody sits at an off-session charge. Naming
            # types is refused since API 2026-09-30 (docs: changelog, endive, payment_method_types).
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "payment_method_options": {"card": {"stored_credential_usage": "unscheduled"}},
            "description": _title(invoice),
            "metadata": {**_metadata(invoice), "effect_key": key},
        }
        if self._statement_suffix:
            params["statement_descriptor_suffix"] = self._statement_suffix
        with acting():
            created = self._v1.payment_intents.create(params, {"idempotency_key": nth_key(f"{key}:create", turn)})
            return Fields.of_answer(plain(created)).text("id")

    def confirm_charge(self, payment_id: str, key: str, turn: int = 1) -> PaymentFact:
        """A charge that was confirmed before, under a key that Stripe has forgotten, is read and not charged again."""
        import stripe

        with acting():
            try:
                intent = self._v1.payment_intents.confirm(
                    payment_id,
                    {"off_session": True, "expand": EXPAND},
                    {"idempotency_key": nth_key(f"{key}:confirm", turn)},
                )
                return payment_fact(plain(intent))
            except stripe.CardError as declined:
                return declined_fact(cast(dict[str, Any], declined.json_body))
            except stripe.InvalidRequestError as refused:
                fact = self._as_it_stands(payment_id, refused)
                if fact.status is PaymentStatus.UNCONFIRMED:
                    raise
                return fact

    def cancel_charge(self, payment_id: str) -> PaymentFact:
        """What can no longer be canceled, because it was paid or canceled before, is told as it is."""
        import stripe

        with acting():
            try:
                return payment_fact(plain(self._v1.payment_intents.cancel(payment_id, {"expand": EXPAND})))
            except stripe.InvalidRequestError as refused:
                return self._as_it_stands(payment_id, refused)

    def read_payment(self, payment_id: str) -> PaymentFact:
        with asking():
            return payment_fact(plain(self._v1.payment_intents.retrieve(payment_id, {"expand": EXPAND})))

    def find_charges(self, customer_id: str, key: str) -> list[PaymentFact]:
        """Search is eventually consistent, a list is not (docs: search, data freshness)."""
        params: wire.PaymentIntentListParams = {
            "customer": customer_id,
            "limit": PAGE,
            "expand": [f"data.{path}" for path in EXPAND],
        }
        with asking():
            intents = dicts(self._v1.payment_intents.list(params))
            ours = [intent for intent in intents if (intent.get("metadata") or {}).get("effect_key") == key]
            return [payment_fact(intent) for intent in ours]

    def new_events(self, after: str | None, limit: int) -> list[ProviderEvent]:
        """Stripe keeps events for 30 days; a cursor that has fallen out of them starts again at the oldest kept."""
        import stripe

        with asking():
            try:
                found = self._events_after(after, limit) if after else self._oldest_events(limit)
            except stripe.InvalidRequestError as refused:
                if after is None or refused.code != "resource_missing":
                    raise
                found = self._oldest_events(limit)
            return [_event(event) for event in found]

    def _events_after(self, after: str, limit: int) -> list[dict[str, Any]]:
        params: wire.EventListParams = {"types": KINDS, "ending_before": after, "limit": min(limit, PAGE)}
        # With ending_before the SDK walks towards the newest and turns each page round: oldest first, none skipped.
        return list(islice(dicts(self._v1.events.list(params)), limit))

    def known_invoices(self) -> Iterator[KnownInvoice]:
        with asking():
            pages = dicts(self._v1.payment_links.list({"limit": PAGE}))
            payments = dicts(self._v1.payment_intents.list({"limit": PAGE}))
            for found in chain(pages, payments):
                metadata = found.get("metadata") or {}
                if metadata.get("invoice_id"):
                    named = (metadata["invoice_id"], metadata.get("invoice_number", ""), metadata.get("session_id", ""))
                    yield KnownInvoice(*named)

    def _oldest_events(self, limit: int) -> list[dict[str, Any]]:
        # Without a cursor lists begin with the newest, so that the oldest are known only when all were seen.
        newest_first = list(dicts(self._v1.events.list({"types": KINDS, "limit": PAGE})))
        return newest_first[::-1][:limit]

    def _as_it_stands(self, payment_id: str, refused: stripe.InvalidRequestError) -> PaymentFact:
        if refused.code != _WRONG_STATE:
            raise refused
        return self.read_payment(payment_id)


def _event(event: dict[str, Any]) -> ProviderEvent:
    """One that cannot be read must not keep those behind it from being kept."""
    try:
        return provider_event(event)
    except Malformed as error:
        return unreadable_event(event, f"{said_of_answer(error)}.")


def _pay_link(link: dict[str, Any]) -> PayLink:
    fields = Fields.of_answer(link)
    return PayLink(fields.text("id"), fields.text("url"))


def _title(invoice: Invoice) -> str:
    return f"Invoice {invoice.number or invoice.invoice_id}"


def _metadata(invoice: Invoice) -> dict[str, str]:
    return {
        "invoice_id": invoice.invoice_id,
        "invoice_number": invoice.number or "",
        "session_id": invoice.session_id,
    }


def _mode(livemode: bool) -> str:
    return "live" if livemode else "test"
