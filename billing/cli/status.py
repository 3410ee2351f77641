"""`billing status` and `billing needs-attention`: what waits, and what a person should do."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from billing.bootstrap import disks_of, running_file
from billing.cli.opening import Office, open_office
from billing.cli.tables import printable, table
from billing.domain.events import Task
from billing.domain.money import Money
from billing.domain.task_commands import commands_of
from billing.processes.alone import holder
from billing.services.automations.what_waits import by_currency, what_waits
from billing.services.safety.disk_room import DISK, SHORT, trouble_with
from billing.services.safety.holds import sentence_of
from billing.services.safety.server_ends import in_words
from billing.services.safety.watchdog import is_late

if TYPE_CHECKING:
    from billing.ports.ledger import UnitOfWork

_DIED_LATELY = timedelta(days=1)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON; amounts are in minor units.")
def status(as_json: bool) -> None:
    """Show what waits: sessions, drafts, invoices, work outside, and what needs a person.

    \b
    Example:
        billing status
    """
    with open_office() as office:
        found = _status(office)
    click.echo(json.dumps(found, indent=2) if as_json else _as_text(found))


@click.command("needs-attention")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def needs_attention(as_json: bool) -> None:
    """List what needs a person: since when, what to do, and the commands of which one ends it.

    \b
    Example:
        billing needs-attention
    """
    with open_office() as office, office.ledger.read() as uow:
        items = _waiting(office, uow)
    if as_json:
        click.echo(json.dumps([_item(one) for one in items], indent=2))
    elif not items:
        click.echo("Nothing needs attention.")
    for item in [] if as_json else items:
        click.echo(f"{item.opened_at:%Y-%m-%d %H:%M} UTC  {item.code}  {item.subject_id}")
        click.echo(f"    {printable(item.sentence)}")
        for command in commands_of(item.code, item.subject_id):
            click.echo(f"    {printable(command)}")


def _waiting(office: Office, uow: UnitOfWork) -> list[Task]:
    """What needs a person; a full disk is among it, though the ledger could not take a note of it."""
    items = [item for item in uow.tasks.open_tasks() if item.code != SHORT]
    found = trouble_with(disks_of(office.settings).look())
    return [*(Task(0, DISK, SHORT, sentence, office.clock.now()) for sentence in found), *items]


def _status(office: Office) -> dict[str, Any]:
    overview, policy, now = office.overview, office.settings.policy, office.clock.now()
    today = policy.day_of(now)
    with office.ledger.read() as uow:
        waiting, items = what_waits(uow, today), _waiting(office, uow)
        holds, beats = uow.operations.holds(), uow.operations.heartbeats()
        clock = uow.operations.clock()
        ends = uow.operations.server_ends(datetime.now(UTC) - _DIED_LATELY)
    return {
        "sessions": overview.sessions_by_state(),
        "drafts_waiting": _summed([draft.invoice.amount_due for draft in waiting.drafts]),
        "invoices_open": _summed([row.balance for row in waiting.unpaid]),
        "invoices_overdue": _summed([row.balance for row in waiting.overdue]),
        "effects": {f"{kind} {state}": count for (kind, state), count in overview.unfinished_effects(now).items()},
        "commands_waiting": overview.commands_waiting(),
        "needs_attention": len(items),
        "vsco_polled_at": _instant(overview.cursor_moved_at("vsco:jobs")),
        "stripe_events_read_at": _instant(overview.cursor_moved_at("stripe:events")),
        "delivery_mode": policy.delivery_mode.value,
        "held": sentence_of(holds),
        "disk": [item.sentence for item in items if item.code == SHORT],
        "running": asdict(runs) if (runs := holder(running_file(office.settings))) else None,
        "servers_restarted_in_a_day": in_words(ends),
        "last_done": {
            one.name: {"at": _instant(one.succeeded_at), "is_late": is_late(one, now, clock)} for one in beats
        },
    }


def _summed(amounts: list[Money]) -> dict[str, Any]:
    return {"count": len(amounts), "amounts_minor": {one.currency: one.minor for one in by_currency(amounts)}}


def _as_text(found: dict[str, Any]) -> str:
    sessions = ", ".join(f"{count} {state}" for state, count in sorted(found["sessions"].items())) or "none seen yet"
    effects = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found["effects"].items()) or "none"
    waiting = found["needs_attention"]
    rows = [
        *([("HELD", found["held"])] if found["held"] else []),
        *(("DISK", sentence) for sentence in found["disk"]),
        ("sessions", sessions),
        ("drafts waiting", _counted(found["drafts_waiting"], "`billing approve` sends them")),
        ("invoices open", _counted(found["invoices_open"])),
        ("invoices overdue", _counted(found["invoices_overdue"])),
        ("work outside", effects),
        ("commands waiting", str(found["commands_waiting"])),
        ("needs attention", f"{waiting}; `billing needs-attention` lists them" if waiting else "nothing"),
        ("VSCO last polled", found["vsco_polled_at"] or "never"),
        ("Stripe last news", found["stripe_events_read_at"] or "never"),
        ("delivery mode", found["delivery_mode"]),
        ("servers", _running(found["running"])),
        *(("restarted", words) for words in found["servers_restarted_in_a_day"]),
        *((f"{'LATE ' if one['is_late'] else ''}{name}", f"last done {one['at']}") for name, one in _beats(found)),
    ]
    return table(("What", "State"), rows)


def _running(runs: dict[str, Any] | None) -> str:
    return f"run since {runs['since']}, process {runs['pid']}" if runs else "do not run here: `billing up`"


def _beats(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(found["last_done"].items(), key=lambda beat: (not beat[1]["is_late"], beat[0]))


def _counted(part: dict[str, Any], hint: str = "") -> str:
    amounts = ", ".join(str(Money(minor, currency)) for currency, minor in sorted(part["amounts_minor"].items()))
    text = str(part["count"]) + (f" of {amounts}" if amounts else "")
    return f"{text}; {hint}" if hint and part["count"] else text


def _instant(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC") if at else None


def _item(item: Task) -> dict[str, Any]:
    return {
        "subject": item.subject_id,
        "code": item.code,
        "since": item.opened_at.isoformat(),
        "what_to_do": item.sentence,
        "commands": commands_of(item.code, item.subject_id),
    }
