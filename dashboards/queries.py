"""Reading the published figures. The file is never written; a new one is noticed by its identity on the disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class FileVersion:
    """Which file stands at the path now: a publish puts another one there (another inode)."""

    path: str
    inode: int
    modified_ns: int


def published_version(path: Path) -> FileVersion | None:
    """None while nothing was ever published."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return FileVersion(str(path.absolute()), found.st_ino, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Info:
    """When the figures were made: `as_of` is the studio's day on which the ledger was read."""

    built_at: datetime
    extracted_at: datetime
    as_of: date
    promise_hours: int
    first_issued_on: date | None
    first_issued: Mapping[str, date]  # by currency
    currencies: tuple[str, ...]


class Unreadable(Exception):
    """A published file that cannot be opened, or fails in the midst of it; DuckDB's own words."""

    def __init__(self, error: Exception) -> None:
        import duckdb

        super().__init__(str(error))
        self.is_of_another_version = isinstance(error, duckdb.CatalogException | duckdb.BinderException)


class Figures:
    """One published file, valued as of one day. Frames come back with money in minor units.

    For an earlier day the marts that depend on it are computed anew, by their own queries, which the file carries.
    Unreadable where the file is held by another program, damaged, or made by another version of this program.
    """

    def __init__(self, version: FileVersion, as_of: date | None = None) -> None:
        self._lock = threading.Lock()
        with _failures_of_the_file():
            self._connection = _open(version.path)
        self.info = self._read_info()
        self.as_of = min(as_of or self.info.as_of, self.info.as_of)
        if self.as_of != self.info.as_of:
            with _failures_of_the_file():
                self._value_as_of(self.as_of)

    def frame(self, query: str, **parameters: Any) -> pl.DataFrame:
        # A DuckDB connection serves one thread at a time; sessions share this one.
        with self._lock, _failures_of_the_file():
            found: pl.DataFrame = self._connection.sql(query, params=parameters or None).pl()
            return found

    def processing(self) -> pl.DataFrame:
        """Spans of 30 days: the last, the one before, and the last one week by week back ("rolling 30 days")."""
        return self.frame("from invoice_processing_periods where period <> 'week' order by ends_on")

    def completion_rolling(self, currency: str, window_days: int) -> pl.DataFrame:
        """Spans of 30 days of issue that have had their window: the newest, that of 30 days before, and each week's."""
        return self.frame(
            "from payment_completion_rolling where currency = $currency and window_days = $window_days"
            " order by ends_on",
            currency=currency,
            window_days=window_days,
        )

    def completion(self, currency: str) -> pl.DataFrame:
        """Of the last 18 months of issue; shares are null where it is too early to say."""
        return self.frame(
            "from payment_completion where currency = $currency and cohort_month > $as_of - to_months(18)"
            " order by cohort_month, window_days nulls last",
            currency=currency,
            as_of=self.as_of,
        )

    def days_to_pay(self, currency: str) -> pl.DataFrame:
        return self.frame("from days_to_pay_summary where currency = $currency order by starts_on", currency=currency)

    def autopay(self, currency: str) -> pl.DataFrame:
        return self.frame("from autopay_periods where currency = $currency", currency=currency)

    def collection(self, currency: str) -> pl.DataFrame:
        return self.frame("from collection_periods where currency = $currency", currency=currency)

    def follow_up_yield(self, currency: str) -> pl.DataFrame:
        """Dunning stages, the earliest first."""
        return self.frame(
            "from follow_up_yield where currency = $currency order by median_days_past_due", currency=currency
        )

    def curve(self, currency: str) -> pl.DataFrame:
        """The share paid by day after issue, of the last 90 days' invoices and of the 90 days' before."""
        return self.frame(
            "select cohort, day, at_risk, 1 - open_share as paid_share from days_to_pay_curve"
            " where currency = $currency and cohort in ('last 90 days', 'previous 90 days', 'last 365 days')"
            " order by cohort, day",
            currency=currency,
        )

    def aging(self, currency: str) -> pl.DataFrame:
        return self.frame("from aging where currency = $currency order by position", currency=currency)

    def aging_monthly(self, currency: str) -> pl.DataFrame:
        return self.frame("from aging_monthly where currency = $currency order by day_on", currency=currency)

    def receivables(self, currency: str) -> pl.DataFrame:
        """Open invoices, the latest due first to be called last."""
        return self.frame(
            "from receivables where currency = $currency order by days_past_due desc, balance_minor desc",
            currency=currency,
        )

    def owed_by_day(self, currency: str) -> pl.DataFrame:
        """What was owed at the end of each day of the last year on which it changed."""
        return self.frame(
            "select day_on, balance_minor from receivables_daily"
            " where currency = $currency and day_on between $as_of - 364 and $as_of order by day_on",
            currency=currency,
            as_of=self.as_of,
        )

    def receipts(self, currency: str, days: int) -> pl.DataFrame:
        return self.frame(
            "from payments_daily where currency = $currency and received_on between $as_of - $days + 1 and $as_of"
            " order by received_on",
            currency=currency,
            as_of=self.as_of,
            days=days,
        )

    def revenue(self, currency: str) -> pl.DataFrame:
        return self.frame(
            "from revenue_by_product_type where currency = $currency and product_type <> ''"
            " and month_on between $as_of - to_months(12) and $as_of order by month_on",
            currency=currency,
            as_of=self.as_of,
        )

    def attention(self) -> pl.DataFrame:
        return self.frame("from needs_attention order by opened_on")

    def differences(self) -> pl.DataFrame:
        """On what the books and the outside do not agree, the longest first, in all currencies."""
        return self.frame("from open_differences order by days_open desc, difference_id")

    def compared(self) -> pl.DataFrame:
        """When the books were last compared with each outside."""
        return self.frame(
            "from reconciliations where finished_on <= $as_of"
            " qualify row_number() over (partition by scope order by reconciliation_id desc) = 1 order by scope",
            as_of=self.as_of,
        )

    def payouts(self, currency: str) -> pl.DataFrame:
        """The newest first; the last hundred."""
        return self.frame(
            "from payouts where currency = $currency and created_on <= $as_of"
            " order by arrives_on desc, payout_id desc limit 100",
            currency=currency,
            as_of=self.as_of,
        )

    def provider_balance(self, currency: str) -> int | None:
        """What lies on the payment provider's balance, by the books; None while nothing ever did."""
        rows = self.frame(
            "from provider_balance_days where currency = $currency and day_on <= $as_of order by day_on desc limit 1",
            currency=currency,
            as_of=self.as_of,
        ).to_dicts()
        return int(rows[0]["balance_minor"]) if rows else None

    def activity(self, days: int) -> pl.DataFrame:
        return self.frame(
            "from daily_activity where day_on between $as_of - $days + 1 and $as_of order by day_on, activity",
            as_of=self.as_of,
            days=days,
        )

    def _read_info(self) -> Info:
        (info,) = self.frame("from warehouse_info").to_dicts()
        issued = self.frame(
            "select currency, min(issued_on) as first_on from billed_invoices group by currency order by count(*) desc"
        )
        return Info(
            built_at=info["built_at"],
            extracted_at=info["extracted_at"],
            as_of=info["as_of"],
            promise_hours=info["promise_hours"],
            first_issued_on=min(issued["first_on"].to_list(), default=None),
            first_issued=dict(zip(issued["currency"].to_list(), issued["first_on"].to_list(), strict=True)),
            currencies=tuple(issued["currency"].to_list()),
        )

    def _value_as_of(self, as_of: date) -> None:
        """Temporary tables of the same names come before the file's."""
        dependent: set[str] = set()
        for relation in self.frame("from warehouse_relations order by position").to_dicts():
            dated = "as_of" in relation["parameters"]
            if dated or dependent.intersection(relation["reads"]):
                dependent.add(relation["name"])
                query = f"create temp table {relation['name']} as {relation['query']}"
                self._connection.execute(query, {"as_of": as_of} if dated else {})


@contextmanager
def _failures_of_the_file() -> Iterator[None]:
    import duckdb

    try:
        yield
    except (duckdb.InvalidInputException, duckdb.PermissionException):
        raise  # of a question that must not be asked
    except duckdb.Error as error:  # a wrong checksum has no class of its own
        raise Unreadable(error) from error


def _open(path: str) -> DuckDBPyConnection:
    """Attach the file to a database of our own in memory.

    `duckdb.connect(path)` would answer from the file that stood there before, as long as anybody in this process
    still has that one open: DuckDB keeps one instance a path (seen with 2.0.0).
    """
    import duckdb

    connection = duckdb.connect(":memory:", config={"memory_limit": "512MB", "threads": 2})
    connection.execute("attach $1 as published (read_only)".replace("$1", _quoted(path)))
    connection.execute("use published")
    connection.execute("set enable_external_access = false")
    return connection


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
