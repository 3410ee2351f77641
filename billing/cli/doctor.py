"""`billing doctor`: each thing the pipeline needs, ok or what to do. Asks outside, changes and sends nothing."""

from __future__ import annotations

import importlib
import json
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy import text
from sqlalchemy.engine import make_url

from billing.bootstrap import SQL, build_house, open_ledger
from billing.cli.group import sentence_of
from billing.cli.ports import SERVERS, WITH_SANDBOX, Ports, is_free, port_options
from billing.cli.supervisor import answers
from billing.domain.errors import BillingError, PermanentError
from billing.domain.money import Money
from billing.domain.policy import DeliveryMode
from billing.domain.pricing import price_order
from billing.domain.sessions import Order
from billing.ports.operations import PINNED_ACCOUNT
from billing.services.house import House
from billing.settings import Settings, load_settings

if TYPE_CHECKING:
    from billing.adapters.ledger.books import SqlLedger

SQLITE_WANTED = (3, 51, 3)  # earlier ones can corrupt a WAL database under concurrent checkpoints (sqlite.org)
DISK_WANTED_BYTES = 1_000_000_000
LOOPBACK_NAMES = ("127.0.0.1", "localhost")
_JOBS_LOOKED_AT = 8
ESSENTIALS = ("settings", "database", "ledger", "chains", "smtp", "stripe", "vsco", "pdf", "disk", "billing_starts_on")


@dataclass(frozen=True)
class Finding:
    """One line: what, whether it is well, and what it is like or what to do."""

    name: str
    is_ok: bool
    sentence: str
    is_detail: bool = False  # one of many of a kind: shown when it is not well, and in the JSON


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@port_options(*WITH_SANDBOX)
def doctor(
    as_json: bool, sandbox_port: int, smtp_port: int, dagster_port: int, dashboard_port: int, portal_port: int
) -> None:
    """Check settings, database, ledger, mail, Stripe, VSCO Workspace, PDFs, ports and disk. Sends nothing.

    \b
    Example:
        billing doctor
    """
    found = []
    for finding in examine(Ports(sandbox_port, smtp_port, dagster_port, dashboard_port, portal_port), WITH_SANDBOX):
        found.append(finding)
        if not as_json:
            show([finding])
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    lines = [one for one in found if not one.is_detail]
    if wrong := [one.name for one in lines if not one.is_ok]:
        raise PermanentError("not_well", f"{len(wrong)} of {len(lines)} need something: {', '.join(wrong)}.")


def show(findings: Sequence[Finding]) -> None:
    for one in findings:
        if one.is_ok and one.is_detail:
            continue
        click.echo(f"{'ok  ' if one.is_ok else 'MEND'}  {one.name:17} {one.sentence}")


def examine(ports: Ports, names: Sequence[str] = SERVERS) -> Iterator[Finding]:
    """One finding after the other, as they are made; without settings, only what needs none."""
    try:
        settings = load_settings()
    except BillingError as error:
        yield Finding("settings", False, error.sentence)
    else:
        yield Finding("settings", True, f"{settings.studio_name}, {settings.time_zone}")
        yield from _with_settings(settings)
        names = names if settings.webhook_secrets else [name for name in names if name != "portal"]
    yield _finding("pdf", _pdf)
    yield _finding("ports", lambda: _ports(ports, names))


def _with_settings(settings: Settings) -> Iterator[Finding]:
    yield _finding("billing_starts_on", lambda: _starts_on(settings))
    yield Finding("delivery_mode", True, _delivery_mode(settings))
    yield Finding("web_hooks", True, _web_hooks(settings))
    yield _finding("disk", lambda: _disk(settings))
    yield _finding("database", lambda: _database(settings))
    yield from _ledger(settings)
    yield _finding("chains", lambda: _chains(settings))
    yield _finding("secrecy", lambda: _secrecy(settings))
    for name, look in (("smtp", _smtp), ("stripe", _stripe), ("vsco", _vsco), ("money_scale", _money_scale)):
        yield _finding(name, lambda look=look: _in_house(settings, look))  # type: ignore[misc]


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except Exception as error:
        return Finding(name, False, sentence_of(error))


