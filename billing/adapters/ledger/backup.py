"""Copies of the ledger: made while it is at work, checked, described by a manifest, and put back in one step."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url

from billing.adapters.ledger import postgres_copies, sqlite_copies
from billing.adapters.ledger.engine import failures_named
from billing.adapters.ledger.migrate import migrate, newest_revision
from billing.adapters.ledger.sqlite_copies import sync
from billing.adapters.ledger.unit_of_work import SqlLedger, SqlUnitOfWork
from billing.domain.errors import BillingError, PermanentError
from billing.ports.operations import PINNED_ACCOUNT, Hold

Progress = Callable[[int, int], None]  # bytes done, bytes in all (0 while nobody knows)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a copy is of. `position`: where the journal had come to. `stripe_account`: its pin, if it has one."""

    database: str  # sqlite | postgresql
    schema: str
    position: str
    stripe_account: str | None
    made_at: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a ledger says of itself."""

    schema: str
    position: str
    stripe_account: str | None
    holds: tuple[Hold, ...] = ()


Prepare = Callable[[SqlLedger, Contents | None], None]


def back_up(url: str, target: Path, now: datetime, progress: Progress | None = None) -> Manifest:
    """Copy the ledger to `target` and write its manifest beside it. PermanentError if either is there already.

    Nothing that is half a copy ever has the name `target`.
    """
    for path in (target, manifest_path(target)):
        if path.exists():
            raise PermanentError("backup_exists", f"{path} is there already; a backup is never written over.")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    backend, copy = _backend(url), target.with_name(f".{target.name}.copying")
    _begin(copy, target)
    try:
        contents = _copy(backend, url, copy, progress or _silent)
        made_at = now.astimezone(UTC).isoformat(timespec="seconds")
        manifest = Manifest(
            backend, contents.schema, contents.position, contents.stripe_account, made_at,
            copy.stat().st_size, _sha256(copy),
        )  # fmt: skip
        _write(manifest_path(target), json.dumps(asdict(manifest), indent=2) + "\n")
        sync(copy)
        os.link(copy, target)  # unlike a rename it never replaces what somebody put there meanwhile
    except FileExistsError as error:
        raise PermanentError("backup_exists", f"{error.filename2 or error.filename} came there meanwhile.") from None
    finally:
        copy.unlink(missing_ok=True)
    sync(target.parent)
    return manifest


def _begin(copy: Path, target: Path) -> None:
    """Take the name under which the copy grows: it is another's until that one is done, and not ours to delete."""
    try:
        copy.touch(0o600, exist_ok=False)
    except FileExistsError:
        raise PermanentError(
            "backup_under_way", f"Another backup to {target} is at work, or was killed; if none is, delete {copy}."
        ) from None


def restore(url: str, backup: Path, stamp: str, prepare: Prepare, progress: Progress | None = None) -> str:
    """Put the backup in the ledger's place in one step; returns where the ledger that was there is kept.

    `prepare` is handed the copy, on the newest schema, before it takes the place, and what the present ledger says of
    itself (None if there is none that can be read): what it writes is there from the first moment on. PermanentError
    if the backup is damaged, of a newer program or of another Stripe account, or if anybody has the ledger open.
    """
    manifest = read_manifest(backup)
    backend = _backend(url)
    if manifest and manifest.database != backend:
        raise PermanentError("other_database", f"{backup} is of {manifest.database}, the ledger is on {backend}.")
    if not backup.is_file():
        raise PermanentError("no_backup", f"There is no {backup}.")
    if manifest and _sha256(backup) != manifest.sha256:
        raise _damaged(backup, "it is not what its manifest describes")
    replacing = sqlite_copies.replacing if backend == "sqlite" else postgres_copies.replacing
    with replacing(url, backup, stamp, progress or _silent) as (staged_url, present_url, put_in_place):
        present = _contents_of(present_url) if present_url else None
        _prepare(staged_url, backup, present, prepare)
        return put_in_place()


def read_manifest(backup: Path) -> Manifest | None:
    """None if there is none beside it. PermanentError if it cannot be read."""
    path = manifest_path(backup)
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise PermanentError(
            "manifest", f"{path} cannot be read ({error}); move it away to go on without it."
        ) from error


def manifest_path(backup: Path) -> Path:
    return backup.with_name(f"{backup.name}.json")


def contents_of(ledger: SqlLedger) -> Contents:
    """PermanentError `no_ledger` if this database is none."""
    with failures_named(), ledger.engine.connect() as connection, connection.begin():
        return _contents(connection)


def _contents(connection: Connection) -> Contents:
    tables = set(inspect(connection).get_table_names())
    if not {"alembic_version", "journal_transactions", "pins"} <= tables:
        raise PermanentError("no_ledger", "it holds no ledger")
    schema = str(connection.execute(text("select version_num from alembic_version")).scalar_one())
    uow = SqlUnitOfWork(connection)
    holds = tuple(uow.operations.holds()) if "holds" in tables else ()
    return Contents(schema, uow.journal.position(), uow.operations.pinned(PINNED_ACCOUNT), holds)


def _copy(backend: str, url: str, copy: Path, progress: Progress) -> Contents:
    if backend == "sqlite":
        sqlite_copies.copy_running(Path(make_url(url).database or ""), copy, progress)
        made = _contents_of(sqlite_copies.url_of(copy))
        sqlite_copies.make_single(copy)
        return made
    ledger = SqlLedger(url)
    try:
        with ledger.engine.connect() as plain, failures_named():
            connection = plain.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():  # the manifest and the copy are of one moment
                made = _contents(connection)
                snapshot = str(connection.execute(text("select pg_export_snapshot()")).scalar_one())
                postgres_copies.dump(url, copy, snapshot, progress)
        return made
    finally:
        ledger.close()


def _contents_of(url: str) -> Contents:
    ledger = SqlLedger(url)
    try:
        return contents_of(ledger)
    finally:
        ledger.close()


def _prepare(url: str, backup: Path, present: Contents | None, prepare: Prepare) -> None:
    ledger = SqlLedger(url)
    try:
        try:
            found = contents_of(ledger)
        except BillingError as error:
            raise _damaged(backup, error.sentence) from error
        if found.schema > newest_revision():
            raise PermanentError(
                "newer_schema",
                f"{backup} was made by a newer version of this program (schema {found.schema}, here"
                f" {newest_revision()}); update it, then restore.",
            )
        if present and None not in (pins := (present.stripe_account, found.stripe_account)) and pins[0] != pins[1]:
            sentence = f"{backup} belongs to Stripe account {pins[1]}, this ledger to {pins[0]}; it is not restored."
            raise PermanentError("wrong_account", sentence)
        migrate(ledger.engine)
        prepare(ledger, present)
    finally:
        ledger.close()


def _damaged(backup: Path, why: str) -> PermanentError:
    return PermanentError("damaged_backup", f"{backup} is damaged ({why}); restore another one. Nothing was changed.")


def _backend(url: str) -> str:
    return make_url(url).get_backend_name()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, content: str) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _silent(_done: int, _total: int) -> None:
    return None
