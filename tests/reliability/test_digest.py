"""The digest says whether two ledgers hold the same facts, and nothing of how they came to them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from digest import describe, differences, ledger_digest
from sqlalchemy import text
from studio import Studio

from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger

Make = Callable[[], Studio]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    template, made = tmp_path / "template.db", []
    first = SqlLedger(f"sqlite:///{template}")
    migrate(first.engine)
    first.close()

    def studio() -> Studio:
        path = shutil.copy(template, tmp_path / f"ledger{len(made)}.db")
        made.append(SqlLedger(f"sqlite:///{path}"))
        return Studio.around(made[-1])

    yield studio
    for ledger in made:
        ledger.close()


def paid(studio: Studio, minor: int | None = None) -> Studio:
    studio.with_gallery()
    studio.round()
    studio.pay_on_page(minor=minor)
    studio.round()
    return studio


def test_the_same_facts_at_another_hour_and_in_more_rounds_have_one_digest(make: Make) -> None:
    early, late = make(), make()
    late.clock.go(hours=3)

    paid(early)
    paid(late).round()

    assert differences(describe(early.ledger.engine), describe(late.ledger.engine)) == []
    assert ledger_digest(early.ledger.engine) == ledger_digest(late.ledger.engine)


def test_another_amount_is_another_digest_and_the_difference_can_be_read(make: Make) -> None:
    whole, part = paid(make()), paid(make(), minor=20_000)

    lines = differences(describe(whole.ledger.engine), describe(part.ledger.engine))

    assert ledger_digest(whole.ledger.engine) != ledger_digest(part.ledger.engine)
    assert any(line.startswith("- allocations: ") and "50000" in line for line in lines)
    assert any(line.startswith("+ allocations: ") and "20000" in line for line in lines)


@pytest.mark.parametrize(
    "change",
    [
        "update effects set state = 'unknown' where kind = 'write_back'",
        "update effects set parameters_sha256 = 'x' where kind = 'mail' and purpose = 'receipt'",
        "update provider_events set state = 'review'",
        "update grants set revoked_at = granted_at",
        "update pay_links set closed_at = null",
        "insert into attention (subject_id, code, sentence, opened_at) values ('a', 'b', 'c', 'd')",
        "insert into allocations values ('p', 'i', 1)",
        "insert into movements (movement_id, provider, kind, source_id, currency, amount_minor, fee_minor, description,"
        " occurred_at, recorded_at) values ('m', 'stripe', 'payment', 'c', 'EUR', 1, 0, '', 'd', 'd')",
    ],
)
def test_every_kind_of_fact_counts(make: Make, change: str) -> None:
    studio = paid(make())
    before = ledger_digest(studio.ledger.engine)

    with studio.ledger.engine.connect() as connection, connection.begin():
        connection.execute(text(change.replace("'p', 'i'", "(select payment_id from payments), 'i'")))

    assert ledger_digest(studio.ledger.engine) != before
