"""What waits in the ledger to be done, as ids: what the sensors look at every few seconds. Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.effects import EffectKind, EffectState
from billing.domain.policy import MORNING_HOUR
from billing.services.access.galleries import awaiting_grant
from billing.services.context import Context
from billing.services.intake.observe_sessions import sessions_to_fetch
from billing.services.intake.session_records import is_older
from billing.services.safety.clock_set_back import TOLERANCE, is_behind
from billing.services.safety.holds import goes_out_under_hold, is_held

LOOK_AT_EXPECTED_EVERY = timedelta(hours=1)
_FOLLOWED_UP = "follow_ups:planned"
_SHOWN = 50  # enough to tell one backlog from another


def sessions_waiting(ctx: Context) -> list[str]:
    """Sessions to be billed, or whose records are to be fetched; those that only are to happen once an hour."""
    now = ctx.now()
    with ctx.ledger.read() as uow:
        due = [row.session_id for row in uow.sessions.in_state("due")]
    fetch = [
        row.session_id
        for row in sessions_to_fetch(ctx)
        if row.state != "expected" or is_older(row, LOOK_AT_EXPECTED_EVERY, now)
    ]
    return sorted({*due, *fetch})


def commands_waiting(ctx: Context) -> list[str]:
    """What people have asked for and nobody has carried out yet."""
    with ctx.ledger.read() as uow:
        return [str(command.command_id) for command in uow.commands.waiting()]


def events_waiting(ctx: Context) -> list[str]:
    """The oldest events of the payment provider that were kept and not applied yet."""
    with ctx.ledger.read() as uow:
        return [event.event_id for event in uow.payments.waiting_events(ctx.gateway.name, _SHOWN)]


def effects_due(ctx: Context) -> dict[EffectKind, list[str]]:
    """Effects to be done now by kind, with those whose worker died; oldest first. Under a hold only owner alerts."""
    with ctx.ledger.read() as uow:
        due = uow.effects.due(ctx.now())
        if is_held(uow):
            mails = uow.effects.in_state(EffectState.READY, EffectKind.MAIL)
            alerts = {mail.effect_id for mail in mails if goes_out_under_hold(mail.kind, mail.purpose)}
            due = [(effect_id, kind) for effect_id, kind in due if effect_id in alerts]
    by_kind: dict[EffectKind, list[str]] = {}
    for effect_id, kind in due:
        by_kind.setdefault(kind, []).append(effect_id)
    return by_kind


def effects_to_ask_about(ctx: Context) -> dict[EffectKind, list[str]]:
    """Effects of unknown outcome whose provider can be asked; none under a hold, for asking may act.

    A mail server cannot be asked: its mails wait for a person.
    """
    with ctx.ledger.read() as uow:
        unknown = [] if is_held(uow) else uow.effects.to_ask(ctx.now())
    by_kind: dict[EffectKind, list[str]] = {}
    for effect in unknown:
        if EFFECT_SPECS[effect.kind].can_be_asked:
            by_kind.setdefault(effect.kind, []).append(effect.effect_id)
    return by_kind


def invoices_left_unrendered(ctx: Context) -> list[str]:
    """Invoices whose PDF could be made: a crash between finalizing and rendering leaves them."""
    with ctx.ledger.read() as uow:
        return [row.invoice.invoice_id for row in uow.invoices.ready_to_render(_SHOWN)]


def grants_left_unplanned(ctx: Context) -> list[str]:
    """Invoices whose gallery may be opened and for which nobody has committed to it yet."""
    with ctx.ledger.read() as uow:
        return [row.invoice.invoice_id for row in awaiting_grant(ctx, uow)[:_SHOWN]]


def follow_ups_are_due(ctx: Context) -> bool:
    """Once a studio day, from the morning on; at once when a day was missed."""
    now = ctx.now()
    with ctx.ledger.read() as uow:
        value = uow.records.cursor(_FOLLOWED_UP)
        if is_behind(uow, now):
            return False  # nobody knows which day it is
    planned_at = datetime.fromisoformat(value) if value else None
    if planned_at is None or planned_at > now + TOLERANCE or now - planned_at >= timedelta(days=1):
        return True
    is_new_day = ctx.policy.day_of(planned_at) < ctx.policy.day_of(now)
    return is_new_day and now.astimezone(ZoneInfo(ctx.policy.time_zone)).hour >= MORNING_HOUR


def note_followed_up(ctx: Context) -> None:
    """Today's follow-ups are planned; the next ones are due on the next studio day."""
    with ctx.ledger.write() as uow:
        uow.records.move_cursor(_FOLLOWED_UP, ctx.now().isoformat(), ctx.now())


def ledger_position(ctx: Context) -> str:
    """A text that changes when the ledger's figures do, or the studio's day: then the warehouse is out of date."""
    with ctx.ledger.read() as uow:
        items = uow.tasks.open_tasks()
        newest = max((item.attention_id for item in items), default=0)
        return f"{uow.journal.position()}:{len(items)}:{newest}:{ctx.today()}"
