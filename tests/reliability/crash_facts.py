"""What is true at the end of a case, in the ledger and outside, with all that providers number named by what it is.

After a crash the provider may hand out its numbers in another order: the same payment is then another `pi_…`. So each
object is called by what it stands for before two worlds are compared; a second charge for one invoice is `#2`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite3  # the ledger's own driver: two SQLites in one process undo each other's locks
from crash_worker import PERSON
from digest import describe
from sqlalchemy import Engine

from billing.adapters.ledger.engine import open_engine
from billing.domain.effects import message_id

Facts = dict[str, Counter[str]]

# Told by their rows instead of their hashes: what is hashed holds the provider's numbers.
_PLAIN = {
    # A mail that a person has settled has no reference of its own.
    # What a day cannot end is open, in whatever state the evening finds it.
    "effects": """
        select key, kind, parameters, case when state in ('ready', 'in_flight', 'unknown') then 'open' else state end,
        case kind when 'mail' then '' else provider_reference end from effects""",
    # The watchdog tells of time that has passed, and a crash takes time.
    "attention": """
        select subject_id, code from attention where resolved_at is null and subject_id not like 'watchdog:%'
        and subject_id not in
        (select key from effects where state in ('ready', 'in_flight', 'unknown'))""",
    "invoices": "select number, invoice_id, snapshot from invoices",
}
# What is not the same fact in every world: the provider tells one change by as many events as it made.
_LEFT_OUT = ("provider_events",)
# A mail is told by its Message-ID: an invoice that goes out before the card is tried says that it will be charged.
_NOT_COMPARED = ("mail_id", "url", "subject")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:\+00:00|Z)")
_STRIPE_ID = re.compile(r"\b(?:pi|ch|re|du|txn|po|plink|evt|cs_test|prod|price|req)_sbx\d{6}[A-Za-z]{15}\b")


def facts(ledger: Path, sandbox: Path, sender_domain: str) -> Facts:
    """Every fact by its table (`outside …`: the oracle's), as texts that can be compared with another world's."""
    engine = open_engine(f"sqlite:///{ledger}")
    try:
        named = _Names(engine, sandbox, sender_domain)
        return {name: Counter(rows) for name, rows in [*_inside(engine, named), *_outside(sandbox, named)]}
    finally:
        engine.dispose()


def differences(ours: Facts, reference: Facts) -> list[str]:
    """What only one of two worlds says, a sentence each."""
    found = []
    for name in sorted({*ours, *reference}):
        mine, theirs = ours.get(name, Counter()), reference.get(name, Counter())
        found += [f"{name}: too much: {row[:600]}" for row in sorted((mine - theirs).elements())]
        found += [f"{name}: missing: {row[:600]}" for row in sorted((theirs - mine).elements())]
    return found


def _inside(engine: Engine, named: _Names) -> Iterator[tuple[str, list[str]]]:
    described = describe(engine)
    with engine.connect() as connection:
        for name, query in _PLAIN.items():
            described[name] = [list(row) for row in connection.exec_driver_sql(query)]
    for name, rows in described.items():
        if name not in _LEFT_OUT:
            yield name, [named(json.dumps(row, ensure_ascii=False)) for row in rows if not _is_of_recovery(name, row)]


def _is_of_recovery(table: str, row: list[Any]) -> bool:
    """The person who looks at the mail server after a crash has nothing to say in the other world."""
    return table in ("commands", "domain_events") and PERSON in row


def _outside(sandbox: Path, named: _Names) -> Iterator[tuple[str, list[str]]]:
    """Every effect that the sandbox has counted."""
    rows: dict[str, list[str]] = {}
    with closing(sqlite3.connect(sandbox)) as store:
        for kind, subject, detail in store.execute("select kind, subject, detail from effects order by seq"):
            told = {name: value for name, value in json.loads(detail).items() if name not in _NOT_COMPARED}
            rows.setdefault(f"outside {kind}", []).append(named(json.dumps([subject, told], ensure_ascii=False)))
    yield from rows.items()


class _Names:
    """Calls the provider's numbers, and what the ledger derives from them, by what they stand for. Instants go."""

    def __init__(self, engine: Engine, sandbox: Path, sender_domain: str) -> None:
        self._names: dict[str, str] = {}
        self._taken: Counter[str] = Counter()
        with closing(sqlite3.connect(sandbox)) as store:
            self._of_stripe(store)
            self._of_vsco(store)
        with engine.connect() as connection:
            self._of_ledger(connection, sender_domain)
        self._known = re.compile("|".join(sorted(map(re.escape, self._names), key=len, reverse=True)) or "(?!)")

    def __call__(self, text: str) -> str:
        """The text with every known number named; a number of the provider's that nobody knows is just its kind."""
        renamed = self._known.sub(lambda found: self._names[found[0]], text)
        return _INSTANT.sub("<instant>", _STRIPE_ID.sub(lambda found: found[0].partition("_")[0], renamed))

    def _name(self, raw: str, stands_for: str) -> None:
        if raw not in self._names:
            self._taken[stands_for] += 1
            self._names[raw] = f"<{stands_for}#{self._taken[stands_for]}>"

    def _of_stripe(self, store: sqlite3.Connection) -> None:
        def objects(kind: str) -> Iterator[dict[str, Any]]:
            for (body,) in store.execute("select body from objects where kind = ? order by seq", (f"stripe.{kind}",)):
                yield json.loads(body)

        for link in objects("payment_link"):
            self._name(link["id"], f"link {link['metadata'].get('effect_key')}")
        for intent in objects("payment_intent"):
            about = intent["metadata"]
            self._name(intent["id"], f"payment {about.get('effect_key') or about.get('invoice_id')} {intent['amount']}")
        for charge in objects("charge"):
            self._name(charge["id"], f"charge {charge['status']} {self._names.get(charge['payment_intent'])}")
        for refund in objects("refund"):
            asked = refund["metadata"].get("effect_key") or "by hand"
            self._name(refund["id"], f"refund {refund['amount']} of {self._names[refund['payment_intent']]} {asked}")
        for dispute in objects("dispute"):
            self._name(dispute["id"], f"dispute of {self._names[dispute['payment_intent']]}")
        for payout in objects("payout"):
            self._name(payout["id"], f"payout {payout['amount']}")
        for moved in objects("balance_transaction"):
            source = self._names.get(str(moved["source"]), "?")
            self._name(moved["id"], f"movement {moved['type']} {moved['amount']} of {source}")

    def _of_vsco(self, store: sqlite3.Connection) -> None:
        for (body,) in store.execute("select body from objects where kind = 'vsco.payment' order by seq"):
            payment = json.loads(body)
            transaction = str(payment.get("transactionId"))
            self._name(payment["id"], f"written back {self._names.get(transaction, transaction)}")

    def _of_ledger(self, connection: Any, sender_domain: str) -> None:
        for number, invoice_id in connection.exec_driver_sql("select number, invoice_id from invoices"):
            self._name(number, f"number of {invoice_id}")
        for number, name, reason in connection.exec_driver_sql("select command_id, name, reason from commands"):
            self._name(f"command:{number}", f"command {name}: {reason}")
        query = "select payment_id, provider_object_id from payments"
        for payment_id, object_id in connection.exec_driver_sql(query):
            self._name(payment_id, f"our {self._known_as(object_id)}")
        for (key,) in connection.exec_driver_sql("select key from effects where kind = 'mail' order by key"):
            plain = self._known_as(key)
            self._name(message_id(key, sender_domain), f"mail {plain}")

    def _known_as(self, text: str) -> str:
        for raw, name in self._names.items():
            text = text.replace(raw, name)
        return text
