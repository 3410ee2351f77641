"""A believable studio: eighteen months of sessions with prompt, slow and forgetful clients, and cards that fail."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from ledger_book import LedgerBook, noon

from billing.domain.money import Money
from billing.domain.settlement_books import post_other, post_payout
from billing.domain.settlements import Movement, MovementKind

_FIRST = (
    "Ada", "Ben", "Clara", "David", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Klara", "Leo", "Mira", "Nils",
    "Oda", "Paul", "Ronja", "Simon", "Yusuf",
)  # fmt: skip
_LAST = (
    "Albrecht", "Becker", "Conrad", "Demir", "Engel", "Fischer", "Graf", "Hansen", "Ivers", "Jung", "Keller", "Lang",
    "Moreau", "Novak", "Otto",
)  # fmt: skip

# Sessions a month in January to December: weddings in summer, families before Christmas.
_SEASON = (14, 15, 19, 24, 33, 40, 38, 41, 36, 28, 26, 22)


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    product_type: str
    low: int
    high: int
    weight: int
    retainer_share: float


_KINDS = (
    _Kind("Wedding", "Wedding photography", 180_000, 420_000, 25, 0.3),
    _Kind("Family portrait", "Portrait photography", 25_000, 60_000, 40, 0.0),
    _Kind("Newborn", "Portrait photography", 30_000, 55_000, 15, 0.0),
    _Kind("Headshots", "Business photography", 18_000, 90_000, 20, 0.0),
)


def synthetic_book(
    today: date, *, months: int = 18, currency: str = "EUR", scale: float = 1.0, seed: int = 7
) -> LedgerBook:
    """The studio's ledger as of the evening of `today`; `scale` multiplies the number of sessions."""
    chance = random.Random(seed)
    book = LedgerBook()
    first = (today.replace(day=1) - timedelta(days=30 * (months - 1))).replace(day=1)
    days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    serial = 0
    for day in days:
        expected = _SEASON[day.month - 1] / 30 * scale * (1.6 if day.weekday() >= 5 else 0.75)
        for _ in range(int(expected) + (chance.random() < expected % 1)):
            serial += 1
            _Sessions(book, chance, today, currency, (day - first).days / len(days)).add(serial, day)
    _present_day(book, today)
    _pay_out(book, today, currency)
    return book


@dataclass(slots=True)
class _Sessions:
    book: LedgerBook
    chance: random.Random
    today: date
    currency: str
    progress: float  # 0 at the first month, 1 today: the studio gets better at it

    def add(self, serial: int, session_on: date) -> None:
        kind = self.chance.choices(_KINDS, [kind.weight for kind in _KINDS])[0]
        client = f"{self.chance.choice(_FIRST)} {self.chance.choice(_LAST)}"
        observed = self._at(session_on + timedelta(days=self.chance.randint(0, 2)), 8, 18)
        if observed.date() > self.today:
            return
        session_id = f"vsco:{serial:05d}"
        self.book.session(session_id, f"{kind.name}, {client}", observed)
        amount = round(self.chance.randint(kind.low, kind.high), -2)
        autopay = self.chance.random() < 0.14 + 0.14 * self.progress
        invoice_id = self.book.invoice(
            f"INV-{observed.year}-{serial:04d}", observed.date(), amount, currency=self.currency, client=client,
            collection="autopay" if autopay else "invoice", product_type=kind.product_type,
            retainer=round(amount * kind.retainer_share), tax_minor=round(amount * 19 / 119), observed_at=observed,
            session_on=session_on, session_id=session_id, due_days=0 if autopay else 14,
        )  # fmt: skip
        sent = observed + self._processing()
        self.book.render(invoice_id, observed + (sent - observed) * 0.4)
        if sent.date() <= self.today:
            self._collect(invoice_id, autopay, sent)

    def _processing(self) -> timedelta:
        """Mostly well under an hour; now and then a person had to look first."""
        if self.chance.random() < 0.09 - 0.07 * self.progress:
            return timedelta(hours=self.chance.uniform(20, 70))
        return timedelta(minutes=self.chance.lognormvariate(3.7 - 1.1 * self.progress, 0.7))

    def _collect(self, invoice_id: str, autopay: bool, sent: datetime) -> None:
        if autopay and self.chance.random() < 0.93:
            self.book.charge(invoice_id, sent)
            self._paid(invoice_id, sent.date(), "autopay", sent)
            return
        if autopay:
            self.book.charge(invoice_id, sent, state="failed")
        self.book.mail(invoice_id, "payment_failed" if autopay else "invoice", sent)
        delay = self._delay()
        self._remind(invoice_id, sent.date(), delay)
        paid_on = sent.date() + timedelta(days=delay)
        given_up_on = sent.date() + timedelta(days=130)
        if paid_on <= self.today:
            self._paid(invoice_id, paid_on, "elsewhere" if self.chance.random() < 0.12 else "link", noon(paid_on))
        elif given_up_on <= self.today:
            self.book.write_off(invoice_id, given_up_on)

    def _delay(self) -> int:
        """Days until the client pays; a few never do."""
        kind = self.chance.random() + 0.12 * (1 - self.progress)
        if kind < 0.32:
            return self.chance.randint(0, 4)
        if kind < 0.82:
            return 5 + int(self.chance.expovariate(1 / 9))
        return 18 + int(self.chance.expovariate(1 / 20)) if kind < 1.03 else 10_000

    def _remind(self, invoice_id: str, sent_on: date, delay: int) -> None:
        for stage, after in (("friendly", 17), ("second", 28), ("last", 44)):
            day = sent_on + timedelta(days=after)
            if delay > after and day <= self.today:
                self.book.mail(invoice_id, f"reminder:{stage}", self._at(day, 9, 10))

    def _paid(self, invoice_id: str, on: date, method_kind: str, at: datetime) -> None:
        due = self.book.balances[invoice_id]
        in_parts = method_kind == "elsewhere" and (self.today - on).days < 40 and self.chance.random() < 0.3
        surplus = 500 if method_kind == "elsewhere" and self.chance.random() < 0.05 else 0
        amount = due // 2 if in_parts else due + surplus
        fee = 0 if method_kind == "elsewhere" else round(amount * 0.015) + 25
        payment_id = self.book.pay(invoice_id, on, amount, method_kind=method_kind, fee=fee, at=at)
        self.book.mail(payment_id, "receipt", at)
        if not in_parts:
            self.book.grant(invoice_id, at)
            self._second_thoughts(invoice_id, on)

    def _second_thoughts(self, invoice_id: str, paid_on: date) -> None:
        later = paid_on + timedelta(days=self.chance.randint(3, 25))
        if later > self.today or self.chance.random() > 0.02:
            return
        part = self.book.invoices[invoice_id].amount_due_minor // 5
        self.book.refund(invoice_id, later, part)
        self.book.credit(invoice_id, later, part)

    def _at(self, day: date, first_hour: int, last_hour: int) -> datetime:
        hour = time(self.chance.randint(first_hour, last_hour), self.chance.randint(0, 59))
        return datetime.combine(day, hour, tzinfo=UTC)


