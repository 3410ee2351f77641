"""`billing backup` and `billing restore`: a copy of the ledger while it is at work, and back again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.engine import make_url

from billing.bootstrap import clock_of
from billing.cli.asking import confirm, named_act, reason_option
from billing.cli.private_places import records
from billing.cli.progress import say
from billing.domain.errors import PermanentError
from billing.secrecy import close_to_others
from billing.services.safety.restore import mark_restored
from billing.settings import Settings, load_settings

if TYPE_CHECKING:
    from billing.adapters.ledger.backup import Contents
    from billing.adapters.ledger.unit_of_work import SqlLedger

_STAMP = "%Y%m%dT%H%M%SZ"


@click.command()
@click.argument("target", required=False, type=click.Path(path_type=Path))
def backup(target: Path | None) -> None:
    """Copy the ledger while everything goes on; TARGET is a file or a folder (var/backups unless given).

    One copy holds all that there is: books, documents, what is still to be done. A manifest is written beside it.

    \b
    Example:
        billing backup /mnt/backups
    """
    from billing.adapters.ledger.backup import back_up
    from billing.bootstrap import open_ledger

    settings = load_settings()
    open_ledger(settings).close()  # brought to the newest schema, so that it can be put back by this program
    close_to_others(records(settings))
    now = clock_of(settings).now()
    path = _path(settings, target, now)
    manifest = back_up(settings.ledger_url, path, now, lambda done, total: say(_far(done, total)))
    say(f"{manifest.size_bytes / 1e6:.1f} MB copied and checked", last=True)
    click.echo(path)


@click.command()
@click.argument("copy", metavar="BACKUP", type=click.Path(path_type=Path))
@reason_option("Why; it is kept.")
@named_act
def restore(copy: Path, reason: str, actor: str, yes: bool) -> None:
    """Put a backup in the ledger's place. Nothing goes out afterwards until `billing reconcile` has run.

    Stop the pipeline first. The ledger that is there is kept under a name with the time.

    \b
    Example:
        billing restore var/backups/ledger-20261122T053000Z.db --reason "the disk of the server is gone"
    """
    from billing.adapters.ledger.backup import read_manifest
    from billing.adapters.ledger.backup import restore as put_back

    settings = load_settings()
    if not actor.strip():
        raise PermanentError("no_actor", "A restore needs to know who asks for it; say --actor NAME.")
    manifest = read_manifest(copy)
    made = f"of {manifest.made_at}" if manifest else "without its manifest, so that nobody knows whether it is whole"
    confirm(f"Put the backup {made} in the place of the ledger?", yes)
    now = clock_of(settings).now()

    def prepare(ledger: SqlLedger, present: Contents | None) -> None:
        holds = present.holds if present else ()
        mark_restored(ledger, f"{reason} (backup {made})", actor, now, holds)

    kept = put_back(settings.ledger_url, copy, now.strftime(_STAMP), prepare, lambda d, t: say(_far(d, t)))
    click.echo(f"Restored. The ledger that was there is kept: {kept}.")
    click.echo(
        "Nothing goes out now. Start the pipeline if you like, then `billing reconcile` compares and lets it go on."
    )


def _path(settings: Settings, target: Path | None, now: datetime) -> Path:
    is_sqlite = make_url(settings.ledger_url).get_backend_name() == "sqlite"
    name = f"ledger-{now.strftime(_STAMP)}.{'db' if is_sqlite else 'dump'}"
    if target is None:
        return settings.backup_folder / name
    return target / name if target.is_dir() else target


def _far(done: int, total: int) -> str:
    return f"copying: {done / 1e6:.1f} MB" + (f" of {total / 1e6:.1f} MB" if total else "")
