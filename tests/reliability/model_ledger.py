"""A small model of what the ledger must say, kept from what really happened; and how the two are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fake_letters import FakeMailer
from studio import POLICY, Studio

from billing.domain.effects import EffectKind, EffectState
from billing.domain.mail import Mail
from billing.domain.settlements import MovementKind
from billing.services.collections.asking_again import open_page
from billing.services.collections.owed import is_undecided
from billing.services.collections.tell_balance import is_at_work

STAGES = [stage.name for stage in POLICY.dunning.stages]


class WatchedMailer(FakeMailer):
    """Shows each mail to `watch` in the moment in which it goes out."""

    def __init__(self, watch: Callable[[Mail], None]) -> None:
        super().__init__()
        self._watch = watch

    def send(self, mail: Mail) -> dict[str, str]:
        known = len(self.sent)
        try:
            return super().send(mail)
        finally:
            if len(self.sent) > known:
                self._watch(mail)


@dataclass
class Model:
    """Per invoice what a person did here; what the provider did is the provider's own truth."""

    cheques: Counter[str] = field(default_factory=Counter)  # by invoice id, in minor units
    by_hand: Counter[str] = field(default_factory=Counter)  # given back, by invoice id, in minor units
    void: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)  # by a person, and not resumed since
    held: bool = False
    reminded: dict[str, list[tuple[str, date]]] = field(default_factory=dict)  # by invoice number: stage and day
    digests: list[date] = field(default_factory=list)  # of which days the owner was told, as it went out
    wrong: list[str] = field(default_factory=list)  # seen in the moment of sending


@dataclass(frozen=True)
class Said:
    """What the ledger says at one moment."""

    accounts: dict[tuple[str, str], int]
    invoices: dict[str, tuple[str, str, int, bool]]  # id: number, client, amount due, void
    payments: dict[str, tuple[str, int]]  # provider's id: invoice, amount
    cheques: dict[str, int]
    movements: set[str]
    given_up: dict[str, int]  # by invoice: credited and written off
    disputes: dict[str, str]  # id: invoice

    @classmethod
    def by(cls, studio: Studio) -> Said:

        def rows(sql: str) -> list[Any]:
            return glance(studio, sql)

        return cls(
            accounts={
                (account, detail): int(minor)
                for account, detail, minor in rows(
                    "select account, detail, sum(amount_minor) from journal_entries group by account, detail"
                )
            },
            invoices={
                row[0]: (row[1], row[2], row[3], row[4] is not None)
                for row in rows(
                    "select i.invoice_id, number, client_id, amount_due_minor, voided_at"
                    " from invoices as i left join invoice_voids as v on v.invoice_id = i.invoice_id"
                )
            },
            payments={
                row[0]: (row[1], row[2])
                for row in rows(
                    "select provider_object_id, invoice_id, amount_minor from payments where provider = 'stripe'"
                )
            },
            cheques=dict(
                rows("select invoice_id, sum(amount_minor) from payments where provider = 'office' group by invoice_id")
            ),
            movements={row[0] for row in rows("select movement_id from movements")},
            given_up={
                row[0]: -int(row[1])
                for row in rows(
                    "select e.detail, sum(amount_minor) from journal_entries as e"
                    " join journal_transactions as t on t.transaction_id = e.transaction_id"
                    " where e.account = 'receivable' and t.kind in ('invoice_credited', 'credit_undone', 'written_off')"
                    " group by e.detail"
                )
            },
            disputes=dict(rows("select dispute_id, invoice_id from disputes")),
        )


def glance(studio: Studio, sql: str) -> list[Any]:
    """Straight from the file: the books are looked at after every step, and before many a choice."""
    connection = studio.ledger.engine.raw_connection()
    try:
        return list(connection.cursor().execute(sql))
    finally:
        connection.close()


def unlike(studio: Studio, model: Model, said: Said, is_caught_up: bool) -> list[str]:
    """Where the ledger does not say what the model says; once it has caught up it must know all that happened."""
    return [
        *_balances(studio, model, said),
        *_clearing(studio, said),
        *_known(studio, said, is_caught_up),
        *_charges(studio, said),
        *_mails(studio, model),
        *(_told_otherwise(studio, said) if is_caught_up else []),
    ]


