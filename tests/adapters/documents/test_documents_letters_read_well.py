"""Every sentence of every letter, in each language: it reads well whatever the session's name and the amount."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from document_samples import PAY_URL, SESSION, invoice
from html_errors import errors_in

from billing.adapters.documents import Letters
from billing.adapters.documents.wording import languages
from billing.domain.invoices import Invoice
from billing.domain.mail import (
    BalanceMail,
    InvoiceMail,
    MailContent,
    Owed,
    PaymentFailedMail,
    ReceiptMail,
    RefundMail,
    ReminderMail,
)

DAY = date(2026, 3, 20)
BILL = invoice(session=replace(SESSION, name="Family Katarzyna"), card_label="Visa ending 4242")
OPEN, LATE = Owed(DAY, 110670, 140000, 13330), Owed(date(2026, 4, 10), 110670, 153330)
PAID = Owed(DAY, 0, 264000)
CHARGED, ANNOUNCED = replace(OPEN, charge_on=DAY), replace(OPEN, charge_on=date(2026, 3, 23))
VOID = Owed(DAY, 0, 140000, is_void=True)

ALL: dict[str, Callable[[Invoice], MailContent]] = {
    "invoice": lambda bill: InvoiceMail(bill, OPEN, PAY_URL),
    "invoice late": lambda bill: InvoiceMail(bill, LATE, PAY_URL),
    "invoice paid": lambda bill: InvoiceMail(bill, PAID),
    "invoice on autopay": lambda bill: InvoiceMail(bill, CHARGED),
    "invoice on autopay, announced": lambda bill: InvoiceMail(bill, ANNOUNCED),
    "invoice on autopay, card unknown": lambda bill: InvoiceMail(replace(bill, card_label=None), ANNOUNCED),
    "invoice not charged": lambda bill: InvoiceMail(bill, OPEN, PAY_URL, is_not_charged=True),
    "receipt on autopay": lambda bill: ReceiptMail(bill, 58198, DAY, "cash", ANNOUNCED),
    "receipt": lambda bill: ReceiptMail(bill, 58198, DAY, "Visa ending 4242", OPEN, PAY_URL),
    "receipt late": lambda bill: ReceiptMail(bill, 58198, DAY, "cash", LATE, PAY_URL),
    "refund": lambda bill: RefundMail(bill, 58198, DAY, "SEPA debit", OPEN, PAY_URL),
    "reminder before": lambda bill: ReminderMail(bill, "s", OPEN, PAY_URL),
    "reminder late": lambda bill: ReminderMail(bill, "s", LATE, PAY_URL),
    "reminder last": lambda bill: ReminderMail(bill, "s", LATE, PAY_URL, is_last=True),
    "card": lambda bill: PaymentFailedMail(bill, OPEN, PAY_URL, must_authenticate=False),
    "balance": lambda bill: BalanceMail(bill, OPEN, PAY_URL),
    "balance late": lambda bill: BalanceMail(bill, LATE, PAY_URL),
    "balance nothing left": lambda bill: BalanceMail(bill, replace(PAID, credited_minor=13330)),
    "balance of a void invoice": lambda bill: BalanceMail(bill, VOID),
    "balance announced": lambda bill: BalanceMail(bill, ANNOUNCED),
    "balance charged today": lambda bill: BalanceMail(bill, CHARGED),
    "page": lambda bill: BalanceMail(bill, OPEN, PAY_URL, is_another_amount=False),
    "page late": lambda bill: BalanceMail(bill, LATE, PAY_URL, is_another_amount=False),
    "confirm": lambda bill: PaymentFailedMail(bill, OPEN, PAY_URL, must_authenticate=True),
}  # fmt: skip


def said(name: str, language: str, bill: Invoice = BILL) -> str:
    letter = Letters().write(ALL[name](replace(bill, language=language)))
    return f"{letter.subject}\n{letter.text}\n{re.sub('<[^>]+>', ' ', letter.html.partition('</style>')[2])}"


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("name", ALL)
def test_money_is_written_one_way_in_a_letter(name: str, language: str) -> None:
    """By its code alone: "$" is the money of twenty countries."""
    text = said(name, language)

    assert not re.search(r"[€$£¥]", text)
    amounts = re.findall(r"\d[\d.,\u202f\xa0 ]*[.,]\d\d(?!\d)(.{0,4})", text)
    assert amounts or name == "invoice paid"
    assert {after.replace("\xa0", " ")[:4] for after in amounts} <= {" EUR"}


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("name", ALL)
def test_a_letter_is_html_that_no_reader_has_to_guess_at(name: str, language: str) -> None:
    bill = replace(BILL, session=replace(SESSION, name="</title><p>Ada & Ben"), language=language)

    assert errors_in(Letters().write(ALL[name](bill)).html) == []


@pytest.mark.parametrize("session", ["Family Katarzyna", "Newborn shoot", "Wedding of Ada & Ben"])
@pytest.mark.parametrize(
    ("language", "thanks"),
    [
        ("en", "Thank you for letting us take your photographs ({}, 14 February 2026)."),
        ("de", "vielen Dank, dass wir für Sie fotografieren durften ({}, 14. Februar 2026)."),
        ("fr", "Merci de nous avoir confié vos photographies ({}, le 14 février 2026)."),
        ("es", "Gracias por confiarnos sus fotografías ({}, el 14 de febrero de 2026)."),
    ],
)
def test_the_thanks_read_well_for_any_session(language: str, thanks: str, session: str) -> None:
    bill = replace(BILL, session=replace(SESSION, name=session))

    assert thanks.format(session) in said("invoice", language, bill)


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("name", ALL)
def test_a_session_s_name_is_never_part_of_a_sentence(name: str, language: str) -> None:
    """It stands in brackets: "photograph Family Katarzyna" and "for Newborn shoot is due" are no sentences."""
    text = said(name, language)

    assert text.count("Family Katarzyna") == text.count("(Family Katarzyna, ") > 0


def test_french_debits_a_card_of_an_amount_and_agrees_with_it() -> None:
    with_card, without = said("invoice on autopay", "fr"), said("invoice on autopay, card unknown", "fr")

    assert with_card.startswith("Votre facture 2026-0042 de North Light : débit de 1 106,70 EUR le 20 mars")
    assert "il vous sera débité un montant de 1 106,70 EUR (Visa se terminant par 4242)." in with_card
    assert "votre carte enregistrée sera débitée de 1 106,70 EUR." in without
    assert "EUR sera" not in (with_card + without).replace("\xa0", " ")


@pytest.mark.parametrize("language", ["de", "fr", "es"])
@pytest.mark.parametrize("name", ALL)
def test_an_amount_is_no_subject_that_a_verb_has_to_agree_with(name: str, language: str) -> None:
    """1,00 EUR is one and 2,00 EUR are two in these languages: no sentence depends on it."""
    verbs = r"sera|seront|est|sont|reste|restent|ist|sind|wird|werden|fehlt|fehlen|es|son|queda|quedan"

    assert not re.search(rf"EUR (?:{verbs})\b", said(name, language).replace("\xa0", " "))
