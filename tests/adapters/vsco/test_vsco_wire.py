"""The adapter and the sandbox at the wire, with the maker's specification as referee between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from strangers import seed_with_strangers
from vsco_contract import SPEC, Referee

from billing.adapters.vsco import VscoGalleries, VscoWorkspace
from billing.domain.errors import PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.money import Money
from billing.domain.sessions import SessionFacts, Stage
from billing.sandbox import faults
from billing.sandbox.seed import SeedPlan, complete_session
from billing.sandbox.server import RunningSandbox, running_sandbox

PAID_ON = date(2026, 3, 5)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox") / "state.db") as running:
        yield running


@pytest.fixture(scope="module")
def plan(sandbox: RunningSandbox) -> SeedPlan:
    return seed_with_strangers(sandbox.store, sandbox.clock, sessions=6, seed=7)


@pytest.fixture
def vsco(sandbox: RunningSandbox, plan: SeedPlan) -> Iterator[VscoWorkspace]:
    line: httpx.BaseTransport = httpx.HTTPTransport()
    if SPEC.exists():
        line = Referee(line, "/vsco/api/v2")
    workspace = VscoWorkspace(
        f"{sandbox.url}/vsco/api/v2", plan.api_key, page_size=10, timeout_seconds=20, transport=line
    )
    yield workspace
    workspace.close()
    for fault in sandbox.store.newest("fault"):
        sandbox.store.delete("fault", fault["id"])


def facts(vsco: VscoWorkspace, job_id: str) -> SessionFacts:
    return vsco.read_session(vsco.related_records(job_id).records, vsco.shared_records().records)


def impatient(sandbox: RunningSandbox, plan: SeedPlan, kind: str = "") -> VscoWorkspace:
    """Waits half a second where a time-out is wanted, and long enough for a busy machine elsewhere."""
    return VscoWorkspace(f"{sandbox.url}/vsco/api/v2", plan.api_key, timeout_seconds=0.5 if kind == "timeout" else 20)


def test_the_specification_is_there_to_referee():
    if not Path(SPEC).exists():
        pytest.skip("the maker's specification is not beside this clone (../shared/specs)")
    assert json.loads(SPEC.read_text())["openapi"].startswith("3.0")


def test_the_account_is_the_studios(vsco: VscoWorkspace):
    account = vsco.account()

    assert (account.name, account.currency, account.email) == ("North Light", "EUR", "studio@northlight.example")


def test_every_job_is_seen_and_summarised(vsco: VscoWorkspace, plan: SeedPlan):
    shared = vsco.shared_records().records

    found = [vsco.read_job(record, shared) for page in vsco.changed_jobs(None) for record in page]

    assert {job.job_id for job in found} == {job.id for job in plan.jobs}
    assert [job.name for job in found if job.sample] == [plan.difficult("sample").name]
    assert {job.brand for job in found} == {"North Light"}


def test_raw_records_are_the_same_text_when_nothing_has_changed(vsco: VscoWorkspace, plan: SeedPlan):
    assert vsco.related_records(plan.jobs[0].id) == vsco.related_records(plan.jobs[0].id)
    assert vsco.shared_records() == vsco.shared_records()


@pytest.mark.parametrize("number", range(6))
def test_an_ordinary_session_is_read_whole(vsco: VscoWorkspace, plan: SeedPlan, number: int):
    planned = [job for job in plan.jobs if job.difficulty is None][number]
    client = plan.client_of(planned)

    found = facts(vsco, planned.id)

    assert (found.client.name, found.client.emails) == (client.name, (client.email,))
    assert (found.client.country, found.client.language) == (client.country, client.language)
    assert found.collection_preference == client.preference
    assert sum(order.total.minor for order in found.orders) == planned.total_minor
    assert sum(order.balance.minor for order in found.orders) == planned.balance_minor
    assert found.session_starts_at is not None
    assert [g.gallery_id for g in found.galleries] == [
        id_ for id_ in [planned.collection_id or planned.gallery_id] if id_
    ]
    assert [g.host for g in found.galleries] == [host for host in [planned.gallery] if host != "none"]


def test_a_retainer_is_told_as_such(vsco: VscoWorkspace, plan: SeedPlan):
    planned = plan.difficult("zero_balance")

    (order,) = facts(vsco, planned.id).orders

    assert [payment.is_retainer for payment in order.payments] == [True]
    assert sum(payment.amount.minor for payment in order.payments) == planned.total_minor


@pytest.mark.parametrize(
    ("difficulty", "expected"),
    [
        ("missing_email", lambda found: found.client.emails == ()),
        ("voided_order", lambda found: [order.status for order in found.orders] == ["voided"]),
        ("no_gallery", lambda found: found.galleries == ()),
        ("hostile_name", lambda found: found.client.name == "<img src=http://evil.example/x> O'Brien"),
        ("right_to_left", lambda found: found.client.name == "ليلى الحداد"),
        ("formula_name", lambda found: found.client.name == "=1+1 @SUM(A1)"),
        ("two_clients", lambda found: len(found.client.emails) == 1),
        ("two_orders", lambda found: len(found.orders) == 2),
        ("future_payment", lambda found: [order.payments for order in found.orders] == [()]),
    ],
)
def test_a_difficult_session_is_read_as_it_is(vsco: VscoWorkspace, plan: SeedPlan, difficulty, expected):
    planned = plan.difficult(difficulty)

    found = facts(vsco, planned.id)

    assert expected(found)
    assert found.client.client_id == planned.contact_id


def test_a_completed_session_comes_first_with_its_date(vsco: VscoWorkspace, plan: SeedPlan, sandbox: RunningSandbox):
    planned = plan.jobs[-1]
    sandbox.clock.advance(timedelta(hours=1))
    since = sandbox.clock.now() - timedelta(minutes=5)

    complete_session(sandbox.store, sandbox.clock, planned.id)
    pages = list(vsco.changed_jobs(since))

    assert [record.source_id for page in pages for record in page] == [planned.id]
    job = vsco.read_job(pages[0][0], vsco.shared_records().records)
    assert (job.stage, job.fulfilled_on is not None) == (Stage.FULFILLMENT, True)


def test_a_page_that_shifts_while_reading_loses_nothing(vsco: VscoWorkspace, plan: SeedPlan, sandbox: RunningSandbox):
    faults.add(sandbox.store, "vsco", {"kind": "shifting_page", "times": 2})

    found = {record.source_id for page in vsco.changed_jobs(None) for record in page}
    again = {record.source_id for page in vsco.changed_jobs(None, max_pages=1) for record in page}

    assert found | again == {job.id for job in plan.jobs}


def test_a_payment_goes_back_once_and_is_found_again(vsco: VscoWorkspace, plan: SeedPlan):
    planned = plan.difficult("greylisted_email")
    amount = Money(planned.balance_minor, "EUR")
    before = vsco.find_payment(planned.id, "pi_wire")

    payment_id = vsco.record_payment(planned.id, "pi_wire", amount, PAID_ON, "Paid by card, INV-0001")
    was_applied = vsco.payment_is_applied(payment_id, planned.order_id or "")
    vsco.apply_payment(payment_id, planned.order_id or "", amount)

    assert (before, was_applied) == (None, False)
    assert vsco.find_payment(planned.id, "pi_wire") == payment_id
    assert vsco.payment_is_applied(payment_id, planned.order_id or "")
    (order,) = facts(vsco, planned.id).orders
    assert order.balance == Money(0, "EUR")
    assert "pi_wire" in [payment.transaction_id for payment in order.payments]


def test_applying_more_than_is_owed_is_refused_in_their_words(vsco: VscoWorkspace, plan: SeedPlan):
    planned = plan.difficult("no_gallery")
    payment_id = vsco.record_payment(planned.id, "pi_much", Money(9_999_999, "EUR"), PAID_ON, "")

    with pytest.raises(PermanentError, match="balance") as caught:
        vsco.apply_payment(payment_id, planned.order_id or "", Money(9_999_999, "EUR"))

    assert caught.value.code == "vsco_refused"


@pytest.mark.parametrize("kind", ["timeout", "reset_after", "truncate", "500_after", "malformed_json"])
def test_a_payment_whose_answer_is_lost_is_unknown_and_found_by_looking(
    plan: SeedPlan, sandbox: RunningSandbox, kind: str
):
    job = plan.difficult("two_clients")
    workspace = impatient(sandbox, plan, kind)
    workspace.account()
    faults.add(sandbox.store, "vsco", {"kind": kind, "method": "POST", "delay_seconds": 1.0})

    with pytest.raises(UnknownOutcomeError):
        workspace.record_payment(job.id, f"pi_{kind}", Money(100, "EUR"), PAID_ON, "")

    assert impatient(sandbox, plan).find_payment(job.id, f"pi_{kind}") is not None


@pytest.mark.parametrize("kind", ["timeout", "reset", "truncate", "500_before", "malformed_json", "429"])
def test_a_read_that_fails_is_to_be_repeated(plan: SeedPlan, sandbox: RunningSandbox, kind: str):
    workspace = impatient(sandbox, plan, kind)
    faults.add(sandbox.store, "vsco", {"kind": kind, "method": "GET", "delay_seconds": 1.0, "retry_after": 17})

    with pytest.raises(TemporaryError) as caught:
        workspace.account()

    assert caught.value.retry_after_seconds == (17 if kind == "429" else None)
    assert impatient(sandbox, plan).account().currency == "EUR"


def test_a_wrong_key_is_refused(sandbox: RunningSandbox, plan: SeedPlan):
    with pytest.raises(PermanentError, match="vsco_api_key"):
        VscoWorkspace(f"{sandbox.url}/vsco/api/v2", "wrong").account()


def test_nobody_at_home_is_temporary(sandbox: RunningSandbox):
    with pytest.raises(TemporaryError) as caught:
        VscoWorkspace("http://127.0.0.1:1/api/v2", "any").account()

    assert caught.value.code == "vsco_unreachable"


def test_a_gallery_opens_expires_and_closes(vsco: VscoWorkspace, plan: SeedPlan, sandbox: RunningSandbox):
    planned = next(job for job in plan.jobs if job.gallery == "vsco")
    host, until = VscoGalleries(vsco.client), date(2027, 1, 1)

    access = host.open_gallery(planned.gallery_id or "", until)
    host.open_gallery(planned.gallery_id or "", until)
    stored = sandbox.store.get("vsco.gallery", planned.gallery_id or "") or {}

    assert (access.url, access.password, access.expires_on) == (stored["clientUrl"], stored["password"], until)
    assert stored["status"] == "active"
    assert len(sandbox.store.effects("vsco.gallery_updated")) == 1
    host.close_gallery(planned.gallery_id or "")
    assert (sandbox.store.get("vsco.gallery", planned.gallery_id or "") or {})["status"] == "inactive"


def test_whole_units_are_read_and_written_as_such(sandbox: RunningSandbox, plan: SeedPlan):
    planned = plan.difficult("two_orders")
    workspace = VscoWorkspace(f"{sandbox.url}/vsco/api/v2", plan.api_key, money_scale="units")
    sandbox.store.set_setting("vsco:money_scale", "units")
    try:
        payment_id = workspace.record_payment(planned.id, "pi_units", Money(12_300, "EUR"), PAID_ON, "")
        order = facts(workspace, planned.id).orders[0]
    finally:
        sandbox.store.set_setting("vsco:money_scale", "cents")

    assert order.total.minor % 100 == 0
    assert (sandbox.store.get("vsco.payment", payment_id) or {})["amount"] == 12_300
