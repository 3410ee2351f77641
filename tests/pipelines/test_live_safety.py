"""Another account or mode than the ledger's stops every entrance with one sentence, and nothing happens outside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from acting_studio import Studio
from click.testing import CliRunner

from billing.cli.group import billing
from billing.domain.effects import EffectKind
from billing.sandbox.stripe import faults
from pipelines.resources import BillingResource, standing
from sensors.failures import troubles_of_run

pytestmark = pytest.mark.dagster

LIVE, UNRESTRICTED = "rk_live_studio", "sk_live_studio"
BELONGS = "This ledger belongs to Stripe account"
MAY_DO_EVERYTHING = "The live Stripe key may do everything"
JOBS = ("bill_completed_sessions", "apply_stripe_events", "follow_up_unpaid")
LOOKS = ("completed_sessions", "stripe_payments", "due_work")


@pytest.fixture
def mine(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """The ledger belongs to the test account; sessions wait to be billed, and mails to be sent."""
    studio.complete_all()
    assert studio.run("bill_completed_sessions", "completed_sessions", "session_records", "invoices").success
    monkeypatch.delenv("BILLING_CLOCK_URL")  # the sandbox's time is refused beside live money
    return studio


def said_by_sensor(name: str) -> Callable[[Studio], str]:
    return lambda studio: str(studio.look(name).skip_reason)


def said_by_job(name: str) -> Callable[[Studio], str]:
    def run(studio: Studio) -> str:
        ended = studio.run(name)
        assert not ended.success
        return " ".join(one.technical for one in troubles_of_run(studio.instance, ended.run_id))

    return run


def said_by_command(*words: str) -> Callable[[Studio], str]:
    def run(_studio: Studio) -> str:
        ended = CliRunner().invoke(billing, list(words))
        assert ended.exit_code == 1
        return " ".join(ended.output.split())

    return run


ENTRANCES = {
    **{f"sensor {name}": said_by_sensor(name) for name in LOOKS},
    **{
        f"job {name}": said_by_job(name)
        for name in ("bill_completed_sessions", "apply_stripe_events", "follow_up_unpaid")
    },
    "billing approve --now": said_by_command("approve", "--over-limit", "mails", "--yes", "--now", "--actor", "olga"),
    "billing bill": said_by_command("bill", "--yes"),
    "billing reconcile": said_by_command("reconcile"),
    "billing doctor": said_by_command("doctor", "--json"),
}


@pytest.mark.parametrize(("key", "sentence"), [(LIVE, BELONGS), (UNRESTRICTED, MAY_DO_EVERYTHING)])
def test_a_key_of_the_other_mode_stops_every_entrance_with_one_sentence(
    mine: Studio, monkeypatch: pytest.MonkeyPatch, key: str, sentence: str
) -> None:
    before, intended = mine.happened_outside(), mine.intended()
    monkeypatch.setenv("BILLING_STRIPE_API_KEY", key)

    silent = [endpoint for endpoint, said in ENTRANCES.items() if sentence not in said(mine)]

    assert silent == []
    assert mine.happened_outside() == before
    assert [row for row in mine.intended() if "owner_alert" not in row[0]] == intended


def test_an_unrestricted_live_key_is_refused_at_every_entrance_unless_the_setting_says_so(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BILLING_CLOCK_URL")
    monkeypatch.setenv("BILLING_STRIPE_API_KEY", UNRESTRICTED)
    assert MAY_DO_EVERYTHING in str(studio.look("stripe_payments").skip_reason)

    monkeypatch.setenv("BILLING_STRIPE_ALLOW_UNRESTRICTED_LIVE_KEY", "true")

    assert "Stripe was asked" in str(studio.look("stripe_payments").skip_reason)


def test_a_key_swapped_while_the_sensors_run_is_noticed_at_the_next_look_and_mended_as_fast(
    mine: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mine.look("due_work").run_requests
    with monkeypatch.context() as swapped:
        swapped.setenv("BILLING_STRIPE_API_KEY", LIVE)
        assert BELONGS in str(mine.look("due_work").skip_reason)
        assert not mine.look("due_work").run_requests
        assert ("Stripe", "wrong_account") in mine.attention()

    assert mine.look("due_work").run_requests
    assert not mine.look("stripe_payments").run_requests
    assert ("Stripe", "wrong_account") not in mine.attention()


def test_a_stripe_that_does_not_answer_stops_no_look_and_is_not_asked_at_each(
    mine: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing.close()
    fault = {"kind": "500_before", "path_prefix": "/v1/account", "times": 3}
    faults.order(mine.sandbox.store, fault)

    looks = [mine.look("due_work") for _ in range(3)]

    assert all(look.run_requests for look in looks)
    assert [one["times"] for one in faults.ordered(mine.sandbox.store)] == [2]


def test_what_is_done_at_stripe_waits_while_nobody_knows_whose_account_it_is(mine: Studio) -> None:
    ctx = BillingResource()
    faults.order(mine.sandbox.store, {"kind": "500_before", "path_prefix": "/v1/account"})

    with ctx.opened():
        may = {kind.value for kind in EffectKind if ctx.may_do(kind)}

    assert "mail" in may
    assert may.isdisjoint({"charge", "refund", "pay_link", "close_pay_link"})
