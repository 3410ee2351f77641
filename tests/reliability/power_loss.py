"""Power loss: what a cut has left of the ledger opens, holds all that was committed, nothing by half, and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from day_of_work import DAY, ending, settle_down
from film import Cut, Film, cuts_of, every_row, film_of, world_around
from ledger_places import Places, places
from proof import Count, Proof
from sqlalchemy.exc import DatabaseError
from studio import Studio

from billing.adapters.ledger.checks import run_checks
from billing.adapters.ledger.journal import SqlJournal
from billing.adapters.ledger.migrate import MIGRATIONS
from billing.adapters.ledger.unit_of_work import SqlLedger

REPRODUCE = "make reliability ONLY=power_loss"


class PowerLoss:
    """One day, filmed; what is left by each cut is looked at, and gone on with."""

    def __init__(self, place: Places) -> None:
        self.film: Film = film_of(DAY, place)
        self._place = place
        self._kept: dict[str, list[str]] = {}  # by what the ledger says: the promises that it breaks
        self._gone_on: set[tuple[int, str]] = set()

    def look_at(self, cut: Cut) -> list[str]:
        """What is wrong with the ledger that the cut has left, in sentences."""
        with self._reopened(cut) as ledger:
            try:
                wrong = self._look(ledger, cut)
            except DatabaseError as error:
                wrong = [f"it cannot be read ({error.orig})"]
        return [f"{cut.name}: {sentence}" for sentence in wrong]

    def _look(self, ledger: SqlLedger, cut: Cut) -> list[str]:
        wrong, rows = _damage(ledger), every_row(ledger.engine)
        if rows not in self._kept:
            self._kept[rows] = _broken_promises(ledger, cut.photo.world)
        lost = [] if rows == cut.rows else ["it does not say what was committed last"]
        return [*wrong, *lost, *self._kept[rows]]

    def is_new(self, cut: Cut) -> bool:
        """The same facts in the same world go on in the same way: whether these were not gone on with yet."""
        key = (cut.photo.number, cut.rows)
        is_new = key not in self._gone_on
        self._gone_on.add(key)
        return is_new

    def go_on(self, cut: Cut) -> list[str]:
        """The day goes on from what is left, and must end as the day without a power cut did."""
        assert self.film.end is not None
        with self._reopened(cut) as ledger:
            studio = world_around(cut.photo.world, ledger)
            try:
                _rest_of_the_day(studio, cut.photo.step)
                wrong = [*self.film.end.differences(ending(studio)), *_broken_promises(ledger, studio)]
            except Exception as error:
                wrong = [f"the day stops ({type(error).__name__}: {error})"]
        return [f"{cut.name}, going on: {sentence}" for sentence in wrong]

    @contextmanager
    def _reopened(self, cut: Cut) -> Iterator[SqlLedger]:
        room, (database, wal) = self._place.room(), cut.files()
        (room / "ledger.db").write_bytes(database)
        (room / "ledger.db-wal").write_bytes(wal)
        ledger = SqlLedger(f"sqlite:///{room / 'ledger.db'}")
        yield ledger
        ledger.close()
        self._place.leave(room)


def _rest_of_the_day(studio: Studio, step_now: int) -> None:
    settle_down(studio)
    DAY[step_now].go_on(studio)
    for step in DAY[step_now + 1 :]:
        step.begin(studio)
        step.go_on(studio)
    settle_down(studio)


def _damage(ledger: SqlLedger) -> list[str]:
    with ledger.engine.connect() as connection, connection.begin():
        said = [row[0] for row in connection.exec_driver_sql("pragma integrity_check")]
    return [] if said == ["ok"] else [f"integrity_check says {'; '.join(said)}"]


def _broken_promises(ledger: SqlLedger, world: Studio) -> list[str]:
    checks = run_checks(ledger.engine, MIGRATIONS.parent, now=world.clock.now())
    with ledger.engine.connect() as connection, connection.begin():
        links = SqlJournal(connection).broken_links()
    return [f"{check.name} is broken" for check in checks if not check.holds] + links


def prove(long: bool, progress: Callable[[str], None]) -> list[Proof]:
    """Every cut of a day; and after every commit, lost or kept, the day goes on to its end."""
    left = Count("power loss: the log cut at every frame, within frames, out of order", REPRODUCE)
    went_on = Count("power loss: the day goes on from every commit, lost or kept", REPRODUCE)
    with places() as place:
        power = PowerLoss(place)
        for seed in range(10 if long else 1):
            for cut in cuts_of(power.film, seed):
                left.case(power.look_at(cut))
                if power.is_new(cut):
                    went_on.case(power.go_on(cut))
                    progress(f"power loss: {left.tried} cuts, gone on {went_on.tried} times")
    return [left.proof(), went_on.proof()]
