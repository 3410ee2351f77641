"""Building beside and swapping whole: what a crash, a second builder or a reader at the wrong moment would meet."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ledger_book import LedgerBook
from synthetic_ledger import synthetic_book

from billing.adapters.ledger.engine import open_engine
from billing.adapters.ledger.schema import invoices, metadata
from billing.adapters.warehouse import Warehouse, read_relations
from billing.adapters.warehouse.extract import read_only_uri
from billing.adapters.warehouse.tables import RAW_TABLES
from billing.domain.errors import PermanentError, TemporaryError

WarehouseOf = Callable[..., Warehouse]
SQL_DIR = Path(__file__).parents[3] / "sql"
DAY = date(2026, 1, 31)


def small_book() -> LedgerBook:
    book = LedgerBook()
    book.pay(book.invoice("A", date(2026, 1, 1), 10_000), date(2026, 1, 9))
    return book


def everything(path: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("select name from warehouse_relations").fetchall()
        return {name: sorted(connection.execute(f"from {name}").fetchall(), key=repr) for (name,) in names}


def test_the_columns_that_are_copied_are_the_ledgers() -> None:
    for table in RAW_TABLES:
        columns = metadata.tables[table.name].columns
        copied = {*table.texts, *table.numbers, *table.optional_texts}
        assert copied <= set(columns.keys()), table.name
        assert {name for name in copied if columns[name].nullable} == set(table.optional_texts), table.name


def test_no_secret_and_no_document_leaves_the_ledger() -> None:
    copied = {f"{table.name}.{column}" for table in RAW_TABLES for column in (*table.texts, *table.optional_texts)}

    assert not copied & {
        "grants.password", "grants.pin", "documents.content", "invoices.snapshot", "effects.parameters",
    }  # fmt: skip


def test_relations_come_after_what_they_read() -> None:
    seen: set[str] = set()
    for relation in read_relations(SQL_DIR):
        assert {read for read in relation.reads if not read.startswith("raw_")} <= seen, relation.name
        assert relation.grain
        assert relation.key
        seen.add(relation.name)
    assert {path.stem for path in SQL_DIR.glob("staging/*.sql")} <= seen


def test_every_staging_relation_and_raw_table_is_read_by_somebody() -> None:
    relations = read_relations(SQL_DIR)
    read = {name for relation in relations for name in relation.reads}

    assert {relation.name for relation in relations if relation.layer == "staging"} <= read
    assert {table.raw_name for table in RAW_TABLES} <= read


def test_a_relation_without_its_header_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "nameless.sql").write_text("-- Something.\nselect 1 as one\n")

    with pytest.raises(PermanentError, match=r"nameless\.sql lacks grain, key"):
        read_relations(tmp_path)


def test_the_extract_tells_its_rows_by_table(warehouse_of: WarehouseOf) -> None:
    rows = warehouse_of(small_book(), DAY, kind=Warehouse).extract()

    assert (rows["invoices"], rows["payments"], rows["journal_entries"], rows["grants"]) == (1, 1, 4, 0)


def test_leading_nulls_do_not_spoil_the_column(warehouse_of: WarehouseOf) -> None:
    book = small_book()
    for number in range(40_000):  # more than two record batches
        row = {**book.rows["payments"][0], "payment_id": f"p{number:05d}", "provider_object_id": f"pi{number}"}
        book.put("payments", **{**row, "invoice_id": None if number < 39_999 else "inv:A"})
    warehouse = warehouse_of(book, DAY)

    assert warehouse.extract()["payments"] == 40_001
    assert warehouse.build("stg_payments") == 40_001


def test_a_relation_is_built_with_what_it_reads(warehouse_of: WarehouseOf) -> None:
    warehouse = warehouse_of(small_book(), DAY)
    warehouse.extract()

    assert warehouse.build("days_to_pay") == 1
    assert warehouse.build("days_to_pay") == 1


def test_building_relation_by_relation_or_all_at_once_gives_the_same(warehouse_of: WarehouseOf) -> None:
    warehouse = warehouse_of(synthetic_book(DAY, months=4), DAY)
    steps: list[str] = []
    at_once = everything(warehouse.rebuild(progress=steps.append).path)
    total = len(warehouse.relations())
    assert (steps[0], len(steps)) == ("reading the ledger", 1 + total)
    assert steps[-1].startswith(f"building {total} of {total}: ")
    warehouse.extract()
    for relation in warehouse.relations():
        warehouse.build(relation.name)

    assert everything(warehouse.publish().path) == at_once


def test_deleting_everything_and_rebuilding_gives_the_same_figures(warehouse_of: WarehouseOf, tmp_path: Path) -> None:
    warehouse = warehouse_of(synthetic_book(DAY, months=4), DAY)
    before = everything(warehouse.rebuild().path)
    for path in tmp_path.glob("*.duckdb"):
        path.unlink()

    assert everything(warehouse.rebuild().path) == before


def test_an_unknown_relation_is_named(warehouse_of: WarehouseOf) -> None:
    warehouse = warehouse_of(small_book(), DAY)
    warehouse.extract()

    with pytest.raises(PermanentError, match=r"no wishes\.sql"):
        warehouse.build("wishes")


def test_building_before_the_first_extract_says_what_to_do(warehouse_of: WarehouseOf) -> None:
    with pytest.raises(PermanentError, match="run the extract first"):
        warehouse_of(small_book(), DAY).publish()


def test_a_reader_open_during_publish_keeps_its_file_and_the_next_sees_the_new(warehouse_of: WarehouseOf) -> None:
    book = small_book()
    warehouse = warehouse_of(book, DAY)
    path = warehouse.rebuild().path
    with duckdb.connect(str(path), read_only=True) as reader:
        _add_invoice(path.with_name("ledger.sqlite"))
        warehouse.rebuild()

        assert reader.execute("select count(*) from billed_invoices").fetchone() == (1,)
    with duckdb.connect(str(path), read_only=True) as reader:
        assert reader.execute("select count(*) from billed_invoices").fetchone() == (2,)
    assert sorted(item.name for item in path.parent.glob("warehouse*")) == [
        "warehouse.duckdb",
        "warehouse.previous.duckdb",
    ]


def _add_invoice(ledger: Path) -> None:
    engine = open_engine(f"sqlite:///{ledger}")
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        row = dict(connection.execute(invoices.select()).mappings().one())
        row |= {"invoice_id": "inv:B", "number": "B", "sequence": 2, "session_id": "vsco:B"}
        connection.execute(invoices.insert(), row)
    engine.dispose()


def test_the_log_of_a_crashed_builder_is_not_replayed_on_the_next_extract(warehouse_of: WarehouseOf) -> None:
    warehouse = warehouse_of(small_book(), DAY)
    building = warehouse.rebuild().path.with_name("building.duckdb")
    _die_while_writing(building)
    assert building.with_name("building.duckdb.wal").exists()

    warehouse.rebuild()

    with duckdb.connect(str(building), read_only=True) as connection:
        assert connection.execute("select count(*) from duckdb_tables() where table_name = 'junk'").fetchone() == (0,)


def _die_while_writing(path: Path) -> None:
    program = (
        "import duckdb, os, sys\n"
        "connection = duckdb.connect(sys.argv[1])\n"
        "connection.execute('create table junk as select 1 as x')\n"
        "os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 9


def test_builders_at_once_wait_for_one_another(warehouse_of: WarehouseOf) -> None:
    warehouse = warehouse_of(small_book(), DAY, kind=Warehouse)
    expected = everything(warehouse.rebuild().path)

    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(task) for task in (warehouse.rebuild, warehouse.extract, warehouse.publish)]
        for item in work:
            item.result()

    assert everything(warehouse.publish().path) == expected


def test_a_failed_extract_leaves_the_published_file_and_says_why(warehouse_of: WarehouseOf, tmp_path: Path) -> None:
    warehouse = warehouse_of(small_book(), DAY, kind=Warehouse)
    published = warehouse.rebuild()
    (tmp_path / "ledger.sqlite").rename(tmp_path / "elsewhere.sqlite")

    with pytest.raises(TemporaryError, match="There is no ledger at"):
        warehouse.extract()
    assert warehouse.publish().rows == published.rows


def test_the_extract_reads_one_snapshot_and_cannot_write(tmp_path: Path) -> None:
    url = small_book().save_sqlite(tmp_path / "ledger.sqlite")
    program = (
        "import subprocess, sys\n"
        "from billing.adapters.warehouse.extract import open_ledger, read_only_uri\n"
        "ledger = open_ledger(read_only_uri(sys.argv[1]))\n"
        "def count(table):\n"
        "    with ledger.stream(f'select count(*) as n from {table}') as cursor:\n"
        "        return cursor.fetch_record_batch().read_all()['n'][0].as_py()\n"
        "before = count('payments')\n"
        "subprocess.run([sys.executable, '-c', sys.argv[2], sys.argv[3]], check=True)\n"
        "print(before, count('invoices'))\n"
        "try:\n"
        "    ledger.stream('delete from invoices').close()\n"
        "except Exception as error:\n"
        "    print(error)\n"
        "ledger.close()\n"
    )
    writer = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as c: c.execute('delete from invoices')\n"

    found = subprocess.run(
        [sys.executable, "-c", program, url, writer, str(tmp_path / "ledger.sqlite")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert found.startswith("1 1\n")
    assert "readonly" in found


def test_importing_the_warehouse_is_cheap() -> None:
    program = (
        "import sys, billing.adapters.warehouse; print(sorted({'duckdb', 'polars', 'pyarrow'} & set(sys.modules)))"
    )

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"


def test_postgres_urls_become_read_only_snapshot_uris_of_libpq() -> None:
    uri = read_only_uri("postgresql+psycopg://billing:s%40cret@db.example:5433/ledger?sslmode=require")

    assert uri == (
        "postgresql://billing:s%40cret@db.example:5433/ledger?options="
        "-c%20default_transaction_isolation%3Drepeatable%5C%20read%20-c%20default_transaction_read_only%3Don"
        "&sslmode=require"
    )


def test_a_password_is_never_in_the_error(tmp_path: Path) -> None:
    url = "postgresql+psycopg://billing:canary-8841@127.0.0.1:1/ledger"
    warehouse = Warehouse(url, tmp_path / "b.duckdb", tmp_path / "p.duckdb", SQL_DIR, "UTC")

    with pytest.raises(TemporaryError) as caught:
        warehouse.extract()

    assert "canary-8841" not in caught.value.sentence
    assert "onnect" in caught.value.sentence


def test_the_published_file_says_when_it_was_built_and_what_is_in_it(warehouse_of: WarehouseOf) -> None:
    published = warehouse_of(small_book(), DAY).rebuild()

    with duckdb.connect(str(published.path), read_only=True) as connection:
        info = connection.sql("from warehouse_info").pl().to_dicts()[0]
        names = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert (info["as_of"], info["time_zone"], info["promise_hours"]) == (DAY, "Europe/Berlin", 24)
    assert published.built_at == datetime(2026, 1, 31, 19, tzinfo=UTC)
    assert not [name for name in names if name.startswith(("raw_", "stg_"))]
    assert len(published.sha256) == 64
    assert published.rows["billed_invoices"] == 1


def test_as_of_is_the_studios_day_not_the_servers(warehouse_of: WarehouseOf) -> None:
    published = warehouse_of(small_book(), DAY, "Pacific/Auckland").rebuild()

    with duckdb.connect(str(published.path), read_only=True) as connection:
        assert connection.execute("select as_of from warehouse_info").fetchone() == (DAY + timedelta(days=1),)


@pytest.mark.skipif("BILLING_TEST_POSTGRES_URL" not in os.environ, reason="no PostgreSQL")
def test_postgres_gives_the_figures_that_sqlite_gives(warehouse_of: WarehouseOf, tmp_path: Path) -> None:
    book = synthetic_book(DAY, months=4)
    from_sqlite = everything(warehouse_of(book, DAY).rebuild().path)
    url = os.environ["BILLING_TEST_POSTGRES_URL"]
    book.save(url).dispose()
    noon = datetime(2026, 1, 31, 19, tzinfo=UTC)
    warehouse = Warehouse(url, tmp_path / "b", tmp_path / "p", SQL_DIR, "Europe/Berlin", now=lambda: noon)

    assert everything(warehouse.rebuild().path) == from_sqlite
