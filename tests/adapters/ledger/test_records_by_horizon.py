"""What the ledger keeps of the booking system, and what was known of it when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from paper import LATER, NOW, record, session

from billing.adapters.ledger.unit_of_work import SqlLedger


def test_records_keep_every_version_and_what_was_known_when(ledger: SqlLedger) -> None:
    order, gone = record("o1", '{"total":1}', "order"), record("o2", "{}", "order")
    with ledger.write() as uow:
        assert uow.records.keep_all("vsco", "j1", [record(), order, gone], NOW)
        assert not uow.records.keep_all("vsco", "j1", [record(), order, gone], NOW)
        billed_at = uow.records.horizon()
        changed = record("o1", '{"total":2}', "order")
        assert uow.records.keep_all("vsco", "j1", [record(), changed], LATER)
        assert not uow.records.keep_all("vsco", "j1", [record(), changed], LATER)

        assert uow.records.of_job("vsco", "j1") == [record(), changed]
        assert uow.records.of_job("vsco", "j1", billed_at) == [record(), order, gone]
        assert uow.records.keep_all("vsco", "j1", [record(), changed, gone], LATER)
        assert uow.records.of_job("vsco", "j1") == [record(), changed, gone]
        assert uow.records.of_kinds("vsco", ["order"]) == [changed, gone]


def test_what_is_linked_to_a_job_later_was_not_known_to_belong_to_it(ledger: SqlLedger) -> None:
    gallery = record("g1", "{}", "gallery")
    with ledger.write() as uow:
        uow.records.keep_all("vsco", "j1", [record()], NOW)
        uow.records.keep_all("vsco", "j2", [gallery], NOW)
        billed_at = uow.records.horizon()
        assert uow.records.keep_all("vsco", "j1", [record(), gallery], LATER)

        assert uow.records.of_job("vsco", "j1", billed_at) == [record()]
        assert uow.records.of_job("vsco", "j1", uow.records.horizon()) == [gallery, record()]
        assert not uow.records.keep_all("vsco", "j1", [record(), gallery], LATER)


def test_what_was_gone_when_we_billed_stays_gone_though_it_came_back(ledger: SqlLedger) -> None:
    order = record("o1", "{}", "order")
    with ledger.write() as uow:
        uow.records.keep_all("vsco", "j1", [record(), order], NOW)
        with_it = uow.records.horizon()
        uow.records.keep_all("vsco", "j1", [record()], LATER)
        without_it = uow.records.horizon()
        uow.records.keep_all("vsco", "j1", [record(), order], LATER)
        back = uow.records.horizon()
        uow.records.keep_all("vsco", "j1", [record()], LATER)

        known = {at: uow.records.of_job("vsco", "j1", at) for at in (with_it, without_it, back)}
        assert known == {with_it: [record(), order], without_it: [record()], back: [record(), order]}
        assert uow.records.of_job("vsco", "j1") == [record()]


def test_shared_records_are_known_as_they_were_then(ledger: SqlLedger) -> None:
    before, after = record("t1", '{"rate":19}', "tax-rate"), record("t1", '{"rate":21}', "tax-rate")
    with ledger.write() as uow:
        uow.records.keep("vsco", before, None, NOW)
        billed_at = uow.records.horizon()
        uow.records.keep("vsco", after, None, LATER)

        assert uow.records.of_kinds("vsco", ["tax-rate"], billed_at) == [before]
        assert uow.records.of_kinds("vsco", ["tax-rate"]) == [after]


def test_another_source_and_another_job_are_other_records(ledger: SqlLedger) -> None:
    ours, theirs = record("t1", '{"rate":19}', "tax-rate"), record("t1", '{"rate":7}', "tax-rate")
    with ledger.write() as uow:
        for source, shared in (("vsco", ours), ("other", theirs)):
            uow.records.keep(source, shared, None, NOW)
            uow.records.keep_all(source, "j1", [record("o1", "{}", "order"), record("g1", "{}", "gallery")], NOW)
        uow.records.keep_all("vsco", "j2", [record("o1", "{}", "order")], NOW)
        assert uow.records.keep_all("vsco", "j1", [record("o1", "{}", "order")], LATER)  # its gallery is gone

        at = uow.records.horizon()
        assert uow.records.of_kinds("vsco", ["tax-rate"]) == uow.records.of_kinds("vsco", ["tax-rate"], at) == [ours]
        assert uow.records.of_kinds("other", ["order"]) == [record("o1", "{}", "order")]
        assert [one.kind for one in uow.records.of_job("vsco", "j1")] == ["order"]
        assert [one.kind for one in uow.records.of_job("vsco", "j2")] == ["order"]
        assert [one.kind for one in uow.records.of_job("other", "j1")] == ["gallery", "order"]


def test_sessions_of_a_state_come_in_the_order_in_which_they_were_seen(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        for number, job in enumerate(("j3", "j1", "j2")):
            uow.sessions.observe(replace(session(job), first_observed_at=NOW + timedelta(hours=number)), "fulfillment")
        uow.sessions.observe(session("j4", "billed"), "fulfillment")

        assert [row.job_id for row in uow.sessions.in_state("due")] == ["j3", "j1", "j2"]
        assert [row.job_id for row in uow.sessions.in_state("due", 2)] == ["j3", "j1"]


def test_a_record_that_went_back_to_an_older_body_is_a_new_version(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        kept = [uow.records.keep("vsco", record(body=body), None, NOW) for body in ("1", "2", "1", "1")]

    assert kept == [True, True, True, False]
