"""The machine: room on its disk, who may read what is secret, what PDFs need, and the ports."""

from __future__ import annotations

import importlib
import shlex
import shutil
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from billing.cli.ports import Ports, is_free
from billing.cli.supervisor import answers
from billing.domain.errors import PermanentError
from billing.settings import Settings

DISK_WANTED_BYTES = 1_000_000_000


def disk(settings: Settings) -> str:
    url = make_url(settings.ledger_url)
    on_file = url.get_backend_name() == "sqlite" and url.database
    folder = Path(url.database or ".").absolute().parent if on_file else settings.warehouse_path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < DISK_WANTED_BYTES:
        raise PermanentError("disk", f"Only {free / 1e9:.1f} GB are free at {folder}; make room, at least 1 GB.")
    return f"{free / 1e9:.0f} GB free"


def secrecy(settings: Settings) -> str:
    """The ledger holds gallery passwords, .env holds keys: on this machine they are their owner's alone."""
    url = make_url(settings.ledger_url)
    ledger = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    logs = [ledger.with_name(f"{ledger.name}{suffix}") for suffix in ("", "-wal", "-shm")] if ledger else []
    found = [path for path in (*logs, Path(".env")) if path.is_file()]
    if others := [str(path) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]:
        what = f"Others on this machine can read or change {', '.join(others)}; run: chmod 600 {shlex.join(others)}"
        raise PermanentError("secrecy", what)
    return f"{', '.join(path.name for path in found) or 'nothing here'}: for their owner only"


def pdf(settings: Settings) -> str:
    """Finds a font that is missing, and a logo or a letter of the studio's own that cannot be drawn."""
    try:
        found = importlib.import_module("weasyprint")
    except OSError as error:
        raise PermanentError(
            "pango", "Pango is missing; install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 (Debian's names)."
        ) from error
    from billing.adapters.documents.faces import missing_packages
    from billing.adapters.documents.trial import set_for_trial

    if lacking := missing_packages():
        said = "; ".join(f"{package} ({scripts})" for package, scripts in lacking.items())
        raise PermanentError(
            "fonts", f"Fonts are missing; names in their scripts cannot be printed. pip install: {said}."
        )
    series = settings.policy.series_on(datetime.now(UTC).date())
    size = set_for_trial(settings.studio, series, settings.default_language)
    return f"WeasyPrint {found.__version__} with Pango; a sheet with the studio's head was tried out, {size // 1000} kB"


def ports(ports: Ports, names: Sequence[str]) -> str:
    """A taken port is well when our own servers hold it."""
    taken = [name for name in names if not is_free(getattr(ports, name))]
    if taken == ["portal"] and answers(f"{ports.url('portal')}/health"):
        return "our web-hook door is running, the others are free"
    if taken and not answers(f"{ports.url('dagster')}/server_info"):
        said = ", ".join(f"{getattr(ports, name)} (choose another with --{name}-port)" for name in taken)
        raise PermanentError("ports", f"Taken by another program: {said}.")
    return "our servers are running" if taken else "free"
