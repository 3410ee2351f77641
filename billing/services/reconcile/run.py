"""One reconciliation: compared, recorded, and what differs shown to a person until it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import Difference, Reconciliation
from billing.services.context import Context
from billing.services.invoicing.changed_orders import ORDER_CHANGED, is_as_billed, is_told, retell
from billing.services.reconcile.found import GALLERIES, STRIPE, VSCO, Found, Say, quiet
from billing.services.reconcile.galleries import compare_galleries
from billing.services.reconcile.stripe import compare_stripe
from billing.services.reconcile.vsco import compare_vsco

_COMPARISONS: dict[str, Callable[[Context, Found, Say], None]] = {
    STRIPE: compare_stripe,
    VSCO: compare_vsco,
    GALLERIES: compare_galleries,
}
SCOPES = tuple(_COMPARISONS)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one comparison did. `closed` differences are gone, `mended` movements were booked by comparing."""

    reconciliation: Reconciliation
    differences: tuple[Difference, ...]
    opened: int
    closed: int
    mended: int

    @property
    def is_clean(self) -> bool:
        return not self.differences


def reconcile_all(ctx: Context, scopes: Iterable[str] = SCOPES, say: Say = quiet) -> list[Reconciled]:
    """Every scope in turn. Raises what `reconcile` raises; the scopes before are recorded."""
    return [reconcile(ctx, scope, say) for scope in scopes]


def reconcile(ctx: Context, scope: str, say: Say = quiet) -> Reconciled:
    """Compare one scope and record what differs; what differed before and does not any more is closed.

    TemporaryError if the outside does not answer: nothing is recorded, and what was open stays open.
    """
    if scope not in _COMPARISONS:
        raise PermanentError("no_such_scope", f"There is no scope {scope}; there are {', '.join(SCOPES)}.")
    started_at, found = ctx.now(), Found()
    _COMPARISONS[scope](ctx, found, say)
    differences = found.differences
    now = ctx.now()
    done = Reconciliation(scope, started_at, now, found.compared, len(differences))
    with ctx.ledger.write() as uow:
        before = uow.operations.open_differences(scope)
        uow.operations.record_reconciliation(done, differences, now)
        opened, closed = _show(ctx, uow, before, differences)
    return Reconciled(done, tuple(differences), opened, closed, found.mended)


def _show(
    ctx: Context, uow: UnitOfWork, before: Sequence[Difference], now_open: Sequence[Difference]
) -> tuple[int, int]:
    """Needs-attention follows: a new difference, or one that says something new, is asked about once."""
    told = {(one.subject_id, one.cause): one.sentence for one in before}
    still = {(one.subject_id, one.cause) for one in now_open}
    closed = [one for one in before if (one.subject_id, one.cause) not in still]
    for one in closed:
        row = uow.invoices.get(one.subject_id) if one.cause == ORDER_CHANGED else None
        if row is not None and is_as_billed(uow, one.subject_id, ctx.now()):
            retell(ctx, uow, row.invoice.session_id)
        uow.tasks.resolve(one.subject_id, _code(one), PIPELINE, ctx.now())
    news = [one for one in now_open if told.get((one.subject_id, one.cause)) != one.sentence]
    for one in news:
        if one.cause == ORDER_CHANGED and is_told(uow, one.subject_id):
            continue  # its task says more, or a person has decided
        uow.tasks.resolve(one.subject_id, _code(one), PIPELINE, ctx.now())
        uow.tasks.raise_task(one.subject_id, _code(one), one.sentence, ctx.now())
    opened = sum((one.subject_id, one.cause) not in told for one in now_open)
    return opened, len(closed)


def _code(one: Difference) -> str:
    """A changed order is asked about by those who observe it, too, and is one matter."""
    return ORDER_CHANGED if one.cause == ORDER_CHANGED else f"{one.scope}_{one.cause}"
