"""What the ledger promises about its rows, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from paper import DRAFT, LATER, NOW, charge, finalize, finalized, mail, payment, record, session
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from billing.adapters.ledger.columns import Instant
from billing.adapters.ledger.migrate import MIGRATIONS, is_current, migrate, newest_revision
from billing.adapters.ledger.schema import APPEND_ONLY, metadata
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain import canonical
from billing.domain.books import Entry, Posting
from billing.domain.errors import PermanentError
from billing.domain.events import DomainEvent
from billing.domain.money import Money
from billing.domain.payments import PayLink, ProviderEvent, SavedMethod
from billing.domain.settlements import Movement, MovementKind, PayoutFact, PayoutStatus
from billing.ports.ledger import GrantRow
from billing.ports.outside import GalleryAccess


def run(ledger: SqlLedger, sql: str) -> list[tuple[object, ...]]:
    with ledger.engine.connect() as plain:
        connection = plain.execution_options(write=True)
        with connection.begin():
            result = connection.execute(text(sql))
            return [tuple(row) for row in result] if result.returns_rows else []


def test_the_migrations_build_what_the_schema_says(ledger: SqlLedger) -> None:
    with ledger.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []
    assert is_current(ledger.engine)


def test_migrating_twice_changes_nothing(empty: SqlLedger) -> None:
    assert not is_current(empty.engine)
    migrate(empty.engine)
    migrate(empty.engine)

    assert is_current(empty.engine)
    assert set(inspect(empty.engine).get_table_names()) == {*metadata.tables, "alembic_version"}


def fill(ledger: SqlLedger) -> None:
    """At least one row in every table that is append only."""
    with ledger.write() as uow:
        uow.records.keep("vsco", record(), "j1", NOW)
        uow.documents.add("inv_1", "invoice", b"%PDF", NOW)
        uow.payments.add(payment(), NOW)
        uow.payments.allocate("pay_pi_1", "inv_1", Money(500, "EUR"))
        uow.journal.record_event(DomainEvent("e1", "said", "inv_1", NOW))
        invoice = finalize(uow)
        uow.invoices.void(invoice.invoice_id, "olga", "by mistake", NOW)
        moved = Movement("txn_1", MovementKind.PAYMENT, "ch_1", Money(500, "EUR"), Money(20, "EUR"), NOW)
        uow.settlements.add_movement("stripe", moved, "inv_1", "paid:pay_1", NOW)
        amount, day = Money(480, "EUR"), NOW.date()
        payout = PayoutFact("stripe", "po_1", amount, PayoutStatus.PAID, True, True, NOW, day, (), ("txn_1",))
        uow.settlements.keep_payout(payout, NOW)
    columns = "invoice_id, position, name, rate, inclusive, base_minor, amount_minor"
    run(ledger, f"insert into invoice_taxes ({columns}) values ('inv_1', 0, 'VAT', '0.19', 0, 1, 1)")
    run(
        ledger,
        "insert into invoice_deductions (invoice_id, position, kind, source_payment_id, amount_minor)"
        " values ('inv_1', 0, 'retainer', 'r', 1)",
    )


@pytest.mark.parametrize("table", [table.name for table in APPEND_ONLY])
def test_an_append_only_table_refuses_every_change(ledger: SqlLedger, table: str) -> None:
    fill(ledger)
    column = next(iter(metadata.tables[table].primary_key)).name
    before = run(ledger, f"select count(*) from {table}")

    for change in (f"update {table} set {column} = {column}", f"delete from {table}"):
        with pytest.raises(DBAPIError, match=f"{table} is append only"):
            run(ledger, change)

    assert run(ledger, f"select count(*) from {table}") == before != [(0,)]


def test_a_rolled_back_invoice_leaves_no_gap(ledger: SqlLedger) -> None:
    finalized(ledger, "inv_1", "o1")
    with suppress(ZeroDivisionError), ledger.write() as uow:
        finalize(uow, "inv_2", "o2")
        _ = 1 / 0
    last = finalized(ledger, "inv_3", "o3")

    assert last.number == "INV-0002"


def test_four_writers_number_without_gaps_and_without_waiting_in_vain(ledger: SqlLedger) -> None:
    def work(worker: int) -> None:
        for turn in range(15):
            try:
                with ledger.write() as uow:
                    finalize(uow, f"inv_{worker}_{turn}", f"o_{worker}_{turn}")
                    if turn % 5 == 4:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    numbers = [row[0] for row in run(ledger, "select sequence from invoices order by sequence")]
    assert numbers == list(range(1, 49))
    with ledger.read() as uow:
        assert uow.journal.broken_links() == []


def test_the_chains_show_a_row_that_was_tampered_with(ledger: SqlLedger) -> None:
    finalized(ledger)
    with ledger.write() as uow:
        uow.journal.record_event(DomainEvent("e1", "said", "inv_1", NOW, body={"amount_minor": 1}))
        uow.journal.record_event(DomainEvent("e2", "said", "inv_1", NOW))
        assert uow.journal.broken_links() == []
    postgres = ledger.engine.dialect.name == "postgresql"
    for table, change in (
        ("domain_events", """update domain_events set body = '{}' where event_id = 'e1'"""),
        ("journal_entries", "update journal_entries set amount_minor = amount_minor * 2"),
    ):
        trigger = f"{table}_refuses_change on {table}" if postgres else f"{table}_refuses_update"
        run(ledger, f"drop trigger {trigger}")
        run(ledger, change)

    with ledger.read() as uow:
        assert uow.journal.broken_links() == ["journal issued:inv_1", "domain_events e1"]


def test_the_chain_shows_a_row_that_was_taken_out(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        for number in range(3):
            uow.journal.record_event(DomainEvent(f"e{number}", "said", "inv_1", NOW))
    postgres = ledger.engine.dialect.name == "postgresql"
    run(ledger, f"drop trigger domain_events_refuses_{'change on domain_events' if postgres else 'delete'}")
    run(ledger, "delete from domain_events where event_id = 'e1'")

    with ledger.read() as uow:
        assert uow.journal.broken_links() == ["domain_events e2"]


@pytest.mark.parametrize("forged", ["after another row", "in another place"])
def test_the_chain_shows_a_row_that_fits_only_itself(ledger: SqlLedger, forged: str) -> None:
    event, other = DomainEvent("e2", "said", "inv_1", NOW), "f" * 64
    with ledger.write() as uow:
        uow.journal.record_event(DomainEvent("e1", "said", "inv_1", NOW))
        uow.journal.record_event(event)
    postgres = ledger.engine.dialect.name == "postgresql"
    run(ledger, f"drop trigger domain_events_refuses_{'change on domain_events' if postgres else 'update'}")
    digest = canonical.sha256(other + canonical.dumps(event))
    change = "seq = 3" if forged == "in another place" else f"previous_hash = '{other}', hash = '{digest}'"
    run(ledger, f"update domain_events set {change} where event_id = 'e2'")

    with ledger.read() as uow:
        assert uow.journal.broken_links() == ["domain_events e2"]


def test_the_same_posting_and_the_same_event_are_kept_once(ledger: SqlLedger) -> None:
    entries = (Entry("bank", "", Money(5, "EUR")), Entry("receivable", "inv_1", Money(-5, "EUR")))
    posting = Posting("paid:1", "payment_received", "inv_1", NOW.date(), entries)
    with ledger.write() as uow:
        assert [uow.journal.post(posting, NOW) for _ in range(2)] == [True, False]
        assert [uow.journal.record_event(DomainEvent("e1", "said", "x", NOW)) for _ in range(2)] == [True, False]
        assert uow.journal.balance("receivable", "inv_1") == -5
        assert uow.journal.entries("paid:1") == list(entries)
        assert uow.journal.position() == "domain_events=1 journal=1"


def test_at_most_one_live_invoice_of_a_part(ledger: SqlLedger) -> None:
    finalized(ledger, "inv_1")
    with ledger.read() as uow:
        assert uow.invoices.revisions("vsco:j1", "o1") == (1, True)
    with ledger.write() as uow:
        uow.invoices.void("inv_1", "olga", "wrong", NOW)
        assert uow.invoices.revisions("vsco:j1", "o1") == (1, False)
    finalized(ledger, "inv_2")

    with pytest.raises(IntegrityError):
        run(ledger, f"insert into invoices select {_copied(ledger)} from invoices where invoice_id = 'inv_2'")


def _copied(ledger: SqlLedger) -> str:
    """All columns, with keys of its own but the same session, part and revision."""
    own = {"invoice_id": "'inv_x'", "number": "'INV-X'", "sequence": "99"}
    return ", ".join(own.get(column.name, column.name) for column in metadata.tables["invoices"].columns)


def test_one_open_charge_and_one_mail_of_a_purpose(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        assert uow.effects.intend(charge(), NOW)
        assert not uow.effects.intend(charge(purpose="again"), NOW)
        assert uow.effects.intend(mail(occasion="2026-03-02"), NOW)
        assert not uow.effects.intend(mail(occasion="2026-03-03"), NOW)
        assert uow.effects.intend(mail(purpose="reminder:second"), NOW)


def test_a_pin_is_kept_at_first_sight(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        assert [uow.operations.pin("account", value, NOW) for value in ("a", "b")] == ["a", "a"]


def test_an_event_and_a_payment_are_kept_once(ledger: SqlLedger) -> None:
    event = ProviderEvent("evt_1", "payment_intent.succeeded", NOW, "pi_1", "pi_1", "{}")
    with ledger.write() as uow:
        assert [uow.payments.keep_event("stripe", event, NOW) for _ in range(2)] == [True, False]
        assert [uow.payments.add(payment(), NOW) for _ in range(2)] == [True, False]
        assert uow.payments.waiting_events("stripe", 9) == [event]
        uow.payments.settle_event("stripe", "evt_1", "applied", None, NOW)
        assert uow.payments.waiting_events("stripe", 9) == []
        assert uow.payments.of_invoice("inv_1") == [uow.payments.get("pay_pi_1")] == [payment()]
        assert uow.payments.recorded_since("stripe", NOW) == [payment()]
        assert uow.payments.get("pay_none") is None


def test_a_newer_consent_replaces_the_older(ledger: SqlLedger) -> None:
    first = SavedMethod("c1", "cus_1", "pm_1", "Visa", "v1", NOW)
    with ledger.write() as uow:
        uow.payments.add_consent(first, "olga", NOW)
        uow.payments.add_consent(SavedMethod("c1", "cus_1", "pm_2", "Visa", "v1", NOW), "olga", LATER)
        assert uow.payments.consent("c1") == SavedMethod("c1", "cus_1", "pm_2", "Visa", "v1", NOW)
        assert uow.payments.revoke_consent("c1", LATER)
        assert not uow.payments.revoke_consent("c1", LATER)
        assert uow.payments.consent("c1") is None


def test_instants_are_utc_and_their_text_sorts_by_time(ledger: SqlLedger) -> None:
    column = Instant()
    assert column.process_bind_param(NOW, ledger.engine.dialect) == "2026-03-02T09:00:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        column.process_bind_param(NOW.replace(tzinfo=None), ledger.engine.dialect)


def test_an_invoice_comes_back_as_it_was_frozen(ledger: SqlLedger) -> None:
    invoice = finalized(ledger)
    with ledger.read() as uow:
        row = uow.invoices.require("inv_1")

        assert (row.invoice, row.balance_minor, row.is_void) == (invoice, 500, False)
        assert row.balance == Money(500, "EUR")
        assert uow.invoices.by_number("INV-0001") == row
        assert uow.invoices.by_number(" inv\N{EN DASH}0001 ") == row
        assert uow.invoices.by_number("INV-0002") is uow.invoices.get("inv_2") is None
        assert uow.invoices.unpaid() == [row]
        assert uow.invoices.made_since(NOW) == 1
        with pytest.raises(PermanentError, match="inv_2 is not in the ledger"):
            uow.invoices.require("inv_2")


def test_drafts_wait_until_they_are_decided(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.drafts.keep(DRAFT, "waiting", NOW)
        assert [draft.invoice for draft in uow.drafts.in_state("waiting")] == [DRAFT]
        assert uow.invoices.made_since(NOW) == 1
        uow.drafts.decide("inv_1", "discarded", "olga", LATER)
        decided = uow.drafts.get("inv_1")
        assert decided is not None
        assert decided.state == "discarded"
        assert uow.drafts.get("inv_2") is None


def test_documents_are_kept_once(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.documents.add("inv_1", "invoice", b"first", NOW)
        uow.documents.add("inv_1", "invoice", b"second", NOW)
        assert uow.documents.content("inv_1", "invoice") == b"first"
        assert uow.documents.has("inv_1", "invoice")
        assert not uow.documents.has("inv_2", "invoice")


def test_the_newest_open_link_is_the_one_to_pay_on(ledger: SqlLedger) -> None:
    first, second = PayLink("l1", "https://1"), PayLink("l2", "https://2")
    with ledger.write() as uow:
        uow.pay_links.add("inv_1", first, Money(5, "EUR"), NOW)
        uow.pay_links.add("inv_1", second, Money(3, "EUR"), LATER)
        assert uow.pay_links.newest_open("inv_1") == second
        assert uow.pay_links.open_of("inv_1") == [second, first]
        uow.pay_links.close("l2", LATER)
        assert uow.pay_links.newest_open("inv_1") == first
        uow.pay_links.close("l1", LATER)
        assert uow.pay_links.newest_open("inv_1") is None


def test_a_pause_holds_until_it_is_lifted(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        assert not uow.pauses.is_paused("inv_1")
        uow.pauses.pause("inv_1", "olga", "talking", NOW)
        assert uow.pauses.is_paused("inv_1")
        uow.pauses.resume("inv_1", LATER)
        assert not uow.pauses.is_paused("inv_1")


def test_attention_is_open_once_and_can_be_closed_but_for_what_still_holds(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        assert [uow.tasks.raise_task("s", "a", "A.", NOW) for _ in range(2)] == [True, False]
        assert not uow.tasks.raise_task("s", "a", "A, as it is now.", LATER)
        [item] = uow.tasks.open_tasks()
        assert (item.sentence, item.opened_at) == ("A, as it is now.", NOW)
        assert uow.tasks.raise_task("s", "b", "B.", NOW)
        assert uow.tasks.resolve("s", None, "pipeline", LATER, but=["b"]) == 1
        assert [item.code for item in uow.tasks.open_tasks()] == ["b"]
        assert uow.tasks.resolve("s", "b", "olga", LATER) == 1
        assert uow.tasks.raise_task("s", "b", "B again.", LATER)


def test_sessions_are_seen_once_and_settled(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        assert [uow.sessions.observe(session(), "fulfillment") for _ in range(2)] == [True, False]
        uow.sessions.records_fetched("vsco:j1", LATER)
        uow.sessions.settle("vsco:j1", "billed", None, LATER)
        [row] = uow.sessions.in_state("billed", 1)
        assert row.records_fetched_at == LATER
        assert uow.sessions.get("vsco:j2") is None


def gallery_of(ledger: SqlLedger, parts: int = 1) -> None:
    with ledger.write() as uow:
        uow.sessions.observe(session(), "fulfillment")
        uow.sessions.records_fetched("vsco:j1", NOW)
        uow.records.keep("vsco", record("g1", "{}", "gallery"), "j1", NOW)
        for part in range(parts):
            finalize(uow, f"inv_{part + 1}", f"o{part + 1}")


def paid(ledger: SqlLedger, invoice_id: str) -> None:
    with ledger.write() as uow:
        entries = (Entry("bank", "", Money(500, "EUR")), Entry("receivable", invoice_id, Money(-500, "EUR")))
        uow.journal.post(Posting(f"paid:{invoice_id}", "payment_received", invoice_id, NOW.date(), entries), NOW)


def waiting_for_a_gallery(ledger: SqlLedger, paid_only: bool = True) -> list[str]:
    with ledger.read() as uow:
        return [row.invoice.invoice_id for row in uow.invoices.awaiting_grant(paid_only)]


def test_a_gallery_waits_until_all_invoices_of_its_session_are_paid(ledger: SqlLedger) -> None:
    gallery_of(ledger, parts=2)
    assert waiting_for_a_gallery(ledger, paid_only=False) == ["inv_1"]
    paid(ledger, "inv_1")
    assert waiting_for_a_gallery(ledger) == []
    paid(ledger, "inv_2")
    assert waiting_for_a_gallery(ledger) == ["inv_1"]


def test_a_gallery_that_was_granted_does_not_wait(ledger: SqlLedger) -> None:
    gallery_of(ledger)
    paid(ledger, "inv_1")
    access = GalleryAccess("https://g", "secret", None, NOW.date())
    grant = GrantRow("grant_1", "inv_1", "vsco", "g1", "Photos", access, NOW)
    with ledger.write() as uow:
        uow.grants.add(grant, "vsco:j1")
        assert uow.grants.of_invoice("inv_1") == [grant]

    assert waiting_for_a_gallery(ledger) == []


def test_sessions_without_a_gallery_are_looked_at_again_for_a_while(ledger: SqlLedger) -> None:
    finalized(ledger)
    with ledger.write() as uow:
        uow.sessions.observe(session(), "fulfillment")
        uow.sessions.records_fetched("vsco:j1", NOW)

    def found(fetched_before: timedelta, finalized_after: timedelta, paid_only: bool) -> int:
        with ledger.read() as uow:
            return len(uow.sessions.without_gallery(NOW + fetched_before, NOW + finalized_after, paid_only))

    hour = timedelta(hours=1)
    assert found(hour, -hour, False) == 1
    assert found(hour, -hour, True) == 0
    paid(ledger, "inv_1")
    assert found(hour, -hour, True) == 1
    assert found(-hour, -hour, True) == 0
    assert found(hour, hour, True) == 0


def test_the_newest_revision_is_the_one_that_alembic_leads_to() -> None:
    """Read from the files' names, because Alembic is too slow to ask in every run."""
    from alembic.script import ScriptDirectory

    assert newest_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
