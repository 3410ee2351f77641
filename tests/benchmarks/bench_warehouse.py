"""How long the warehouse takes to copy a large ledger, against the bare Arrow stream of the same rows.

    python tests/benchmarks/bench_warehouse.py 1000000

The promise: copying takes at most twice the time of the stream, whatever the ledger's size; memory stays flat.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from billing.adapters.ledger.engine import open_engine
from billing.adapters.ledger.schema import metadata
from billing.adapters.warehouse import Warehouse
from billing.adapters.warehouse.extract import open_ledger, read_only_uri
from billing.adapters.warehouse.tables import RAW_TABLES

SQL_DIR = Path(__file__).parents[2] / "sql"

# One invoice in ten is open; the others are paid within 60 days. Dates run over three years.
_NUMBERS = """
create temp table n as
with recursive numbers(i) as (select 1 union all select i + 1 from numbers where i < :scale)
select
    i,
    printf('inv_%024d', i) as invoice_id,
    date('2023-01-01', '+' || (i % 1000) || ' days') as issued_on,
    date('2023-01-01', '+' || (i % 1000 + i % 60) || ' days') as paid_on,
    strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2023-01-01', '+' || (i % 1000) || ' days') as at,
    strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2023-01-01', '+' || (i % 1000) || ' days', '+40 seconds') as sent_at,
    10000 + i % 90000 as amount
from numbers
"""
_INSERTS = (
    """insert into invoices select invoice_id, 'INV-', i, 'INV-' || i, 's' || i, 'order', 1, 'c' || (i % 5000),
    'Client ' || (i % 5000), 'EUR', 'invoice', issued_on, date(issued_on, '+14 days'), issued_on, amount, 0, 0, 0,
    amount, 0, amount, at, at, at, 1, '{}', '' from n""",
    """insert into invoice_lines select invoice_id, 0, 0, 'Package', 'Photography', '1', amount, amount, 0, 0, 1
    from n""",
    "insert into documents select invoice_id, 'invoice', '', 40000, at, x'' from n",
    """insert into payments select 'pay_' || i, 'stripe', 'pi_' || i, 'payment', invoice_id, 'EUR', amount, 30,
    'Visa ending 4242', 'link', at, paid_on, at from n where i % 10 > 0""",
    "insert into allocations select 'pay_' || i, invoice_id, amount from n where i % 10 > 0",
    """insert into journal_transactions select 2 * i, 'issued:' || invoice_id, 'invoice_issued', invoice_id, issued_on,
    at, '', '' from n""",
    """insert into journal_transactions select 2 * i + 1, 'paid:pay_' || i, 'payment_received', invoice_id, paid_on, at,
    '', '' from n where i % 10 > 0""",
    "insert into journal_entries select 'issued:' || invoice_id, 0, 'receivable', invoice_id, 'EUR', amount from n",
    "insert into journal_entries select 'issued:' || invoice_id, 1, 'revenue', 'Photography', 'EUR', -amount from n",
    """insert into journal_entries select 'paid:pay_' || i, 0, 'stripe_clearing', '', 'EUR', amount - 30 from n
    where i % 10 > 0""",
    "insert into journal_entries select 'paid:pay_' || i, 1, 'fees', 'stripe', 'EUR', 30 from n where i % 10 > 0",
    """insert into journal_entries select 'paid:pay_' || i, 2, 'receivable', invoice_id, 'EUR', -amount from n
    where i % 10 > 0""",
    """insert into effects select 'eff_' || i, 'mail', 'invoice', invoice_id, 'mail:invoice:' || i, '{}', '', 'done',
    at, 1, null, 1, null, null, null, null, at, sent_at from n""",
)


def run(scale: int) -> dict[str, float]:
    """Copy a ledger of `scale` invoices; seconds, their ratio and the copying process's peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        url = _write_ledger(room / "ledger.sqlite", scale)
        warehouse = Warehouse(url, room / "building.duckdb", room / "published.duckdb", SQL_DIR, "Europe/Berlin")
        streamed, seconds_stream = _timed(lambda: _stream_all(url))
        copied, seconds_extract = _timed(warehouse.extract)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        _, seconds_publish = _timed(warehouse.publish)
    assert sum(copied.values()) == streamed
    figures = {
        "invoices": scale,
        "rows": streamed,
        "stream_seconds": round(seconds_stream, 2),
        "extract_seconds": round(seconds_extract, 2),
        "extract_over_stream": round(seconds_extract / seconds_stream, 2),
        "build_and_publish_seconds": round(seconds_publish, 2),
        "extract_peak_mb": round(peak / 1024),
    }
    print(json.dumps(figures))
    return figures


def _write_ledger(path: Path, scale: int) -> str:
    url = f"sqlite:///{path}"
    engine = open_engine(url)
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        metadata.create_all(connection)
        connection.exec_driver_sql(_NUMBERS.replace(":scale", str(scale)))
        for insert in _INSERTS:
            connection.exec_driver_sql(insert)
    engine.dispose()
    return url


def _stream_all(url: str) -> int:
    """Read the same columns of the same rows and let them go."""
    rows = 0
    with closing(open_ledger(read_only_uri(url))) as ledger:
        for table in RAW_TABLES:
            with ledger.stream(table.read_query) as cursor:
                rows += sum(batch.num_rows for batch in cursor.fetch_record_batch())
    return rows


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
