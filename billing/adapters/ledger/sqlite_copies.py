"""Copies of a SQLite ledger by SQLite's own backup: of one moment, while others write, and back in one transaction."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url

from billing.domain.errors import PermanentError

_PAGES_A_STEP = 4096
_PATIENCE_MS = 2_000  # a command of the operator's own may just be ending

PutInPlace = Callable[[], str]


def copy_running(source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    """Copy the ledger as it is at this moment; writers are not kept waiting. Checked before it is believed."""
    with closing(_connect(source)) as reading, closing(_connect(target)) as writing:
        # An open snapshot: without it each write of others would begin the copy anew.
        reading.execute("begin")
        size = int(reading.execute("pragma page_size").fetchone()[0])
        reading.execute("select count(*) from sqlite_schema").fetchone()
        _copy(reading, writing, lambda left, total: progress((total - left) * size, total * size))
    check(target)


def check(path: Path) -> None:
    """PermanentError unless SQLite finds it whole."""
    import pysqlite3.dbapi2 as driver

    try:
        with closing(_connect(path)) as connection:
            found = [row[0] for row in connection.execute("pragma integrity_check(5)")]
    except driver.DatabaseError as error:
        found = [str(error)]
    if found != ["ok"]:
        raise PermanentError("damaged_backup", f"{path} is damaged ({'; '.join(found)}); nothing was changed.")


def make_single(path: Path) -> None:
    """All of it in one file, which can be carried away and read where nothing can be written."""
    with closing(_connect(path)) as connection:
        connection.execute("pragma journal_mode = delete").fetchone()


def url_of(path: Path) -> str:
    return str(URL.create("sqlite", database=str(path)))


@contextmanager
def replacing(
    url: str, backup: Path, stamp: str, progress: Callable[[int, int], None]
) -> Iterator[tuple[str, str | None, PutInPlace]]:
    """(URL of a copy to prepare, URL of the present ledger or None, what puts the copy in its place).

    The ledger is locked from the beginning, so that nobody writes between the copy that is kept and the swap.
    """
    place = Path(make_url(url).database or "")
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = place.with_name(f".{place.name}.restoring-{stamp}")
    aside = place.with_name(f"{place.stem}.before-restore-{stamp}{place.suffix}")
    try:
        _copy_file(backup, staged)
        check(staged)
        with _locked(place) as held:
            kept = _keep_aside(held, place, aside)

            def put_in_place() -> str:
                make_single(staged)
                sync(staged)
                if held is None:
                    os.replace(staged, place)
                else:
                    with closing(_connect(staged)) as reading:
                        _copy(reading, held, lambda left, total: progress(total - left, total))
                sync(place.parent)
                return str(aside) if kept else "nowhere: there was none"

            yield url_of(staged), url_of(aside) if kept and held else None, put_in_place
    finally:
        for leftover in (staged, *_beside(staged)):
            leftover.unlink(missing_ok=True)


@contextmanager
def _locked(place: Path) -> Iterator[Any | None]:
    """A connection that alone has the ledger open; None if there is no ledger that SQLite can read."""
    import pysqlite3.dbapi2 as driver

    if not place.exists() or place.stat().st_size == 0:
        yield None
        return
    with closing(driver.connect(str(place), isolation_level=None)) as connection:
        try:
            connection.execute(f"pragma busy_timeout = {_PATIENCE_MS}")
            connection.execute("pragma locking_mode = exclusive")  # before anything is read: no shared memory then
            connection.execute("begin exclusive")
            connection.execute("commit")  # in this mode the lock is kept until the connection is closed
            connection.execute("pragma synchronous = full")
        except driver.OperationalError as error:
            raise PermanentError(
                "ledger_in_use",
                f"{place} is open in another process ({error}); stop the pipeline (daemon, runs, `billing up`) and all"
                " other `billing` commands, then restore. Nothing was changed.",
            ) from error
        except driver.DatabaseError:
            yield None
            return
        yield connection


def _keep_aside(held: Any | None, place: Path, aside: Path) -> bool:
    """The present ledger under a name with the time. One that cannot be read is moved there as it is."""
    if held is not None:
        aside.touch(0o600, exist_ok=False)
        with closing(_connect(aside)) as writing:
            _copy(held, writing, lambda _left, _total: None)
        make_single(aside)
        sync(aside)
        return True
    found = [path for path in (*_beside(place), place) if path.exists()]
    for path in found:
        path.rename(path.with_name(path.name.replace(place.name, aside.name, 1)))
    return place in found


def _copy(source: Any, target: Any, progress: Callable[[int, int], None]) -> None:
    source.backup(target, pages=_PAGES_A_STEP, progress=lambda _status, left, total: progress(left, total))


def _copy_file(source: Path, target: Path) -> None:
    target.touch(0o600, exist_ok=False)
    shutil.copyfile(source, target)


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _connect(path: Path) -> Any:
    import pysqlite3.dbapi2 as driver

    connection = driver.connect(str(path), isolation_level=None)
    connection.execute("pragma synchronous = full")
    return connection


def sync(path: Path) -> None:
    """What was written there survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
