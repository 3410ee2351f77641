"""Where the studio's names, amounts and keys lie on this machine, so that they are kept from everybody else on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from billing.bootstrap import SQL, running_file
from billing.secrecy import everything_in
from billing.settings import Settings

ROOT = SQL.parent
DAGSTER_HOME = ROOT / "var" / "dagster"
LOGS = ROOT / "var" / "logs"


def keys() -> list[Path]:
    """What holds keys and passwords: ours, and the dashboard's login."""
    return [Path(".env"), ROOT / ".streamlit" / "secrets.toml", Path.home() / ".streamlit" / "secrets.toml"]


def records(settings: Settings) -> Iterator[Path]:
    """What holds names and amounts: ledger and warehouse with what lies beside them, backups, Dagster's home, logs."""
    url, warehouse = make_url(settings.ledger_url), settings.warehouse_path
    if url.get_backend_name() == "sqlite" and url.database:
        ledger = Path(url.database)
        yield from _beside(ledger, ledger.name, f"{ledger.stem}.before-restore-")
    yield from _beside(warehouse, f"{warehouse.stem}.")
    yield from _beside(running_file(settings), running_file(settings).name)
    yield from _beside(settings.backup_folder / "ledger", "ledger-")
    for folder in (DAGSTER_HOME, LOGS):
        yield from everything_in(folder)


def _beside(path: Path, *beginnings: str) -> Iterator[Path]:
    """The files in that folder whose names begin so, and the folder itself unless more than ours lies in it."""
    folder = path.parent
    if not folder.is_dir():
        return
    if folder.resolve() not in (Path("/"), Path.cwd(), Path.home(), ROOT) and not folder.is_mount():
        yield folder
    yield from (file for file in folder.iterdir() if file.is_file() and file.name.startswith(beginnings))
