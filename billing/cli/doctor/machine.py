"""The machine: room on its disk, who may read what is secret, what PDFs need, and the ports."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from billing.bootstrap import disks_of
from billing.cli.ports import Ports, is_free
from billing.cli.private_places import keys, records
from billing.cli.supervisor import answers
from billing.domain.errors import PermanentError
from billing.secrecy import open_to_others
from billing.services.safety.disk_room import trouble_with
from billing.settings import Settings

_NAMED = 6  # files and folders in a sentence


def disk(settings: Settings) -> str:
    """Room for the ledger and for the figures, and whether the ledger's disk takes anything at all."""
    places = disks_of(settings).look()
    if found := trouble_with(places):
        raise PermanentError("disk", " ".join(found))
    return ", ".join(f"{one.free_bytes / 1e9:.0f} GB free for {one.holds}" for one in places)


def secrecy(settings: Settings) -> str:
    """On this machine keys, names and amounts are their owner's alone."""
    secrets, data = open_to_others(keys()), open_to_others(records(settings))
    if not secrets and not data:
        return "keys, ledger, figures, backups and logs: for their owner only"
    folders = [str(path) for path in data if path.is_dir()]
    files = [str(path) for path in (*secrets, *data) if not path.is_dir()]
    commands = [f"chmod 600 {shlex.join(files)}"] * bool(files) + [f"chmod 700 {shlex.join(folders)}"] * bool(folders)
    renew = " If others use this machine, renew the keys in it." if secrets else ""
    what = ", ".join([*files, *folders][:_NAMED]) + (" and more" if len(files) + len(folders) > _NAMED else "")
    raise PermanentError(
        "secrecy", f"Others on this machine can read or change {what}; run: {' && '.join(commands)}.{renew}"
    )


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
        return "our web-hook endpoint is running, the others are free"
    if taken and not answers(f"{ports.url('dagster')}/server_info"):
        said = ", ".join(f"{getattr(ports, name)} (choose another with --{name}-port)" for name in taken)
        raise PermanentError("ports", f"Taken by another program: {said}.")
    return "our servers are running" if taken else "free"