def _balances(studio: Studio, model: Model, said: Said) -> list[str]:
    """Owed, held by a bank or left over: due less what came in, plus what went back, less what was given up."""
    gateway, wrong = studio.gateway, []
    expected = {
        invoice_id: (0 if invoice_id in model.void else due - said.given_up.get(invoice_id, 0))
        - model.cheques[invoice_id]
        + model.by_hand[invoice_id]
        for invoice_id, (_, _, due, _) in said.invoices.items()
    }
    for payment_id in said.payments:
        expected[str(gateway.payments[payment_id].fact.invoice_id)] -= gateway.payments[payment_id].fact.amount.minor
    for movement in gateway.movements:
        paid_for = _invoice_of(studio, movement.source_id)
        if movement.movement_id in said.movements and movement.kind is not MovementKind.PAYMENT and paid_for:
            expected[paid_for] -= movement.amount.minor
    for invoice_id, (number, client, _, is_void) in said.invoices.items():
        held = sum(said.accounts.get(("disputed", one), 0) for one, of in said.disputes.items() if of == invoice_id)
        owed = said.accounts.get(("receivable", invoice_id), 0)
        found = owed + held + said.accounts.get(("client_credit", client), 0)
        credit = said.accounts.get(("client_credit", client), 0)  # of this invoice alone: a client has one here
        if not is_void and (credit > 0 or (owed > 0 and credit < 0)):
            wrong.append(f"{number} is owed {owed} beside a credit of {-credit}")
        if found != expected[invoice_id]:
            wrong.append(f"{number} comes to {found}, and should to {expected[invoice_id]}")
        if is_void != (invoice_id in model.void):
            wrong.append(f"{number} is void={is_void}")
        if is_void and owed:
            wrong.append(f"{number} is void and owed {owed}")
    return wrong


def _invoice_of(studio: Studio, source_id: str) -> str | None:
    gateway = studio.gateway
    refund, dispute = gateway.refunds.get(source_id), gateway.disputes.get(source_id)
    payment_id = refund.payment_id if refund else dispute.payment_id if dispute else None
    return gateway.payments[payment_id].fact.invoice_id if payment_id else None


def _clearing(studio: Studio, said: Said) -> list[str]:
    """The provider's balance, as far as it is known: a payment's own movement is known by the payment."""
    own = studio.gateway.payment_movements
    payments = {own[payment_id].movement_id for payment_id in said.payments}
    known = [m for m in studio.gateway.movements if m.movement_id in said.movements | payments]
    expected = sum(movement.net.minor for movement in known)
    found = said.accounts.get(("stripe_clearing", ""), 0)
    return [] if found == expected else [f"stripe_clearing is {found}, and should be {expected}"]


def _known(studio: Studio, said: Said, is_caught_up: bool) -> list[str]:
    gateway = studio.gateway
    captured = {
        payment_id: (str(intent.fact.invoice_id), intent.fact.amount.minor)
        for payment_id, intent in gateway.payments.items()
        if intent.fact.amount
    }
    wrong = [f"{one} is in the ledger as {it}" for one, it in said.payments.items() if captured.get(one) != it]
    if is_caught_up:
        wrong += [f"{one} was never recorded" for one in captured.keys() - said.payments.keys()]
        moved = {m.movement_id for m in gateway.movements if _invoice_of(studio, m.source_id)}
        wrong += [f"{one} was never posted" for one in moved - said.movements]
    return wrong


def _charges(studio: Studio, said: Said) -> list[str]:
    """At most one capture for each charge, of the frozen amount; and never two charges that took money."""
    wrong, charged = [], Counter[str]()
    frozen = dict(glance(studio, "select key, parameters from effects where kind = 'charge'"))
    taken: dict[str, list[Any]] = {}
    for intent in studio.gateway.payments.values():
        if intent.key and intent.fact.amount:
            taken.setdefault(intent.key, []).append(intent.fact)
    for key, facts in taken.items():
        charged.update(str(fact.invoice_id) for fact in facts)
        if len(facts) > 1:
            wrong.append(f"{key} took money {len(facts)} times")
        if f'"amount_minor":{facts[0].amount.minor},' not in frozen[key]:
            wrong.append(f"{key} took {facts[0].amount} and not what was agreed on: {frozen[key]}")
    wrong += [f"{said.invoices[one][0]} was charged {times} times" for one, times in charged.items() if times > 1]
    return wrong


