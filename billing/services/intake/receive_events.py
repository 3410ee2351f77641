"""An event that the provider brought to our endpoint by itself: kept in the same inbox that polling fills, once.

It only makes things faster. The cursor of polling stays where it is: events may come out of order or not at all, and
what was polled after the cursor is the truth.
"""

from __future__ import annotations

from datetime import datetime

from billing.domain.errors import TemporaryError
from billing.domain.payments import ProviderEvent
from billing.ports.ledger import Ledger
from billing.ports.operations import PINNED_ACCOUNT


def receive_event(ledger: Ledger, provider: str, event: ProviderEvent, now: datetime) -> str:
    """kept | known | ignored, committed when it returns. Another account's or mode's event is kept and never applied.

    TemporaryError `account_not_pinned` before the first start has said whose ledger this is: nothing is kept, and the
    provider sends it again.
    """
    with ledger.write() as uow:
        pinned = uow.operations.pinned(PINNED_ACCOUNT)
        if pinned is None:
            raise TemporaryError(
                "account_not_pinned",
                "The ledger does not know its Stripe account yet; it will when the pipeline has asked Stripe once.",
            )
        foreign = _foreign(event, pinned)
        is_new = uow.payments.keep_event(provider, event, now, ignored=foreign)
    if not is_new:
        return "known"
    return "ignored" if foreign else "kept"


def _foreign(event: ProviderEvent, pinned: str) -> str | None:
    """Why the event is not of the pinned "acct_… live|test", or None. Stripe names the account only with Connect."""
    account, _, mode = pinned.partition(" ")
    found = "live" if event.livemode else "test"
    if found == mode and event.account in (None, account):
        return None
    return f"of {event.account or 'our account'} in {found} mode; this ledger belongs to {pinned}"
