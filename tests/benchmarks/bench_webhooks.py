"""A burst of 500 web hooks at two endpoints of one ledger: none lost or doubled; its rate and slowest answers."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from stage import ROOT, show

sys.path.insert(0, str(ROOT / "tests" / "support"))  # the tests send the same burst

from portals import portal_process
from web_hook_burst import deliveries, send_burst
from web_hook_deliveries import PINNED, SECRET

from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger

EVENTS = 500
OF_THE_FLOOR_WANTED = 0.4
P99_OF_THE_FLOORS_WANTED = 4


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, _two_endpoints(Path(folder)) as (ledger, endpoints):
        every = deliveries(EVENTS, seed=1)
        not_used = [[one | {"type": "charge.succeeded"} for one in same_instant] for same_instant in every]
        floor = send_burst(endpoints, SECRET, not_used)
        burst = send_burst(endpoints, SECRET, every)
        with ledger.read() as uow:
            kept = [one.event_id for one in uow.payments.waiting_events("stripe", EVENTS * 2)]
    lost, doubled = EVENTS - len(set(kept)), len(kept) - len(set(kept))
    sent, ratio = sum(map(len, every)), burst.rate / floor.rate
    print(f"web hooks: {sent} deliveries of {EVENTS} events at 2 endpoints")
    print(f"           kept before the answer: {burst.rate:.0f} a second, p99 {burst.p99_ms:.0f} ms")
    print(f"           answered, not kept: {floor.rate:.0f} a second, p99 {floor.p99_ms:.0f} ms")
    show("web hooks lost + doubled", lost + doubled, "0", lost == doubled == 0)
    wanted = f">= {OF_THE_FLOOR_WANTED}"
    show("web hooks a second, kept durably / not kept", ratio, wanted, ratio >= OF_THE_FLOOR_WANTED)
    slowest, wanted = burst.p99_ms / floor.p99_ms, f"<= {P99_OF_THE_FLOORS_WANTED}"
    show("web hook to its answer, p99, kept / not kept", slowest, wanted, slowest <= P99_OF_THE_FLOORS_WANTED)


@contextmanager
def _two_endpoints(room: Path) -> Iterator[tuple[SqlLedger, list[str]]]:
    ledger = SqlLedger(f"sqlite:///{room / 'ledger.db'}")
    migrate(ledger.engine)
    with ledger.write() as uow:
        uow.operations.pin("stripe_account", PINNED, datetime.now(UTC))
    with portal_process(room) as one, portal_process(room) as other:
        yield ledger, [one.hook, other.hook]
    ledger.close()


if __name__ == "__main__":
    main()
