"""What assets and sensors are handed: the context of the use cases (ledger and the outside by role) and the warehouse.

Adapters are imported where they are opened: everything here is imported with the definitions, by every run.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import dagster as dg
from pydantic import PrivateAttr

from billing.domain.effect_specs import EFFECT_SPECS, Provider
from billing.domain.effects import EffectKind
from billing.domain.errors import BillingError, PermanentError, TemporaryError, UnreadableError
from billing.services.safety.troubles import trouble_of
from pipelines.running import kept_alive

if TYPE_CHECKING:
    from billing.adapters.ledger.checks import CheckResult
    from billing.adapters.ledger.unit_of_work import SqlLedger
    from billing.adapters.warehouse import Warehouse
    from billing.services.context import Context
    from billing.settings import Settings

CAUSE, SYSTEM = "Cause", "System"  # metadata of a step that failed: what the owner is told of it
_ASK_AGAIN_SECONDS = 60  # sensors look every few seconds, and whose account it is does not change that fast


@contextmanager
def in_plain_words() -> Iterator[None]:
    """One of our errors ends a step with its sentence, not with a page of traceback."""
    try:
        yield
    except BillingError as error:
        trouble = trouble_of(error)
        facts = {"Code": error.code, CAUSE: trouble.cause.value, SYSTEM: trouble.system}
        raise dg.Failure(error.sentence, metadata=facts, allow_retries=False) from error


class OpenContext:
    """A context that is opened on first need, with its Stripe account compared to the ledger's once."""

    def __init__(self) -> None:
        self._closing = ExitStack()
        self._ctx: Context | None = None
        self._is_pinned = False
        self._refused: PermanentError | None = None
        self._ask_again_at = 0.0
        self.settings: Settings | None = None

    def ctx(self) -> Context:
        """The context. PermanentError with all that is missing when settings are."""
        if self._ctx is None:
            from billing.bootstrap import build_context
            from billing.services.safety.clock_set_back import look_at_clock
            from billing.settings import load_settings

            self.settings = load_settings()
            self._ctx = build_context(self.settings, self._closing)
            look_at_clock(self._ctx)
        return self._ctx

    def pinned(self) -> Context:
        """The context, sure to act at the Stripe account of this ledger: PermanentError `wrong_account` if not."""
        ctx = self.ctx()
        if not self._is_pinned:
            from billing.bootstrap import pin_account

            pin_account(ctx)
            self._is_pinned = True
        return ctx

    def ours(self) -> Context:
        """The context, unless its key opens another account; a Stripe that does not answer stops nobody here."""
        if not self._is_pinned and time.monotonic() >= self._ask_again_at:
            from billing.bootstrap import refuse_another_account

            self._refused = None
            self._ask_again_at = time.monotonic() + _ASK_AGAIN_SECONDS
            try:
                self._is_pinned = refuse_another_account(self.ctx())
            except PermanentError as error:
                self._refused = error
        if self._refused:
            raise self._refused
        return self.ctx()

    def close(self) -> None:
        self._ctx = None
        self._closing.close()


class BillingResource(dg.ConfigurableResource["BillingResource"]):
    """The context of all use cases: opened by the first asset of a run that needs it, closed at the run's end."""

    _open: OpenContext = PrivateAttr(default_factory=OpenContext)
    _alive: ExitStack = PrivateAttr(default_factory=ExitStack)
    _trouble: BillingError | None = PrivateAttr(default=None)
    _checked: tuple[str, list[CheckResult]] | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        if context.run is not None and context.instance is not None:
            self._alive.enter_context(kept_alive(context.instance, context.run.run_id))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        self._open.close()
        self._alive.close()

    @contextmanager
    def opened(self) -> Iterator[Context]:
        """The context; our errors inside the block end the step with their sentence."""
        with in_plain_words():
            yield self._ctx()

    def _ctx(self) -> Context:
        if self._trouble is None:
            try:
                return self._open.pinned()
            except (TemporaryError, UnreadableError) as error:
                self._trouble = error  # asked once a run: nothing is done at Stripe, the rest of the work goes on
        return self._open.ctx()

    def may_do(self, kind: EffectKind) -> bool:
        """False for what is done at Stripe, while nobody knows whose account the key opens."""
        return self._trouble is None or EFFECT_SPECS[kind].provider is not Provider.PAYMENTS

    @property
    def stripe_trouble(self) -> str | None:
        """Why nothing is done at Stripe in this run, or None."""
        return self._trouble.sentence if self._trouble else None

    def stripe_dashboard(self) -> str | None:
        """Where a person sees the payments; None beside the sandbox."""
        settings = self._open.settings
        if settings is None or settings.stripe_url is not None:
            return None
        mode = "" if "_live_" in settings.stripe_api_key.get_secret_value() else "test/"
        return f"https://dashboard.stripe.com/{mode}payments"

    def check_books(self, names: Collection[str]) -> list[CheckResult]:
        """The same as `check_ledger`, read again only when the journal or the domain events have grown in this run."""
        with self.opened() as ctx, ctx.ledger.read() as uow:
            position = uow.journal.position()
        if self._checked is None or self._checked[0] != position:
            self._checked = position, self.check_ledger(names)
        return self._checked[1]

    def check_ledger(self, names: Collection[str]) -> list[CheckResult]:
        """Run these sentences of sql/checks over the ledger as it is now."""
        from billing.adapters.ledger.checks import run_checks
        from billing.bootstrap import SQL

        with self.opened() as ctx:
            engine = cast("SqlLedger", ctx.ledger).engine
            policy = ctx.policy.gallery_policy.value
            return run_checks(engine, SQL, now=ctx.now(), gallery_policy=policy, names=names)


class WarehouseResource(dg.ConfigurableResource["WarehouseResource"]):
    """The DuckDB projection of the ledger."""

    @contextmanager
    def opened(self) -> Iterator[Warehouse]:
        """The warehouse; our errors inside the block end the step with their sentence."""
        from billing.bootstrap import open_warehouse
        from billing.settings import load_settings

        with in_plain_words():
            yield open_warehouse(load_settings())

    @property
    def published_path(self) -> Path:
        """The file that readers open."""
        from billing.settings import load_settings

        return load_settings().warehouse_path


class StandingContext:
    """One context that sensors share across ticks: opening one every few seconds would cost more than the look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = OpenContext()

    def ctx(self) -> Context:
        """The context of the settings as they are now; opened anew when they have changed."""
        with self._lock:
            return self._current().ctx()

    def published_path(self) -> Path:
        """The file of figures that readers open."""
        from billing.settings import load_settings

        return load_settings().warehouse_path

    def ours(self) -> Context:
        """The same, refused while the key opens another account than this ledger's, and not because Stripe is down."""
        with self._lock:
            return self._current().ours()

    def context_at_stripe(self) -> Context:
        """The same, sure to ask the Stripe account of this ledger."""
        with self._lock:
            return self._current().pinned()

    def close(self) -> None:
        with self._lock:
            self._open.close()

    def _current(self) -> OpenContext:
        from billing.settings import load_settings

        if self._open.settings not in (None, load_settings()):
            self._open.close()
            self._open = OpenContext()
        return self._open


standing = StandingContext()
atexit.register(standing.close)
