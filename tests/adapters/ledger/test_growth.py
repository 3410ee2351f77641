"""Nothing that is asked again and again reads more than in proportion: twice the ledger, at most 2.2 times the rows.

What is counted does not depend on what else the machine does. SQLite: the steps of its virtual machine, of which every
row that is looked at takes some (a proxy for rows read, and one that also sees what an index lookup costs). PostgreSQL:
the rows that the nodes of the executed plan took and threw away, by EXPLAIN ANALYZE of each statement as it is sent.
"""

from __future__ import annotations

import copyreg
import inspect
import pickle
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from built_once import built_once
from grown import Month
from month import live_a_month
from own_postgres import fresh_database
from sqlalchemy import Engine, event, text
from sqlalchemy.engine import URL, make_url
from studio import Studio

from billing.adapters.ledger.checks import run_checks
from billing.adapters.ledger.engine import open_engine
from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.overview import Overview
from billing.adapters.ledger.schema import metadata
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.policy import GalleryPolicy
from billing.services import due_work
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.effects.grant import plan_grants
from billing.services.effects.janitor import show_stuck
from billing.services.intake.observe_sessions import observe_jobs, shared_records, wake_expected_sessions
from billing.services.safety.holds import held_in_short
from billing.services.safety.outages import end_outage
from billing.services.safety.watchdog import late_heartbeats, watch

SQL_DIR = Path(__file__).parents[3] / "sql"
MONTHS = 6
AT_MOST = 2.2
# What is read whatever the size, and the rounding of small numbers.
ALWAYS = {"sqlite": 300, "postgresql": 30}

copyreg.pickle(type(threading.RLock()), lambda _lock: (threading.RLock, ()))  # a fake that is kept is not in use

Ask = Callable[[Studio], object]


def _check(path: Path, policy: GalleryPolicy = GalleryPolicy.PAID_IN_FULL) -> Ask:
    def ask(studio: Studio) -> object:
        [result] = run_checks(
            studio.ledger.engine, SQL_DIR, now=studio.clock.now(), gallery_policy=policy.value, names=[path.stem]
        )
        assert result.holds, f"its first rows end the reading early: {result.violations[:1]}"
        return None

    return ask


def _of_the_house(question: Callable[[Any], object]) -> Ask:
    return lambda studio: question(studio.ctx)


def _of_the_overview(name: str) -> Ask:
    return lambda studio: getattr(Overview(studio.ledger.engine), name)()


def _is_open_at_once(studio: Studio) -> object:
    invoiced = replace(studio.policy, gallery_policy=GalleryPolicy.INVOICED)
    return due_work.grants_left_unplanned(replace(studio.ctx, policy=invoiced))


_IN_DUE_WORK = [
    (name, question)
    for name, question in inspect.getmembers(due_work, inspect.isfunction)
    if question.__module__ == due_work.__name__ and not name.startswith(("_", "note_"))
]
_WITHOUT_ARGUMENTS = [
    name
    for name, question in inspect.getmembers(Overview, inspect.isfunction)
    if not name.startswith("_") and list(inspect.signature(question).parameters) == ["self"]
]
QUESTIONS: dict[str, Ask] = {
    **{f"check {path.stem}": _check(path) for path in sorted((SQL_DIR / "checks").glob("*.sql"))},
    **{name: _of_the_house(question) for name, question in _IN_DUE_WORK},
    "grants_left_unplanned, invoiced": _is_open_at_once,
    **{
        question.__name__: _of_the_house(question)
        for question in (
            held_in_short, late_heartbeats, observe_jobs, plan_follow_ups, plan_grants, shared_records, show_stuck,
            wake_expected_sessions, watch,
        )
    },
    "end_outage": lambda studio: end_outage(studio.ctx, "Stripe"),
    **{f"overview {name}": _of_the_overview(name) for name in _WITHOUT_ARGUMENTS},
}  # fmt: skip


