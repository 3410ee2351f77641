"""The composition root: settings in, services bound to adapters out.

What is heavy is imported where it is needed: the command line is here for each of its commands, `--help` too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from billing.domain.errors import PermanentError, TemporaryError, UnreadableError

if TYPE_CHECKING:
    from billing.adapters.disks import Disks
    from billing.adapters.ledger.unit_of_work import SqlLedger
    from billing.adapters.smtp import SmtpMailer
    from billing.adapters.stripe_gateway import StripeGateway
    from billing.adapters.throttle import Pace
    from billing.adapters.vsco import VscoWorkspace
    from billing.adapters.warehouse import Warehouse
    from billing.ports.outside import Clock, GalleryHost
    from billing.services.context import Context
    from billing.settings import Settings

SQL = Path(__file__).parents[1] / "sql"


@contextmanager
def open_context(settings: Settings | None = None) -> Iterator[Context]:
    """The context with all its adapters, closed at the end. The ledger is brought to the newest schema first."""
    from billing.settings import load_settings

    with ExitStack() as closing:
        yield build_context(settings or load_settings(), closing)


def build_context(settings: Settings, closing: ExitStack) -> Context:
    """Bind the services to the adapters that the settings name."""
    from billing.adapters.documents import Letters, PdfRenderer
    from billing.services.context import Context

    gateway = gateway_of(settings)
    ledger = open_ledger(settings)
    closing.callback(ledger.close)
    source = source_of(settings)
    closing.callback(source.close)
    mailer = mailer_of(settings)
    closing.callback(mailer.close)
    renderer = PdfRenderer(settings.render_workers)
    closing.callback(renderer.close)
    return Context(
        ledger=ledger,
        source=source,
        gateway=gateway,
        galleries=_gallery_hosts(settings, source, closing),
        mailer=mailer,
        writer=Letters(),
        renderer=renderer,
        clock=clock_of(settings),
        policy=settings.policy,
        concurrency=settings.concurrency,
    )


def source_of(settings: Settings) -> VscoWorkspace:
    """The booking system; whoever asks for it closes it."""
    from billing.adapters.vsco import VscoWorkspace

    return VscoWorkspace(
        settings.vsco_url,
        settings.vsco_api_key.get_secret_value(),
        money_scale=settings.vsco_money_scale,
        preference_field=settings.vsco_preference_field,
        language_field=settings.vsco_language_field,
        pace=_pace("VSCO Workspace", settings.vsco_requests_per_second, pace_file(settings, "vsco")),
    )


def gateway_of(settings: Settings) -> StripeGateway:
    """The payment provider; PermanentError for a key that is none, or may do too much with live money."""
    from billing.adapters.stripe_gateway import StripeGateway, check_key

    key = settings.stripe_api_key.get_secret_value()
    check_key(key, settings.stripe_allow_unrestricted_live_key)
    pace = _pace("Stripe", settings.stripe_requests_per_second, pace_file(settings, "stripe"))
    return StripeGateway(key, api_base=settings.stripe_url, pace=pace)


def mailer_of(settings: Settings) -> SmtpMailer:
    """The mail server; whoever asks for it closes it."""
    from billing.adapters.smtp import SmtpMailer

    return SmtpMailer(
        settings.smtp_host,
        settings.smtp_port,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() or None,
        security=settings.smtp_security,
    )


def open_ledger(settings: Settings) -> SqlLedger:
    """The ledger, migrated; a SQLite file and its folder are made for their owner alone."""
    from sqlalchemy.engine import make_url

    from billing.adapters.ledger.migrate import migrate
    from billing.adapters.ledger.unit_of_work import SqlLedger
    from billing.domain.storage import DISK_FAILS, NOT_ALLOWED, refusal
    from billing.services.safety.disk_room import trouble_with

    url = make_url(settings.ledger_url)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ledger = SqlLedger(settings.ledger_url)
    try:
        migrate(ledger.engine)
    except TemporaryError as error:
        ledger.close()
        if refusal(error.sentence) in (DISK_FAILS, NOT_ALLOWED):  # what SQLite says of a full disk, too: the disk knows
            found = trouble_with(place for place in disks_of(settings).look() if place.refused)
            raise TemporaryError(error.code, " ".join(found) or error.sentence) from error
        raise
    except BaseException:
        ledger.close()
        raise
    return ledger


def open_warehouse(settings: Settings) -> Warehouse:
    """The analytics projection of the ledger; it can be deleted and rebuilt at any time."""
    from billing.adapters.warehouse import Warehouse
    from billing.ports.disks import MEGABYTE

    published = settings.warehouse_path
    published.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    building = published.with_name(f"{published.stem}.building.duckdb")
    return Warehouse(
        settings.ledger_url,
        building,
        published,
        SQL,
        settings.time_zone,
        reserve_bytes=settings.disk_reserve_mb * MEGABYTE,
        now=clock_of(settings).now,
    )


def disks_of(settings: Settings) -> Disks:
    """Where the ledger and the figures lie; a ledger on a server is its operator's to look after."""
    from sqlalchemy.engine import make_url

    from billing.adapters.disks import Disks
    from billing.ports.disks import MEGABYTE

    url = make_url(settings.ledger_url)
    ledger = Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None
    return Disks(ledger, settings.warehouse_path.absolute(), settings.disk_reserve_mb * MEGABYTE)