def _mails(studio: Studio, model: Model) -> list[str]:
    doubled = [name for name, times in Counter(mail.message_id for mail in studio.mailer.sent).items() if times > 1]
    return [*model.wrong, *(f"{name} was sent more than once" for name in doubled)]


def _told_otherwise(studio: Studio, said: Said) -> list[str]:
    """Whose last mail says something else than is so: another amount, or a page that takes no money any more.

    Left out is what a person decides first, what a bank is at work on, and where a mail failed or a person answered.
    """
    wrong, mails = [], studio.effects(EffectKind.MAIL)
    lost = {
        mail.parameters.get("invoice_id")
        for mail in mails
        if mail.state is EffectState.FAILED or mail.outcome_code == "settled_by_person"
    }
    with studio.ledger.read() as uow:
        for row in map(uow.invoices.require, said.invoices.keys() - lost):
            invoice_id, owed = row.invoice.invoice_id, max(0, row.balance_minor)
            told = [mail for mail in uow.correspondence.told(invoice_id) if mail.balance_minor is not None]
            if not told or is_at_work(uow, invoice_id) or is_undecided(uow, invoice_id):
                continue
            page, last = open_page(uow, invoice_id), told[-1]
            if last.balance_minor != owed:
                wrong.append(f"{row.invoice.number} is owed {owed}, and its client heard of {last.balance_minor}")
            if page and last.pay_url != page.url:
                wrong.append(f"{row.invoice.number} is paid on {page.url}, and its client was sent to {last.pay_url}")
    return wrong


def watch_mail(studio: Studio, model: Model, mail: Mail) -> None:
    """What must be true of a mail in the moment in which it goes out."""
    watch_reminder(studio, model, mail)
    watch_digest(studio, model, mail)


def watch_digest(studio: Studio, model: Model, mail: Mail) -> None:
    """To the owner, of today, from its hour on, later than all before it, and never empty."""
    if not mail.letter.subject.startswith("OwnerDigest"):
        return
    today, local = studio.ctx.today(), studio.policy.local(studio.clock.now())
    why = {
        f"on {today}": mail.letter.subject.split()[1] != str(today),
        f"at {local:%H:%M}": local.hour < (studio.policy.digest_hour or 0),
        "to somebody else": mail.to != (studio.policy.owner_email,),
        "with nothing to say": mail.letter.text.count("count=") == mail.letter.text.count("count=0"),
        "after one of that day or a later one": bool(model.digests) and model.digests[-1] >= today,
    }
    model.digests.append(today)
    model.wrong += [f"{mail.letter.subject} went out {reason}" for reason, holds in why.items() if holds]


def watch_reminder(studio: Studio, model: Model, mail: Mail) -> None:
    """What must be true of a reminder in the moment in which it goes out."""
    if not mail.letter.subject.startswith("ReminderMail"):
        return
    _, number, stage = mail.letter.subject.split()
    [(invoice_id, is_void)] = studio.rows(
        "select i.invoice_id, v.voided_at from invoices as i left join invoice_voids as v"
        " on v.invoice_id = i.invoice_id where number = :n", n=number,
    )  # fmt: skip
    [owed] = studio.column(
        "select coalesce(sum(amount_minor), 0) from journal_entries where account = 'receivable' and detail = :i",
        i=invoice_id,
    )
    disputed = studio.column(
        "select 1 from disputes where invoice_id = :i and status in ('inquiry', 'open')", i=invoice_id
    )
    charged = studio.column(
        "select 1 from effects where subject_id = :i and kind = 'charge'"
        " and state in ('ready', 'in_flight', 'unknown')",
        i=invoice_id,
    )
    today, sent = studio.ctx.today(), model.reminded.setdefault(number, [])
    why = {
        "void": is_void is not None, "paid": owed <= 0, "paused": invoice_id in model.paused,
        "disputed": bool(disputed), "being charged": bool(charged), "held": model.held,
        "reminded on that day or a later one": bool(sent) and sent[-1][1] >= today,
        "reminded of that stage or a later one": bool(sent) and STAGES.index(sent[-1][0]) >= STAGES.index(stage),
    }  # fmt: skip
    model.wrong += [f"{number} was reminded ({stage}) though it was {what}" for what, is_so in why.items() if is_so]
    sent.append((stage, today))
