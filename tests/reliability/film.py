"""A day's work photographed at each commit, and the ways in which the power may go while a commit is written."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from day_of_work import Ending, Step, ending, settle_down
from ledger_places import Places
from sqlalchemy import Engine, text
from studio import Studio
from write_ahead_log import HEADER, Frame, page_of, read_log

from billing.adapters.ledger.schema import metadata
from billing.adapters.ledger.unit_of_work import SqlLedger, SqlUnitOfWork
from billing.domain import canonical


@dataclass(frozen=True)
class Photo:
    """The files right after a commit, a hash of all that the ledger then said, and the world in that moment."""

    number: int
    database: bytes
    wal: bytes
    rows: str
    step: int
    world: Studio  # its fakes are copies; its ledger is the one that was photographed


@dataclass
class Film:
    """All commits of a day, and how it ended while no power was lost."""

    photos: list[Photo] = field(default_factory=list)
    end: Ending | None = None


@dataclass(frozen=True)
class Cut:
    """What a power cut has left, and the hash of what it must still say."""

    name: str
    files: Callable[[], tuple[bytes, bytes]]  # the database and its log
    photo: Photo  # of the commit that was being written
    rows: str


class FilmedLedger(SqlLedger):
    """Takes a photograph after each commit."""

    def __init__(self, url: str, taken: Callable[[], None]) -> None:
        super().__init__(url)
        self._taken = taken

    @contextmanager
    def write(self) -> Iterator[SqlUnitOfWork]:
        with super().write() as uow:
            yield uow
        self._taken()


def film_of(steps: Sequence[Step], place: Places) -> Film:
    """The day is worked through once, with the pragmas of production."""
    path, film, step_now = place.ledger_file(), Film(), [0]

    def taken() -> None:
        database, wal = path.read_bytes(), _log_of(path)
        if not film.photos or film.photos[-1].wal != wal:  # a commit of nothing leaves nothing to cut
            world = world_around(studio, studio.ledger)
            rows = every_row(studio.ledger.engine)
            film.photos.append(Photo(len(film.photos), database, wal, rows, step_now[0], world))

    ledger = FilmedLedger(f"sqlite:///{path}", taken)
    studio = Studio.around(ledger)
    with ledger.write():
        pass  # the first photograph: nothing was done yet
    for step_now[0], step in enumerate(steps):
        step.begin(studio)
        step.go_on(studio)
    settle_down(studio)
    film.end = ending(studio)
    ledger.close()
    return film


def cuts_of(film: Film, seed: int = 0) -> Iterator[Cut]:
    """Between all frames of every commit, within each, pages out of order or damaged, a checkpoint half done."""
    for before, after in zip(film.photos, film.photos[1:], strict=False):
        chance = random.Random(seed << 20 | after.number)
        written = _written_by(before, after)
        for name, cut in _unfinished(before.wal, after.wal, written, chance):
            yield _cut(f"commit {after.number}, {name}", before, cut, after, before.rows)
        finished = partial(_until, after.wal, written[-1].end)
        yield _cut(f"commit {after.number}, all {len(written)} frames", before, finished, after, after.rows)
        torn = partial(_half_checkpointed, before.database, after.wal, chance.random())
        yield Cut(f"commit {after.number}, a checkpoint half done", torn, after, after.rows)


def _cut(name: str, before: Photo, log: Callable[[], bytes], after: Photo, rows: str) -> Cut:
    return Cut(name, lambda: (before.database, log()), after, rows)


def world_around(world: Studio, ledger: SqlLedger) -> Studio:
    """Copies of all fakes, so that a world can be gone on with many times; locks are made anew."""
    kept = {id(world.ledger): ledger, id(lock := world.gateway._lock): type(lock)()}
    return copy.deepcopy(replace(world), kept)


def every_row(engine: Engine) -> str:
    """A hash of everything that every table holds."""
    with engine.connect() as connection, connection.begin():
        tables = [
            (table.name, sorted(repr(tuple(row)) for row in connection.execute(text(f"select * from {table.name}"))))
            for table in metadata.sorted_tables
        ]
    return canonical.sha256(repr(tables))


def _log_of(path: Path) -> bytes:
    wal = path.with_name(f"{path.name}-wal")
    return wal.read_bytes() if wal.exists() else b""


def _written_by(before: Photo, after: Photo) -> tuple[Frame, ...]:
    """The frames of the commits between two photographs; the log begins anew once all of it was checkpointed."""
    old, new = read_log(before.wal), read_log(after.wal)
    return new.frames[len(old.frames) :] if old.salts == new.salts else new.frames


def _unfinished(
    before: bytes, after: bytes, written: Sequence[Frame], chance: random.Random
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Logs in which the last commit is not whole: behind the cut is nothing, or what was there before."""

    def until(at: int) -> Callable[[], bytes]:
        return partial(_until, after, at, before if chance.random() < 0.5 else b"")

    if written[0].start == HEADER:
        yield "within the header", until(chance.randrange(1, HEADER))
    for number, frame in enumerate(written, start=1):
        yield f"before frame {number} of {len(written)}", until(frame.start)
        yield f"within frame {number} of {len(written)}", until(chance.randrange(frame.start + 1, frame.end))
    lost = chance.choice(written)
    yield "a frame was never written", partial(_with, after, lost.start, bytes(lost.end - lost.start))
    at = chance.randrange(lost.start + 24, lost.end)
    yield "a byte is wrong", partial(_with, after, at, bytes([after[at] ^ 0xFF]))


def _until(log: bytes, at: int, behind: bytes = b"") -> bytes:
    return log[:at] + behind[at:]


def _with(log: bytes, at: int, content: bytes) -> bytes:
    return log[:at] + content + log[at + len(content) :]


def _half_checkpointed(database: bytes, wal: bytes, seed: float) -> tuple[bytes, bytes]:
    """Some pages of the log have come into the database, some by half: the log still holds them all."""
    log, torn, chance = read_log(wal), bytearray(database), random.Random(seed)
    for frame in {frame.page: frame for frame in log.frames}.values():
        if chance.random() < 0.5:
            content = page_of(wal, frame)[: log.page_size if chance.random() < 0.7 else log.page_size // 2]
            at = (frame.page - 1) * log.page_size
            torn.extend(bytes(max(0, at + log.page_size - len(torn))))
            torn[at : at + len(content)] = content
    return bytes(torn), wal