def _in_house(settings: Settings, look: Callable[[House], str]) -> str:
    with ExitStack() as stack:
        return look(build_house(settings, stack))


def _starts_on(settings: Settings) -> str:
    if settings.billing_starts_on is None:
        raise PermanentError("starts_on", "Set BILLING_BILLING_STARTS_ON to the first day whose sessions are billed.")
    return f"sessions completed from {settings.billing_starts_on} on are billed"


def _delivery_mode(settings: Settings) -> str:
    if settings.delivery_mode is DeliveryMode.REVIEW:
        return "review: invoices wait for `billing approve`"
    return "automatic: invoices go out by themselves"


def _web_hooks(settings: Settings) -> str:
    """Never wrong: a secret that is none is refused by the settings, and without one all is found by polling."""
    if not settings.webhook_secrets:
        return "off: what Stripe reports is polled; BILLING_STRIPE_WEBHOOK_SECRETS makes it faster"
    hosts = [host for host in settings.portal_host_names if host not in LOOPBACK_NAMES]
    reached = f"as {', '.join(hosts)}" if hosts else "from this machine only: BILLING_PORTAL_HOSTS has no public name"
    return f"on, with {len(settings.webhook_secrets)} signing secret(s), reached {reached}"


def _disk(settings: Settings) -> str:
    url = make_url(settings.ledger_url)
    on_file = url.get_backend_name() == "sqlite" and url.database
    folder = Path(url.database or ".").absolute().parent if on_file else settings.warehouse_path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < DISK_WANTED_BYTES:
        raise PermanentError("disk", f"Only {free / 1e9:.1f} GB are free at {folder}; make room, at least 1 GB.")
    return f"{free / 1e9:.0f} GB free"


def _secrecy(settings: Settings) -> str:
    """The ledger holds gallery passwords, .env holds keys: on this machine they are their owner's alone."""
    url = make_url(settings.ledger_url)
    ledger = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    logs = [ledger.with_name(f"{ledger.name}{suffix}") for suffix in ("", "-wal", "-shm")] if ledger else []
    found = [path for path in (*logs, Path(".env")) if path.is_file()]
    if others := [str(path) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]:
        what = f"Others on this machine can read or change {', '.join(others)}; run: chmod 600 {shlex.join(others)}"
        raise PermanentError("secrecy", what)
    return f"{', '.join(path.name for path in found) or 'nothing here'}: for their owner only"


def _database(settings: Settings) -> str:
    """Opening it brings it to the newest schema; a write that changes nothing shows that it can be written."""
    from billing.adapters.ledger.migrate import is_current

    with closing(open_ledger(settings)) as ledger:
        with ledger.write():
            pass
        if not is_current(ledger.engine):
            raise PermanentError("schema", "The ledger was written by a newer version of this program; update it.")
        return f"writable, schema current, {_version(ledger)}"


def _version(ledger: SqlLedger) -> str:
    if ledger.engine.dialect.name != "sqlite":
        return ledger.engine.dialect.name
    with ledger.engine.connect() as connection:
        version = str(connection.execute(text("select sqlite_version()")).scalar_one())
    if tuple(map(int, version.split("."))) < SQLITE_WANTED:
        raise PermanentError(
            "sqlite", f"SQLite {version} can damage the ledger; install pysqlite3 with 3.51.3 or later."
        )
    return f"SQLite {version}"


def _ledger(settings: Settings) -> Iterator[Finding]:
    """One line for all sentences of sql/checks, and a detail for each."""
    from billing.adapters.ledger.checks import run_checks
    from billing.bootstrap import clock_of

    try:
        with closing(open_ledger(settings)) as ledger:
            policy = settings.gallery_policy.value
            results = run_checks(ledger.engine, SQL, now=clock_of(settings).now(), gallery_policy=policy)
    except Exception as error:
        yield Finding("ledger", False, sentence_of(error))
        return
    broken = [one for one in results if not one.holds]
    if broken:
        what = f"{len(broken)} of {len(results)} checks do not hold. Stop the pipeline and look before it goes on:"
        yield Finding("ledger", False, f"{what} {', '.join(one.name for one in broken)}.")
    else:
        yield Finding("ledger", True, f"{len(results)} checks hold")
    for one in results:
        said = one.sentence if one.holds else f"Not true: {one.sentence} First row: {one.violations[0]}."
        yield Finding(one.name, one.holds, said, is_detail=True)


