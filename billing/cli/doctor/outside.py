"""The outside: mail server, Stripe, VSCO Workspace. Each is asked by itself, so one key that is wrong is one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from billing.bootstrap import gateway_of, mailer_of, open_ledger, source_of
from billing.domain.errors import BillingError, PermanentError, RefusedAccess
from billing.domain.money import Money
from billing.domain.pricing import price_order
from billing.domain.sessions import Order
from billing.ports.operations import PINNED_ACCOUNT
from billing.settings import Settings

if TYPE_CHECKING:
    from billing.ports.outside import SessionSource

_JOBS_LOOKED_AT = 8


def smtp(settings: Settings) -> str:
    with closing(mailer_of(settings)) as mailer:
        return f"{mailer.try_out()} takes our greeting"


def sender(settings: Settings) -> str:
    """A server that lets us in may still refuse to send for this address, or have no way to write it."""
    with closing(mailer_of(settings)) as mailer:
        return f"{mailer.try_out(settings.studio_email)} takes mail from {settings.studio_email}"


def stripe(settings: Settings) -> str:
    account = gateway_of(settings).account()
    found = f"{account.account_id} {'live' if account.livemode else 'test'}"
    try:
        pinned = _pinned(settings)
    except Exception:  # the line of the database says why
        return f"{account.name}, {found}; the ledger could not be asked whether it is its own"
    if pinned not in (None, found):
        raise PermanentError(
            "wrong_account", f"This ledger belongs to Stripe account {pinned}, the key to {found}; use the right key."
        )
    return f"{account.name}, {found}, {'pinned' if pinned else 'pinned at the first start'}"


def _pinned(settings: Settings) -> str | None:
    from billing.adapters.ledger.overview import Overview

    with closing(open_ledger(settings)) as ledger:
        return Overview(ledger.engine).pinned(PINNED_ACCOUNT)


def vsco(settings: Settings) -> str:
    """What the key may not read, and is done without, is said beside it."""
    with closing(source_of(settings)) as source:
        account, refused = source.account(), source.shared_records().refused
    return ". ".join([f"the key opens {account.name}, in {account.currency}", *refused.values()])


def money_scale(settings: Settings) -> str:
    """Under a wrong scale taxes round differently and orders miss their own totals; a person has the last look."""
    with closing(source_of(settings)) as source:
        seen = [(order, _comes_to(order)) for order in _some_orders(source)]
    agreeing = [order for order, total in seen if total == order.total]
    if agreeing:
        return f"order {agreeing[0].number} comes to {agreeing[0].total}: is that what VSCO Workspace shows?"
    if not seen:
        return "there is no order yet to try it on"
    order, total = seen[0]
    raise PermanentError(
        "scale",
        f"None of {len(seen)} orders comes to its own total: {order.number} says {order.total}, its lines {total}."
        " Try the other BILLING_VSCO_MONEY_SCALE.",
    )


def _comes_to(order: Order) -> Money | None:
    try:
        return Money(price_order(order).total_minor, order.currency)
    except BillingError:
        return None


def _some_orders(source: SessionSource) -> Iterator[Order]:
    """One job that cannot be read hides none of the others; nothing but such jobs is what is the matter."""
    shared, unread, read = source.shared_records().records, list[PermanentError](), 0
    for page in source.changed_jobs(None, max_pages=1):
        for record in page[:_JOBS_LOOKED_AT]:
            try:
                session = source.read_session(source.related_records(record.source_id).records, shared)
            except RefusedAccess:
                raise
            except PermanentError as error:
                unread.append(error)
                continue
            read += 1
            yield from (order for order in session.orders if order.lines and order.total.minor > 0)
    if unread and not read:
        raise unread[0]