def _present_day(book: LedgerBook, today: date) -> None:
    """What waits for a person this evening."""
    numbers = [row["number"] for row in book.rows["invoices"][-60:]]
    first, second, later = numbers[0], numbers[3], numbers[len(numbers) // 2]
    matters = (
        (9, "charge_failed", f"inv:{second}", f"The bank asks for a confirmation of the payment of {second};"
         " the client has the link. Call them if it is not paid by Friday."),
        (4, "follow_ups_ended", f"inv:{first}", f"All reminders for {first} are sent and it is still unpaid;"
         " call the client, or write it off."),
        (2, "order_changed", f"inv:{later}", f"The order behind {later} was changed after it was billed;"
         " void the invoice or leave it as it is."),
        (0, "client_credit", "pay:12", "More than was asked for arrived; refund the rest or keep it for the next"
         " invoice."),
    )  # fmt: skip
    for days_ago, code, subject_id, sentence in matters:
        book.attention(subject_id, sentence, noon(today - timedelta(days=days_ago)), code=code)
    book.put(
        "commands", name="record_cheque", arguments="{}", actor="anna", reason="cheque in the post",
        submitted_at=noon(today - timedelta(days=1)), state="done", outcome=None, settled_at=noon(today),
    )  # fmt: skip


def _pay_out(book: LedgerBook, today: date, currency: str) -> None:
    """Every Monday what clients paid by card in the week before goes to the bank, and arrives two days later."""
    by_card = [row for row in book.rows["payments"] if row["method_kind"] != "elsewhere" and row["amount_minor"] > 0]
    first = today - timedelta(days=today.weekday() + 7 * 8)
    for monday in (first + timedelta(days=7 * week) for week in range(9)):
        since = date.min if monday == first else monday - timedelta(days=7)
        week = [row for row in by_card if since <= row["received_on"] < monday]
        moved = [("payment", row["amount_minor"], row["fee_minor"]) for row in week]
        posted_by = [f"paid:{row['payment_id']}" for row in week]
        if not moved:
            continue
        if len(moved) > 4 and monday.day < 8:  # what Stripe asks for a month of fraud checks
            asked = Movement(
                f"{monday}{currency}", MovementKind.OTHER, "", Money(-250, currency), Money(0, currency), noon(monday)
            )
            book.post(post_other(asked, monday))
            moved, posted_by = [*moved, ("other", -250, 0)], [*posted_by, f"moved:{asked.movement_id}"]
        arrives_on = monday + timedelta(days=2)
        status = "paid" if arrives_on <= today else "in_transit"
        payout_id = f"po_{monday:%m%d}{currency.lower()}"
        book.payout(payout_id, monday, arrives_on, moved, status=status, currency=currency, posted_by=posted_by)
        amount = Money(sum(minor - fee for _, minor, fee in moved), currency)
        movement = Movement(payout_id, MovementKind.PAYOUT, payout_id, -amount, Money(0, currency), noon(monday))
        book.post(post_payout(movement, payout_id, monday))
    for scope, compared in (("stripe", 412), ("vsco", 168), ("galleries", 139)):
        book.compared(scope, noon(today) - timedelta(hours=8), compared=compared, differences=int(scope == "vsco"))
