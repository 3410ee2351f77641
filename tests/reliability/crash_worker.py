"""A worker of the crash tests: the rounds of the pipeline on one ledger, until nothing is due or it is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crash_points import watched
from crash_studio import Studio

from billing.bootstrap import pin_account
from billing.domain.effects import EffectKind, EffectState, message_id
from billing.domain.errors import BillingError, PermanentError
from billing.domain.invoices import Invoice
from billing.domain.policy import StudioPolicy
from billing.ports.outside import Rendered, RenderJob
from billing.services.automations.owner_digest import plan_owner_digest
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.commands.carry_out import carry_out_commands, submit
from billing.services.context import Context
from billing.services.due_work import (
    commands_waiting,
    events_waiting,
    follow_ups_are_due,
    note_followed_up,
    sessions_waiting,
)
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.effects.grant import plan_grants
from billing.services.effects.janitor import show_stuck
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs
from billing.services.intake.receive_events import receive_event
from billing.services.intake.session_records import NOT_READ
from billing.services.invoicing.deliver_invoices import render_invoices
from billing.services.invoicing.issue_invoices import bill_due_sessions
from billing.services.reconcile.run import reconcile_all
from billing.services.safety.alert_owner import alert_run_failed, run_succeeded
from billing.services.safety.holds import hold_at_once
from billing.services.safety.outages import end_outage, show_outage
from billing.services.safety.restore import is_restored, mark_restored, reconcile_restored
from billing.services.safety.troubles import Cause, Trouble
from billing.services.safety.watchdog import beat, watch

PERSON = "olga"  # who looks outside and says how it ended
# When a worker looks again, in minutes: leases have lapsed, back-offs are over. All on one day of the studio.
LOOKS = (0, 6, 10, 16, 30, 75, 140, 210, 300)


@dataclass
class Arm:
    """Keeps the labels that are reached; at the `nth` time of `label` the process is killed.

    Several workers count together in the file `shared`: whoever comes to it as the nth dies, and nobody else.
    """

    label: str | None = None
    nth: int = 1
    shared: Path | None = None
    reached: list[str] = field(default_factory=list)
    times: int = 0

    def __call__(self, label: str) -> None:
        self.reached.append(label)
        if self.label in (label, ANY_LABEL):
            self.times = self._together() if self.shared else self.times + 1
            if self.times == self.nth:
                os.kill(os.getpid(), signal.SIGKILL)

    def _together(self) -> int:
        """One byte for each time, appended at once: where ours ends is its number."""
        assert self.shared is not None
        count = os.open(self.shared, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return os.lseek(count, 0, os.SEEK_CUR) if os.write(count, b".") else 0
        finally:
            os.close(count)


ANY_LABEL = "*"


@dataclass(frozen=True)
class Ask:
    """What a person asks for at the command queue; the arguments may need a look into the ledger."""

    command: str
    arguments: Callable[[Studio], dict[str, str | int | None]]
    reason: str  # tells it from the others: who was interrupted looks whether it was taken, and asks again if not


@dataclass(frozen=True)
class Shift:
    """What a worker is told: when it begins, how the studio works on that day, and what people ask for."""

    begins_at: datetime
    asks: Sequence[Ask] = ()
    policy: Callable[[StudioPolicy], StudioPolicy] = lambda policy: policy
    unprintable: frozenset[str] = frozenset()  # keys of sessions
    only: frozenset[str] = frozenset()  # steps; the machine goes off before the others
    extra: tuple[str, ...] = ()  # steps that are not of every day
    looks: int = len(LOOKS)  # at most, where something waits for another day
    awaits: Sequence[Ask] = ()  # what somebody else asks for, before anything is begun here


class Paper:
    """A renderer for tests of crashes: no fonts, but refusals."""

    def __init__(self, refused: frozenset[str]) -> None:
        self._refused = refused

    def check_printable(self, invoice: Invoice) -> None:
        """Every letter is in the fonts."""

    def render(self, jobs: Sequence[RenderJob]) -> Iterator[Rendered]:
        for job in jobs:
            if job.invoice.session.job_id in self._refused:
                yield Rendered(job, PermanentError("render_failed", f"{job.invoice.number} cannot be printed."))
            else:
                yield Rendered(job, f"%PDF {job.invoice.invoice_id}".encode())


@dataclass
class Turned:
    """A clock that stands where it was put."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def live(bare: Context, studio: Studio, shift: Shift, arm: Arm) -> None:
    """Work from the shift's beginning until nothing is due, letting time go by; people answer what only they can."""
    clock = Turned(shift.begins_at)
    refused = frozenset(studio.jobs[key].id for key in shift.unprintable)
    ctx = watched(replace(bare, clock=clock, policy=shift.policy(bare.policy), renderer=Paper(refused)), arm)
    while not all(_is_asked(studio, ask) for ask in shift.awaits):
        time.sleep(0.005)
    for minutes in LOOKS[: shift.looks]:
        clock.at = shift.begins_at + timedelta(minutes=minutes)
        studio.set_clock(clock.at)
        _ask(ctx, studio, shift.asks)
        work(ctx, shift)
        _look_outside(ctx, studio)
        if not is_busy(ctx, shift):
            return


def _ask(ctx: Context, studio: Studio, asks: Sequence[Ask]) -> None:
    """Each once: who was interrupted looks first."""
    for ask in asks:
        if _is_asked(studio, ask):
            continue
        if ask.command == "restore":
            mark_restored(ctx.ledger, ask.reason, "ingrid", ctx.now())
        elif ask.command == "hold":
            hold_at_once(ctx.ledger, ask.reason, "ingrid", ctx.now())
        else:
            submit(ctx.ledger, ask.command, ask.arguments(studio), "ingrid", ask.reason, ctx.now())


