"""What happened to one invoice, line by line: when, who, what and why."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from billing.cli.tables import table
from billing.domain.events import DomainEvent
from billing.domain.mail import MailKind
from billing.domain.money import Money


def history_text(events: list[DomainEvent], currency: str, zone: tzinfo) -> str:
    """One row for each event. `zone`: the studio's, in which times are shown."""
    rows = [(f"{event.at.astimezone(zone):%Y-%m-%d %H:%M}", event.actor, _what(event, currency)) for event in events]
    return table((f"When ({zone})", "Who", "What"), rows)


def history_json(events: list[DomainEvent]) -> list[dict[str, Any]]:
    """The events as they are kept; amounts in minor units, times in UTC."""
    return [
        {"at": event.at.isoformat(), "actor": event.actor, "kind": event.kind, "subject_id": event.subject_id}
        | {"body": event.body}
        for event in events
    ]


def _what(event: DomainEvent, currency: str) -> str:
    body = event.body
    if "outcome" in body:  # of a command: what came of it says more than its name
        said = f"{'refused: ' if event.kind.endswith('_refused') else ''}{body['outcome']}"
    elif "was" in body:
        said = f"mail goes to {body['to']} from now on, no longer to {body['was']}"
    elif "purpose" in body:
        said = f"{_mail(str(body['purpose']))} mailed to {body['to']}"
    else:
        said = _words(event.kind)
    amount = body.get("amount_due_minor", body.get("amount_minor"))
    if isinstance(amount, int) and "outcome" not in body:
        said += f", {Money(amount, str(body.get('currency') or currency))}"
    return f"{said.removesuffix('.')} ({body['reason']})" if body.get("reason") else said


def _mail(purpose: str) -> str:
    """For what a change of what is owed was told is nobody's number to read."""
    return "what is owed" if purpose.startswith(f"{MailKind.BALANCE.value}:") else _words(purpose)


def _words(name: str) -> str:
    return name.replace("_", " ").replace(":", ", ")
