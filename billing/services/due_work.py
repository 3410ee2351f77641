"""What waits in the ledger to be done, as ids: what the sensors look at every few seconds. Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing.domain.effects import EffectKind, EffectState, can_be_asked
from billing.domain.policy import MORNING_HOUR
from billing.services.access.galleries import awaiting_grant
from billing.services.context import House
from billing.services.intake.observe_sessions import sessions_to_fetch
from billing.services.intake.session_records import is_older
from billing.services.safety.clock_set_back import TOLERANCE, is_behind
from billing.services.safety.holds import goes_out_under_hold, is_held

LOOK_AT_EXPECTED_EVERY = timedelta(hours=1)
_FOLLOWED_UP = "follow_ups:planned"
_SHOWN = 50  # enough to tell one backlog from another


def sessions_waiting(house: House) -> list[str]:
    """Sessions to be billed, or whose records are to be fetched; those that only are to happen once an hour."""
    now = house.now()
    with house.ledger.read() as books:
        due = [row.session_id for row in books.sessions.in_state("due")]
    fetch = [
        row.session_id
        for row in sessions_to_fetch(house)
        if row.state != "expected" or is_older(row, LOOK_AT_EXPECTED_EVERY, now)
    ]
    return sorted({*due, *fetch})


def commands_waiting(house: House) -> list[str]:
    """What people have asked for and nobody has carried out yet."""
    with house.ledger.read() as books:
        return [str(command.command_id) for command in books.desk.waiting_commands()]


def events_waiting(house: House) -> list[str]:
    """The oldest events of the payment provider that were kept and not applied yet."""
    with house.ledger.read() as books:
        return [event.event_id for event in books.payments.waiting_events(house.gateway.name, _SHOWN)]


def effects_due(house: House) -> dict[EffectKind, list[str]]:
    """Effects to be done now by kind, with those whose worker died; oldest first. Under a hold only owner alerts."""
    with house.ledger.read() as books:
        due = books.effects.due(house.now())
        if is_held(books):
            mails = books.effects.in_state(EffectState.READY, EffectKind.MAIL)
            alerts = {mail.effect_id for mail in mails if goes_out_under_hold(mail.kind, mail.purpose)}
            due = [(effect_id, kind) for effect_id, kind in due if effect_id in alerts]
    by_kind: dict[EffectKind, list[str]] = {}
    for effect_id, kind in due:
        by_kind.setdefault(kind, []).append(effect_id)
    return by_kind


def effects_to_ask_about(house: House) -> dict[EffectKind, list[str]]:
    """Effects of unknown outcome whose provider can be asked; none under a hold, for asking may act.

    A mail server cannot be asked: its mails wait for a person.
    """
    with house.ledger.read() as books:
        unknown = [] if is_held(books) else books.effects.to_ask(house.now())
    by_kind: dict[EffectKind, list[str]] = {}
    for effect in unknown:
        if can_be_asked(effect.kind):
            by_kind.setdefault(effect.kind, []).append(effect.effect_id)
    return by_kind


def invoices_left_unrendered(house: House) -> list[str]:
    """Invoices whose PDF could be made: a crash between finalizing and rendering leaves them."""
    with house.ledger.read() as books:
        return [row.invoice.invoice_id for row in books.invoices.ready_to_render(_SHOWN)]


def grants_left_unplanned(house: House) -> list[str]:
    """Invoices whose gallery may be opened and for which nobody has committed to it yet."""
    with house.ledger.read() as books:
        return [row.invoice.invoice_id for row in awaiting_grant(house, books)[:_SHOWN]]


def follow_ups_are_due(house: House) -> bool:
    """Once a studio day, from the morning on; at once when a day was missed."""
    now = house.now()
    with house.ledger.read() as books:
        value = books.records.cursor(_FOLLOWED_UP)
        if is_behind(books, now):
            return False  # nobody knows which day it is
    planned_at = datetime.fromisoformat(value) if value else None
    if planned_at is None or planned_at > now + TOLERANCE or now - planned_at >= timedelta(days=1):
        return True
    is_new_day = house.policy.day_of(planned_at) < house.policy.day_of(now)
    return is_new_day and now.astimezone(ZoneInfo(house.policy.time_zone)).hour >= MORNING_HOUR


def note_followed_up(house: House) -> None:
    """Today's follow-ups are planned; the next ones are due on the next studio day."""
    with house.ledger.write() as books:
        books.records.move_cursor(_FOLLOWED_UP, house.now().isoformat(), house.now())


def ledger_position(house: House) -> str:
    """A text that changes when the ledger's figures do, or the studio's day: then the warehouse is out of date."""
    with house.ledger.read() as books:
        items = books.desk.open_items()
        newest = max((item.attention_id for item in items), default=0)
        return f"{books.journal.position()}:{len(items)}:{newest}:{house.today()}"