def clock_of(settings: Settings) -> Clock:
    from billing.adapters.clock import SandboxTime, SystemClock

    return SandboxTime(settings.clock_url) if settings.clock_url else SystemClock()


def pin_account(ctx: Context) -> None:
    """Compare the Stripe account and its mode with those of the first start; a mismatch stops everything."""
    from billing.ports.operations import PINNED_ACCOUNT

    account = ctx.gateway.account()
    found = f"{account.account_id} {'live' if account.livemode else 'test'}"
    with ctx.ledger.write() as uow:
        pinned = uow.operations.pin(PINNED_ACCOUNT, found, ctx.now())
    if pinned != found:
        raise PermanentError(
            "wrong_account",
            f"This ledger belongs to Stripe account {pinned}, the key to {found}; use the right key or another ledger.",
        )


def _pace(who: str, per_second: float, path: Path) -> Pace:
    """One limit for all processes that share the ledger on this machine."""
    from billing.adapters.throttle import Pace

    return Pace(who, per_second, path)


def pace_file(settings: Settings, provider: str) -> Path:
    """Where the processes of this machine keep a provider's limit together; it may be deleted at any time."""
    return _beside_the_ledger(settings, f"{provider}-pace")


def running_file(settings: Settings) -> Path:
    """What `billing up` locks while it runs on this machine, whichever way the ledger's file is named."""
    return _beside_the_ledger(settings, "running")


@contextmanager
def sole_runner(settings: Settings) -> Iterator[Callable[[], None]]:
    """The same among machines, where the ledger is a server's: see adapters.ledger.sole_runner."""
    from billing.adapters.ledger import sole_runner as postgres

    with postgres.sole_runner(settings.ledger_url) as look:
        yield look


def _beside_the_ledger(settings: Settings, what: str) -> Path:
    from sqlalchemy.engine import make_url

    url = make_url(settings.ledger_url)
    is_file = url.get_backend_name() == "sqlite" and url.database
    beside = Path(url.database or "").resolve() if is_file else settings.warehouse_path
    return beside.with_name(f"{beside.name}.{what}")


def refuse_another_account(ctx: Context) -> bool:
    """The same, where a Stripe that does not answer is no reason to stop: False if it could not be asked."""
    try:
        pin_account(ctx)
    except (TemporaryError, UnreadableError):
        return False
    return True


def _gallery_hosts(settings: Settings, source: VscoWorkspace, closing: ExitStack) -> dict[str, GalleryHost]:
    from billing.adapters.manual_gallery import ManualGalleries
    from billing.adapters.vsco import VscoGalleries

    hosts: dict[str, GalleryHost] = {
        "vsco": VscoGalleries(source.client),
        "manual": ManualGalleries(),
        "pixieset": ManualGalleries(),  # by hand unless the studio opts in to Pixieset's unofficial calls
    }
    if settings.pixieset_url:
        from billing.adapters.pixieset import PixiesetGalleries

        pixieset = PixiesetGalleries(
            settings.pixieset_url,
            settings.pixieset_session_cookie.get_secret_value(),
            settings.pixieset_csrf_token.get_secret_value(),
        )
        closing.callback(pixieset.close)
        hosts["pixieset"] = pixieset
    return hosts