@dataclass
class Reading:
    """How much the engine's statements have read."""

    read: int = 0
    _off: bool = field(default=False, repr=False)

    def watch(self, engine: Engine) -> None:
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", lambda raw, _record: raw.set_progress_handler(self._step, 1))
        else:
            event.listen(engine, "connect", _as_of_large_tables)
            event.listen(engine, "before_cursor_execute", self._explain)

    def _step(self) -> None:
        self.read += 1

    def _explain(self, _connection: Any, cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        if not self._off and statement.lstrip().lower().startswith(("select", "with", "--")):
            cursor.execute(f"explain (analyze, timing off, format json) {statement}", values)
            self.read += _rows(cursor.fetchone()[0][0]["Plan"])


def _as_of_large_tables(raw: Any, _record: Any) -> None:
    """PostgreSQL reads a table of a page or two whole, again and again, and would not do that with one that grew."""
    with raw.cursor() as cursor:
        cursor.execute("set enable_seqscan = off; set jit = off")
    raw.commit()


def _rows(plan: dict[str, Any]) -> int:
    """All rows that this node and those below it took, whether or not they kept them."""
    thrown_away = sum(number for name, number in plan.items() if name.startswith("Rows Removed by"))
    is_told_above = plan["Node Type"] == "Bitmap Index Scan"
    own = 0 if is_told_above else (plan["Actual Rows"] + thrown_away) * plan["Actual Loops"]
    return int(own) + sum(_rows(below) for below in plan.get("Plans", []))


@dataclass(frozen=True)
class Grown:
    """One studio at two sizes, and what each of them reads."""

    once: tuple[Studio, Reading]
    twice: tuple[Studio, Reading]

    def reads(self, ask: Ask) -> tuple[int, int]:
        counts = []
        for studio, reading in (self.once, self.twice):
            before = reading.read
            ask(studio)
            counts.append(reading.read - before)
        return counts[0], counts[1]


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The month that a studio lived, and on SQLite the two ledgers that it grew to: once for all workers of a run."""
    return built_once(tmp_path_factory, "grown-ledgers", _live_and_grow)


def _live_and_grow(folder: Path) -> None:
    with closing(SqlLedger(f"sqlite:///{folder / 'empty.db'}")) as ledger:
        migrate(ledger.engine)
    with closing(SqlLedger(f"sqlite:///{shutil.copy(folder / 'empty.db', folder / 'month.db')}")) as ledger:
        studio = Studio.around(ledger)
        live_a_month(studio)
        month = Month(ledger.engine)
    around = {name: part for name, part in vars(studio).items() if name != "ledger"}
    (folder / "around.pickle").write_bytes(pickle.dumps(around))
    for name, months in (("once.db", MONTHS), ("twice.db", 2 * MONTHS)):
        _grow(f"sqlite:///{shutil.copy(folder / 'empty.db', folder / name)}", month, 0, months)


@pytest.fixture(scope="session")
def lived(lived_in: Path) -> Iterator[Studio]:
    with closing(SqlLedger(f"sqlite:///{lived_in / 'month.db'}")) as ledger:
        yield Studio(ledger=ledger, **pickle.loads((lived_in / "around.pickle").read_bytes()))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def grown(request: pytest.FixtureRequest, lived: Studio) -> Iterator[Grown]:
    with ExitStack() as stack:
        urls = request.getfixturevalue(f"{request.param}_sizes")
        yield Grown(*[stack.enter_context(_watched(lived, url)) for url in urls])


@contextmanager
def _watched(lived: Studio, url: str) -> Iterator[tuple[Studio, Reading]]:
    ledger, reading = SqlLedger(url), Reading()
    reading.watch(ledger.engine)
    yield replace(lived, ledger=ledger), reading
    ledger.close()


@pytest.fixture(scope="session")
def sqlite_sizes(lived_in: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    mine = tmp_path_factory.mktemp("grown")
    return [f"sqlite:///{shutil.copy(lived_in / name, mine)}" for name in ("once.db", "twice.db")]


@pytest.fixture(scope="session")
def postgresql_sizes(postgres: URL, postgres_template: str, lived: Studio) -> Iterator[list[str]]:
    """The smaller one is the larger one less its later half, with the same statistics: so the plans are the same."""
    month = Month(lived.ledger.engine)
    with fresh_database(postgres, postgres_template) as larger:
        _grow(larger, month, 0, MONTHS)
        later = _grow(larger, month, MONTHS, 2 * MONTHS)
        _execute(larger, "analyze")
        with fresh_database(postgres, str(make_url(larger).database)) as smaller:
            names = [table.name for table in metadata.sorted_tables]
            _execute(
                smaller,
                "set session_replication_role = replica",  # the triggers that refuse changes
                *(f"alter table {name} set (autovacuum_enabled = false)" for name in names),
                *(f"delete from {name} where xmin = '{later}'" for name in names),
            )
            yield [smaller, larger]


def _grow(url: str, month: Month, first: int, until: int) -> object:
    """The number of the transaction, on PostgreSQL."""
    engine = open_engine(url)
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        month.write(connection, first, until)
        number = connection.execute(text("select txid_current()")) if engine.dialect.name == "postgresql" else None
        found = number.scalar() if number else None
    engine.dispose()
    return found


def _execute(url: str, *statements: str) -> None:
    engine = open_engine(url)
    with engine.connect() as connection, connection.begin():
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize("name", QUESTIONS)
def test_twice_the_ledger_is_at_most_little_more_than_twice_the_reading(grown: Grown, name: str) -> None:
    once, twice = grown.reads(QUESTIONS[name])

    assert twice <= AT_MOST * once + ALWAYS[grown.once[0].ledger.engine.dialect.name], (once, twice)


def test_what_looks_at_each_row_for_each_row_is_noticed(grown: Grown) -> None:
    """The counting itself: a join without an index reads four times as much."""

    def each_with_each(studio: Studio) -> object:
        query = "select count(*) from sessions as one, sessions as other where one.name || other.name = 'x'"
        return studio.rows(query)

    once, twice = grown.reads(each_with_each)

    assert twice > 3 * once > 0