def _chains(settings: Settings) -> str:
    with closing(open_ledger(settings)) as ledger, ledger.read() as books:
        broken, position = books.journal.broken_links(), books.journal.position()
    if broken:
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        raise PermanentError(
            "chains",
            f"Rows of the books were changed, taken out or put in: {', '.join(broken[:3])}{more}."
            " Stop the pipeline and compare with the newest backup.",
        )
    return f"every row follows from the one before: {position or 'no rows yet'}"


def _smtp(house: House) -> str:
    from billing.adapters.smtp import SmtpMailer

    if not isinstance(house.mailer, SmtpMailer):
        return "mails are not sent by SMTP"
    return f"{house.mailer.try_out()} takes our greeting"


def _stripe(house: House) -> str:
    from billing.adapters.ledger.books import SqlLedger
    from billing.adapters.ledger.overview import Overview

    account = house.gateway.account()
    found = f"{account.account_id} {'live' if account.livemode else 'test'}"
    pinned = Overview(house.ledger.engine).pinned(PINNED_ACCOUNT) if isinstance(house.ledger, SqlLedger) else None
    if pinned not in (None, found):
        raise PermanentError(
            "wrong_account", f"This ledger belongs to Stripe account {pinned}, the key to {found}; use the right key."
        )
    return f"{account.name}, {found}, {'pinned' if pinned else 'pinned at the first start'}"


def _vsco(house: House) -> str:
    account = house.source.account()
    return f"the key opens {account.name}, in {account.currency}"


def _money_scale(house: House) -> str:
    """Under a wrong scale taxes round differently and orders miss their own totals; a person has the last look."""
    seen = [(order, _comes_to(order)) for order in _some_orders(house)]
    agreeing = [order for order, total in seen if total == order.total]
    if agreeing:
        return f"order {agreeing[0].number} comes to {agreeing[0].total}: is that what VSCO Workspace shows?"
    if not seen:
        return "there is no order yet to try it on"
    order, total = seen[0]
    raise PermanentError(
        "scale",
        f"None of {len(seen)} orders comes to its own total: {order.number} says {order.total}, its lines {total}."
        " Try the other BILLING_VSCO_MONEY_SCALE.",
    )


def _comes_to(order: Order) -> Money | None:
    try:
        return Money(price_order(order).total_minor, order.currency)
    except BillingError:
        return None


def _some_orders(house: House) -> Iterator[Order]:
    shared = house.source.shared_records()
    for page in house.source.changed_jobs(None, max_pages=1):
        for record in page[:_JOBS_LOOKED_AT]:
            session = house.source.read_session(house.source.related_records(record.source_id), shared)
            yield from (order for order in session.orders if order.lines and order.total.minor > 0)


def _pdf() -> str:
    try:
        found = importlib.import_module("weasyprint")
    except OSError as error:
        raise PermanentError(
            "pango", "Pango is missing; install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 (Debian's names)."
        ) from error
    return f"WeasyPrint {found.__version__} with Pango"


def _ports(ports: Ports, names: Sequence[str]) -> str:
    """A taken port is well when our own servers hold it."""
    taken = [name for name in names if not is_free(getattr(ports, name))]
    if taken == ["portal"] and answers(f"{ports.url('portal')}/health"):
        return "our web-hook door is running, the others are free"
    if taken and not answers(f"{ports.url('dagster')}/server_info"):
        said = ", ".join(f"{getattr(ports, name)} (choose another with --{name}-port)" for name in taken)
        raise PermanentError("ports", f"Taken by another program: {said}.")
    return "our servers are running" if taken else "free"
