"""Money that the studio gave back by hand, in cash, by cheque or by transfer: booked, and told to the client.

The provider moves nothing. It is an effect that a person has carried out, so that what is left of a payment, and
what the invoice asks for after it, are found as for any other refund.
"""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from billing.domain import canonical
from billing.domain.effects import EffectState, Intent
from billing.domain.errors import PermanentError
from billing.domain.events import Command
from billing.domain.money import Money
from billing.domain.payments import OFFICE
from billing.domain.settlements import Movement, MovementKind, RefundFact, RefundStatus
from billing.domain.typed import check_given_on
from billing.ports.ledger import PaymentRow, UnitOfWork
from billing.services.commands.arguments import day_of, optional
from billing.services.context import Context
from billing.services.settlements.money_back import record_refund


def book_by_hand(ctx: Context, uow: UnitOfWork, command: Command, intent: Intent, payment: PaymentRow) -> None:
    """`intent` is the refund as it would be asked for of the provider. PermanentError: a day that cannot be."""
    at = _given_back_at(ctx, command, payment)
    amount = Money(int(str(intent.parameters["amount_minor"])), payment.amount.currency)
    refund_id = canonical.derived_id("hand", intent.key)
    moved = Movement(f"{refund_id}:moved", MovementKind.REFUND, refund_id, -amount, Money(0, amount.currency), at)
    refund = RefundFact(
        provider=OFFICE,
        refund_id=refund_id,
        payment_id=payment.provider_object_id,
        amount=amount,
        status=RefundStatus.SUCCEEDED,
        reason=command.reason,
        created_at=at,
        movements=(moved,),
        effect_key=intent.key,
    )
    uow.effects.intend(intent, ctx.now())
    uow.effects.reopen(intent.effect_id, EffectState.DONE, ctx.now())
    record_refund(ctx, uow, payment, refund)


def _given_back_at(ctx: Context, command: Command, payment: PaymentRow) -> datetime:
    """Noon of the day that was named, in the studio's time; now, if none was or it is today."""
    today = ctx.today()
    given_on = day_of(command, "given_on") if optional(command, "given_on") else today
    check_given_on(given_on, today)
    if given_on < payment.received_on:
        came = f"Payment {payment.provider_object_id} came on {payment.received_on}"
        raise PermanentError("before_it_came", f"{came}, and cannot have gone back on {given_on}.")
    noon = datetime.combine(given_on, time(12), ZoneInfo(ctx.policy.time_zone))
    return ctx.now() if given_on == today else noon
