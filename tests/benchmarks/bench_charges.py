"""Charges as fast as Stripe's limit lets them through, never over it, against a sandbox that takes 200 ms to answer.

    python tests/benchmarks/bench_charges.py 300

The sandbox refuses what is beyond the limit, as Stripe does, and counts the requests of every second.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from sqlalchemy import Connection, event
from stage import ROOT, Stage, show, show_machine, stage

sys.path.insert(0, str(ROOT / "tests" / "support"))  # a studio of fakes; Stripe alone is at the wire

from studio import Studio

from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.adapters.stripe_gateway import StripeGateway
from billing.adapters.throttle import Pace
from billing.domain.effects import EffectKind
from billing.domain.policy import DailyLimits
from billing.settings import Settings

LIMIT = 25
LATENCY_MS = 200
KEY = "sk_test_sandbox"
MOST_COMMITS = 4
CHARGES = 300  # half a minute: what begins and what ends it weighs little


def main(charges: int) -> None:
    show_machine()
    with stage() as room, _studio(room, charges) as studio:
        room.post("/stripe/admin/latency", {"latency_ms": LATENCY_MS})
        room.post("/stripe/admin/rate_limit", {"per_second": LIMIT})
        began = time.perf_counter()
        with _commits(studio.ledger) as commits:
            ended = studio.do(EffectKind.CHARGE)
        seconds = time.perf_counter() - began
        traffic = room.get("/stripe/admin/traffic")
        captured = room.get("/sandbox/oracle")["charges"]
    rate = traffic["requests"] / seconds
    print(f"{charges} charges: {seconds:.1f} s, {traffic['requests']} requests, {traffic['refused']} refused, {ended}")
    show("charges: requests a second / the limit", rate / LIMIT, ">= 0.9", rate >= 0.9 * LIMIT)
    most = traffic["most_in_a_second"]
    show("  most requests in any one second, at the sandbox", most, f"<= {LIMIT}", most <= LIMIT)
    show("  charges a second", charges / seconds, ">= 11", charges / seconds >= 11)
    each = len(commits) / charges
    show("  commits of the ledger a charge", each, f"<= {MOST_COMMITS}", each <= MOST_COMMITS)
    twice = len(captured["subjects_charged_more_than_once"])
    right = captured["succeeded"] == ended.get("done") == charges and not twice
    show("  charged at the sandbox, each once", captured["succeeded"] - twice, str(charges), right)


@contextmanager
def _studio(room: Stage, charges: int) -> Iterator[Studio]:
    """Invoices on autopay, billed and waiting to be charged, with the concurrency that the settings have by default."""
    ledger = SqlLedger(f"sqlite:///{room.room / 'charges.db'}")
    migrate(ledger.engine)
    studio = Studio.around(ledger)
    studio.concurrency = Settings.model_fields["concurrency"].default
    pace = Pace("Stripe", LIMIT, Path(room.room / "pace"))
    studio.gateway = StripeGateway(KEY, api_base=f"{room.url}/stripe", pace=pace)  # type: ignore[assignment]
    customer, card = _saved_card(room)
    for number in range(charges):
        studio.ask(
            "record_consent", client_id=f"c-j{number}", customer_id=customer, payment_method_id=card,
            label="Visa ending 4242", text_version="v1", consented_at="2026-02-01T10:00:00+00:00",
        )  # fmt: skip
        studio.session(f"j{number}", collection_preference="autopay")
    studio.policy = replace(studio.policy, limits=DailyLimits(10**6, 10**6, 10**6))
    studio.bill()
    studio.gateway.account()  # the SDK is imported by its first call
    yield studio
    ledger.close()


def _saved_card(room: Stage) -> tuple[str, str]:
    with httpx.Client(base_url=f"{room.url}/stripe/v1", headers={"Authorization": f"Bearer {KEY}"}) as stripe:
        customer = stripe.post("/customers", data={"name": "Ada"}).raise_for_status().json()["id"]
        attached = stripe.post("/payment_methods/pm_card_visa/attach", data={"customer": customer})
        return customer, attached.raise_for_status().json()["id"]


@contextmanager
def _commits(ledger: SqlLedger) -> Iterator[list[float]]:
    """The moments at which something was committed; a transaction that only reads ends in no commit that waits."""
    moments: list[float] = []

    def committed(connection: Connection) -> None:
        if connection.get_execution_options().get("write"):
            moments.append(time.perf_counter())

    event.listen(ledger.engine, "commit", committed)
    yield moments
    event.remove(ledger.engine, "commit", committed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CHARGES)
