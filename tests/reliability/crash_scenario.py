"""The scenario: some weeks in a small studio that together reach every crash point.

Each day begins with what happens outside, once and for certain; then workers do what follows from it. Only they die.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import httpx
import pysqlite3.dbapi2 as sqlite3
from crash_studio import Planned, Studio, day
from crash_worker import LOOKS, Ask, Shift

from billing.domain import canonical
from billing.domain.invoices import Invoice
from billing.domain.policy import DeliveryMode, StudioPolicy, Trigger
from billing.services.invoicing.approve_drafts import seen_as, seen_text

SESSIONS = (
    Planned("autopay", card="pm_card_visa", gallery="vsco"),
    Planned("declined", card="pm_card_chargeCustomerFail", gallery="pixieset"),
    Planned("link", gallery="vsco"),
    Planned("parts"),
    Planned("broken_charge", card="pm_card_visa"),
    Planned("broken_link"),
    Planned("broken_confirmation", card="pm_card_visa", gallery="vsco"),
    Planned("never_pays"),
    Planned("no_address", email=None),
    Planned("unread"),
    Planned("unprintable"),
    Planned("beyond_limit"),
    Planned("reviewed"),
    Planned("given_up", card="pm_card_visa"),
    Planned("machine_off"),
    Planned("held"),
    Planned("refunded", card="pm_card_visa", gallery="vsco"),
    Planned("disputed", card="pm_card_visa", gallery="pixieset"),
    Planned("ended", session_on=date(2026, 7, 1)),
    Planned("unreadable", session_on=date(2026, 7, 1)),
    Planned("closed", session_on=date(2026, 7, 1)),
    Planned("hidden"),
    Planned("hidden_alone"),
    Planned("shown"),
)

# What no scenario needs to reach, and why a crash there does no harm.
_UNFORESEEN = "only after an exception that nobody foresaw; it raises an item for a person, and raises it again"
_OWN_DEATHS = "the supervisor counts servers that died: it counts one less, or says a while longer that one did"
EXEMPT = {
    "SessionSource.account": "a read; only the doctor and a dry run ask, and nothing follows from the answer",
    "services.collections.follow_up:_set_aside": _UNFORESEEN,
    "services.intake.observe_sessions:_go_on_later": "how far a list was read; without it, it is read from the top",
    "services.safety.disk_room:watch_disks": "a look at the disks, which is taken again a minute later",
    "services.safety.server_ends:note_server_end": _OWN_DEATHS,
    "services.safety.server_ends:server_is_steady": _OWN_DEATHS,
    "services.intake.apply_events:_settle#2": _UNFORESEEN,
    "services.effects.recording:record": _UNFORESEEN,
}


@dataclass(frozen=True)
class Day:
    """One day: what happens outside, then the shift of the workers."""

    name: str
    number: int
    outside: Callable[[Studio], Any] = lambda studio: None
    asks: tuple[Ask, ...] = ()
    policy: Callable[[StudioPolicy], StudioPolicy] = lambda policy: policy
    unprintable: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    extra: tuple[str, ...] = ()
    looks: int = len(LOOKS)

    def shift(self) -> Shift:
        return Shift(day(self.number), self.asks, self.policy, self.unprintable, self.only, self.extra, self.looks)


def _completed(*keys: str) -> Callable[[Studio], None]:
    """The photographer is done; a client with a card has saved it before, and what was agreed is kept beside."""

    def happens(studio: Studio) -> None:
        for key in keys:
            if studio.clients[key].card:
                studio.consents[key] = studio.save_card(key)
        studio.complete(*keys)

    return happens


def _consent(key: str) -> Ask:
    return Ask("record_consent", lambda studio: studio.consents[key], f"{key} saved a card")


def _numbered(key: str, **more: str | int) -> Callable[[Studio], dict[str, str | int | None]]:
    return lambda studio: {"number": studio.number(key), **more}


def _paid(*keys: str) -> Callable[[Studio], None]:
    return lambda studio: [studio.pay(key) for key in keys] and None


def _half_by_cheque(studio: Studio) -> dict[str, str | int | None]:
    received = {"method": "Cheque", "reference": "cheque 17", "received_on": day(3).date().isoformat()}
    return {"number": studio.number("parts"), "amount_minor": studio.owed("parts") // 2, **received}


def _answers_are_lost(studio: Studio) -> None:
    """A payment and a page are made, a mail is taken, and nobody hears of it."""
    _completed("broken_charge", "broken_link")(studio)
    studio.stripe("faults", kind="reset", method="POST", path_prefix="/v1/payment_intents")
    studio.stripe("faults", kind="500_after", method="POST", path_prefix="/v1/payment_links")
    studio.control("faults", target="smtp", kind="drop", address="*", times=1)


def _answers_are_lost_again(studio: Studio) -> None:
    """A card is charged, a payment is written back, a gallery is opened, and nobody hears of it."""
    _completed("broken_confirmation")(studio)
    studio.stripe("faults", kind="truncate", method="POST", path_suffix="/confirm")
    for method, path in (("POST", "/payment"), ("PUT", "/gallery")):
        studio.control("faults", target="vsco", kind="500_after", method=method, path_prefix=path, times=1)


def _trouble(studio: Studio) -> None:
    """One session without an address, one that cannot be read for hours, one more than the limit lets through."""
    _completed("no_address", "unread", "unprintable", "beyond_limit")(studio)
    path = f"/job/{studio.jobs['unread'].id}/order"
    for kind, times in (("500_before", 2), ("401", 1)):
        studio.control("faults", target="vsco", kind=kind, method="GET", path_prefix=path, times=times)


def _vsco_is_away(studio: Studio) -> None:
    studio.control("faults", target="vsco", kind="500_before", times=10_000)


def _vsco_is_back(studio: Studio) -> None:
    """What was ordered to go wrong is forgotten; and a charge is prepared that has to wait for tomorrow."""
    _every_right_is_there(studio)
    _completed("given_up")(studio)
    studio.stripe("faults", kind="reset_before", method="POST", path_suffix="/confirm", times=10_000)


def _stripe_is_well(studio: Studio) -> None:
    httpx.delete(f"{studio.url}/stripe/admin/faults").raise_for_status()


def _seen_draft(studio: Studio) -> dict[str, str | int | None]:
    session_id = f"vsco:{studio.jobs['reviewed'].id}"
    [text] = studio.row("select snapshot from drafts where session_id = ?", session_id)
    invoice = canonical.loads(Invoice, text)
    return {"drafts": seen_text({invoice.invoice_id: seen_as(invoice)})}


def _money_goes_back(studio: Studio) -> None:
    """By hand at Stripe; and two banks take back what was paid, one of which only asks."""
    studio.stripe("refunds", payment_intent=studio.payment("refunded"), amount=10_000)
    studio.stripe("disputes", payment_intent=studio.payment("disputed"))
    studio.stripe("disputes", payment_intent=studio.payment("autopay"))
    studio.stripe("disputes", payment_intent=studio.payment("link"), inquiry=True)


def _banks_decide(studio: Studio) -> None:
    """One dispute is won, one lost, the inquiry ends; the rest of a payment goes back, and the balance is paid out."""
    disputes = {row["payment_intent"]: row["id"] for row in studio.objects("stripe.dispute")}
    for key, end in (("disputed", "lose"), ("autopay", "win"), ("link", "close")):
        studio.stripe(f"disputes/{disputes[studio.payment(key)]}/{end}")
    studio.stripe("refunds", payment_intent=studio.payment("refunded"))
    _a_fee_is_taken(studio)
    studio.stripe("payouts", include_pending=True)


def _a_fee_is_taken(studio: Studio) -> None:
    """A movement of the balance that belongs to no payment: Stripe bills for something else."""
    taken = studio.objects("stripe.balance_transaction")[0] | {
        "id": "txn_sbx900000ABCDEFGHJKLMNPQ", "type": "stripe_fee", "reporting_category": "fee", "source": None,
        "amount": -150, "fee": 0, "fee_details": [], "net": -150, "created": int(studio.world.now().timestamp()),
        "description": "Radar", "_payout": None,
    }  # fmt: skip
    with closing(sqlite3.connect(studio.sandbox, timeout=30)) as store, store:
        values = ("stripe.balance_transaction", taken["id"], "unpaid", json.dumps(taken))
        store.execute("insert into objects (kind, id, parent, body) values (?, ?, ?, ?)", values)


def _sessions_are_booked(studio: Studio) -> None:
    for key in ("ended", "unreadable", "closed"):
        _edit(studio, "vsco.job", studio.jobs[key].id)


def _sessions_are_over(studio: Studio) -> None:
    """Of three sessions that were booked one took place, one was called off, and one has an order of nonsense."""
    for key in ("ended", "unreadable", "closed"):
        _edit(studio, "vsco.job", studio.jobs[key].id, closed=key == "closed")
    _edit(studio, "vsco.order", studio.jobs["unreadable"].order_id or "", lineItems="none")


def _rights_are_missing(*keys: str, hidden: str | None = None) -> Callable[[Studio], None]:
    """From now on the key may read neither the tax rates nor that job; `hidden` None: no job at all."""

    def happens(studio: Studio) -> None:
        _every_right_is_there(studio)
        _completed(*keys)(studio)
        for path in (f"/job/{studio.jobs[hidden].id}" if hidden else "/job/", "/tax-rate"):
            studio.control("faults", target="vsco", kind="403", method="GET", path_prefix=path, times=10_000)

    return happens


def _every_right_is_there(studio: Studio) -> None:
    httpx.delete(f"{studio.url}/sandbox/faults").raise_for_status()


def _edit(studio: Studio, kind: str, id_: str, **values: Any) -> None:
    with closing(sqlite3.connect(studio.sandbox, timeout=30)) as store, store:
        [(body,)] = store.execute("select body from objects where kind = ? and id = ?", (kind, id_)).fetchall()
        modified = studio.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        told = json.dumps({**json.loads(body), **values, "modified": modified})
        store.execute("update objects set body = ? where kind = ? and id = ?", (told, kind, id_))


def _in_review(policy: StudioPolicy) -> StudioPolicy:
    return replace(policy, delivery_mode=DeliveryMode.REVIEW)


def _by_session_end(policy: StudioPolicy) -> StudioPolicy:
    return replace(policy, trigger=Trigger.SESSION_ENDED)


def _one_invoice(policy: StudioPolicy) -> StudioPolicy:
    return replace(policy, limits=replace(policy.limits, invoices=1))


UNTIL_BILLED = frozenset({"observe_jobs", "fetch_session_records", "bill_due_sessions"})

DAYS = (
    Day("a card on file is charged", 0, _completed("autopay"), (_consent("autopay"),)),
    Day("a card is declined", 1, _completed("declined"), (_consent("declined"),)),
    Day("pages to pay are sent", 2, _completed("link", "parts", "never_pays")),
    Day(
        "a page is paid, and a part by cheque", 3, _paid("link"),
        (Ask("record_payment", _half_by_cheque, "a cheque came"),),
    ),
    Day("the rest is paid", 4, _paid("parts", "declined")),
    Day("answers are lost", 5, _answers_are_lost, (_consent("broken_charge"),)),
    Day("answers are lost again", 6, _answers_are_lost_again, (_consent("broken_confirmation"),)),
    Day("VSCO Workspace is away", 7, _vsco_is_away, looks=2),
    Day("it is back, and a charge has to wait", 8, _vsco_is_back, (_consent("given_up"),), looks=3),
    Day(
        "the consent to a prepared charge is gone", 9, _stripe_is_well, (
            Ask("revoke_consent", lambda studio: {"client_id": studio.clients["given_up"].contact_id}, "they asked"),
        ),
    ),
    Day(
        "four sessions are in trouble", 10, _trouble,
        policy=_one_invoice, unprintable=frozenset({"unprintable"}), looks=6,
    ),
    Day("the rest goes out in review", 11, _completed("reviewed"), policy=_in_review),
    Day(
        "a draft is approved, and nonsense refused", 12, extra=("watchdog", "owner_digest"),
        asks=(
            Ask("approve", _seen_draft, "it is right"),
            Ask("void", lambda studio: {"number": "INV-1900-1"}, "a mistyped number"),
        ),
    ),
    Day("the machine goes off after billing", 13, _completed("machine_off"), only=UNTIL_BILLED),
    Day("it is on again after two days, and web hooks come", 15, extra=("watchdog", "web_hooks")),
    Day("somebody says stop", 16, _completed("held"), (Ask("hold", lambda studio: {}, "the bank called"),)),
    Day("and go on", 17, asks=(Ask("release", lambda studio: {}, "all is well"),)),
    Day(
        "two cards are charged", 18, _completed("refunded", "disputed"),
        (_consent("refunded"), _consent("disputed")),
    ),
    Day("reminders go out, and the owner is told what is overdue", 19, extra=("owner_digest",)),
    Day("books and outside are compared", 20, extra=("reconcile",)),
    Day("an invoice is void", 21, asks=(Ask("void", _numbered("never_pays"), "they moved away"),)),
    Day(
        "money goes back, by command and by hand", 22, _money_goes_back,
        (Ask("refund", _numbered("declined"), "they were unhappy"),),
    ),
    Day(
        "banks decide, the balance is paid out, and no event comes", 23, _banks_decide,
        only=frozenset({"reconcile"}), extra=("reconcile",),
    ),
    Day(
        "the events come, and what is owed again is given up", 24,
        asks=(
            Ask("write_off", _numbered("refunded"), "not worth a quarrel"),
            Ask("credit", _numbered("unprintable", amount_minor=1_000), "for the delay"),
        ),
    ),
    Day(
        "yesterday's backup is restored", 25, asks=(Ask("restore", lambda studio: {}, "the disk broke"),),
        extra=("compare_restored",),
    ),
    Day("sessions are expected by the calendar", 26, _sessions_are_booked, policy=_by_session_end, looks=2),
    Day("they are over", 34, _sessions_are_over, policy=_by_session_end, looks=2),
    Day("one of two jobs is not shown", 35, _rights_are_missing("hidden", "shown", hidden="hidden"), looks=4),
    Day("no job is shown", 36, _rights_are_missing("hidden_alone"), looks=4),
    Day("every right is there again", 37, _every_right_is_there, looks=4),
)  # fmt: skip


def is_exempt(label: str) -> bool:
    """Labels are exempt by what they are before or after."""
    return any(label.startswith(f"{name} ") for name in EXEMPT)