def _is_asked(studio: Studio, ask: Ask) -> bool:
    if ask.command == "restore":
        return bool(studio.rows("select 1 from holds where cause = 'restored' and reason = ?", ask.reason))
    return bool(studio.rows("select 1 from commands where name = ? and reason = ?", ask.command, ask.reason))


def work(ctx: Context, shift: Shift) -> None:
    """One round of the pipeline, in the order of its jobs. What fails is shown, and stops no later step."""
    steps = {**STEPS, **{name: EXTRA[name] for name in shift.extra}}
    wanted = {name: step for name, step in steps.items() if not shift.only or name in shift.only}
    failed = [name for name, step in wanted.items() if not _step(ctx, name, step)]
    if failed:
        alert_run_failed(
            ctx, "round", "0123456789abcdef", [Trouble(Cause.UNANSWERED, f"{name} failed.") for name in failed]
        )
    else:
        run_succeeded(ctx, "round")


def _step(ctx: Context, name: str, step: Callable[[Context], Any]) -> bool:
    system = {"observe_jobs": "VSCO Workspace", "poll_events": "Stripe"}.get(name)
    try:
        step(ctx)
    except BillingError as error:
        if system:
            show_outage(ctx, system, error)
        return False
    if system:
        end_outage(ctx, system)
    return True


def _effects(*kinds: EffectKind) -> Callable[[Context], None]:
    def do(ctx: Context) -> None:
        for kind in kinds:
            if kind in HANDLERS:
                run_effects(ctx, HANDLERS[kind], kind)

    return do


def _follow_up(ctx: Context) -> None:
    if follow_ups_are_due(ctx):
        plan_follow_ups(ctx)
        run_effects(ctx, HANDLERS[EffectKind.MAIL], EffectKind.MAIL)
        note_followed_up(ctx)


def _web_hooks(ctx: Context) -> None:
    """The provider brings its newest events to the endpoint by itself; who got no answer is asked again."""
    for event in ctx.gateway.new_events(None, 500)[-5:]:
        receive_event(ctx.ledger, ctx.gateway.name, event, ctx.now())


def _compare_restored(ctx: Context) -> None:
    if is_restored(ctx):
        reconcile_restored(ctx, reconcile_all, "ingrid")


def _watch(ctx: Context) -> None:
    watch(ctx)
    beat(ctx, "due_work", timedelta(hours=4))


EXTRA: dict[str, Callable[[Context], Any]] = {
    "web_hooks": _web_hooks,
    "reconcile": reconcile_all,
    "compare_restored": _compare_restored,
    "owner_digest": plan_owner_digest,
    "watchdog": _watch,
}
BY_HAND = {"compare_restored"}  # a person's own command
# Where only the person's own process is, who looks and asks again.
AT_THE_QUEUE = (
    "services.commands.carry_out:submit",
    "services.safety.holds:hold_at_once",
    "services.safety.restore:mark_restored",
)
STEPS: dict[str, Callable[[Context], Any]] = {
    "show_stuck": show_stuck,
    "pin_account": pin_account,
    "carry_out_commands": carry_out_commands,
    "observe_jobs": observe_jobs,
    "fetch_session_records": fetch_session_records,
    "bill_due_sessions": bill_due_sessions,
    "pay_links": _effects(EffectKind.PAY_LINK, EffectKind.CHARGE, EffectKind.PAY_LINK),
    "render_invoices": render_invoices,
    "poll_events": poll_events,
    "apply_events": apply_events,
    "plan_grants": plan_grants,
    "money_back": _effects(EffectKind.CLOSE_PAY_LINK, EffectKind.REFUND, EffectKind.PAY_LINK),
    "galleries": _effects(EffectKind.GRANT, EffectKind.REVOKE),
    "write_backs": _effects(EffectKind.WRITE_BACK),
    "mails": _effects(EffectKind.MAIL),
    "follow_up": _follow_up,
}


def _look_outside(ctx: Context, studio: Studio) -> None:
    """What no machine can tell: whether a mail server took a mail. A person looks, and settles it by what is true."""
    with ctx.ledger.read() as uow:
        doubtful = uow.effects.in_state(EffectState.UNKNOWN, EffectKind.MAIL)
    accepted = studio.accepted() if doubtful else set()
    for effect in doubtful:
        domain = ctx.policy.sender.rpartition("@")[2].rstrip(">")
        happened = message_id(effect.key, domain) in accepted
        answer = {"effect_id": effect.effect_id, "happened": "yes" if happened else "no"}
        submit(ctx.ledger, "settle", answer, PERSON, "looked at the mail server", ctx.now())
        if not happened:
            submit(ctx.ledger, "retry", {"effect_id": effect.effect_id}, PERSON, "it did not go out", ctx.now())


def is_busy(ctx: Context, shift: Shift) -> bool:
    """Whether anything waits that this day will move on; what a round plans it also does."""
    if shift.only:
        return False
    if commands_waiting(ctx) or events_waiting(ctx) or sessions_waiting(ctx):
        return True
    evening = shift.begins_at + timedelta(minutes=LOOKS[-1])
    with ctx.ledger.read() as uow:
        if uow.operations.holds():
            return False
        if any(item.code == NOT_READ for item in uow.tasks.open_tasks()):
            return True  # it is read again some minutes later
        open_ones = [*uow.effects.in_state(EffectState.IN_FLIGHT), *uow.effects.in_state(EffectState.UNKNOWN)]
        return bool(open_ones or uow.effects.due(evening))
