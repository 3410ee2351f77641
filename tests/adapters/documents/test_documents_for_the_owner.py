"""The owner's morning mail as it is read: in four languages, with amounts by currency, and nothing where nothing is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from document_samples import STUDIO

from billing.adapters.documents import Letters
from billing.adapters.documents.wording import languages, words_of
from billing.domain.mail import (
    TO_THE_OWNER,
    DigestLine,
    DigestPart,
    Letter,
    MailKind,
    OwnerDigest,
    SentMails,
)
from billing.domain.money import Money
from billing.domain.tasks import TaskKind

EUR, CHF = Money(412_050, "EUR"), Money(39_000, "CHF")
DRAFTS = (DigestLine("Anna Berger", "Anna & Ben, wedding", EUR), DigestLine("Ola", "Portrait", CHF))
TASKS = (DigestLine("", "", task=TaskKind.MACHINERY), DigestLine("Mara", "2026-0031", task=TaskKind.CALL))
DIGEST = OwnerDigest(
    STUDIO,
    "en",
    date(2026, 3, 3),
    drafts=DigestPart(7, (CHF, EUR), DRAFTS),
    tasks=DigestPart(2, (), TASKS),
    overdue=DigestPart(1, (EUR,), (DigestLine("Mara", "2026-0031", EUR, 31),)),
    sent=(SentMails(MailKind.INVOICE, 3, (EUR,)), SentMails(MailKind.REMINDER, 1)),
    dashboard_url="https://figures.northlight.example",
)  # fmt: skip
EVENING = replace(DIGEST, drafts=DigestPart(), tasks=DigestPart(), overdue=DigestPart())


def write(digest: OwnerDigest) -> Letter:
    return Letters().write(digest)


def test_it_answers_in_the_order_in_which_an_owner_asks() -> None:
    letter = write(DIGEST)

    assert letter.subject == "North Light: 7 invoices to approve, 2 tasks, 1 overdue invoice"
    assert letter.text == (
        "9 things wait for you. 3 March 2026\n\n"
        "To approve: 7 (390.00 CHF, 4,120.50 EUR)\n"
        "These invoices are ready. They go out when you approve them.\n"
        "- Anna Berger: Anna & Ben, wedding (4,120.50 EUR)\n"
        "- Ola: Portrait (390.00 CHF)\n"
        "and 5 more\n\n"
        "To decide: 2\n"
        "- A part of the program needs a look. Please ask whoever looks after the installation.\n"
        "- Mara, 2026-0031: All reminders were sent, and it is still open. Please call.\n\n"
        "Overdue: 1 (4,120.50 EUR)\n"
        "Reminders go out by themselves where nothing stands in the way.\n"
        "- Mara: 2026-0031, 31 days overdue (4,120.50 EUR)\n\n"
        "Sent yesterday: 4\n"
        "- 3 invoices: 4,120.50 EUR\n"
        "- 1 reminder\n\n"
        "Open the dashboard:\nhttps://figures.northlight.example\n\n"
        "For whoever looks after the installation:\n"
        "`billing approve` shows what waits for approval and sends it.\n"
        "`billing needs-attention` lists each task with what is known of it and what to run.\n"
        "BILLING_OWNER_DIGEST=false ends this mail; BILLING_OWNER_DIGEST_HOUR sets its hour.\n"
    )


def test_where_only_something_went_out_it_says_that_nothing_waits() -> None:
    letter = write(replace(EVENING, dashboard_url=""))

    assert letter.subject == "North Light: 4 mails sent yesterday"
    assert letter.text.startswith("Nothing waits for you. 3 March 2026\n\nSent yesterday: 4\n- 3 invoices")
    for absent in ("To approve", "Overdue", "dashboard", "billing approve", "and 0 more"):
        assert absent not in letter.text + letter.html


@pytest.mark.parametrize(
    ("language", "subject", "headline"),
    [
        ("de", "North Light: 7 Rechnungen zur Freigabe, 2 Aufgaben, 1 überfällige Rechnung", "9 Dinge warten auf Sie"),
        ("fr", "North Light : 7 factures à valider, 2 tâches, 1 facture en retard", "9 choses vous attendent"),
        ("es", "North Light: 7 facturas por aprobar, 2 tareas, 1 factura vencida", "9 cosas le esperan"),
    ],
)
def test_it_speaks_the_studios_language(language: str, subject: str, headline: str) -> None:
    letter = write(replace(DIGEST, language=language))

    assert letter.subject.replace("\xa0", " ") == subject
    assert f"{headline}</h1>" in letter.html
    assert not re.search(r"\{|To approve|overdue", letter.text)


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_kind_of_task_and_of_mail_has_words(language: str) -> None:
    words = words_of(language)

    assert {key.removeprefix("task.") for key in words if key.startswith("task.")} == set(TaskKind)
    for kind in set(MailKind) - set(TO_THE_OWNER):
        assert words[f"digest.{kind}_one"].startswith("1 ")
        assert words[f"digest.{kind}_many"].startswith("{count} ")


@pytest.mark.parametrize("language", sorted(languages()))
def test_no_task_is_told_in_words_of_a_program(language: str) -> None:
    told = [words for key, words in words_of(language).items() if key.startswith(("task.", "digest."))]

    assert not [words for words in told if re.search(r"`|--|[a-z]_[a-z]|Dagster|Error|BILLING", words)]


def test_each_amount_stands_on_the_right_and_names_stay_names() -> None:
    hostile = DigestLine("<img src=http://evil.example>", "a\r\nBcc: x@y.example", EUR)
    letter = write(replace(DIGEST, drafts=DigestPart(1, (EUR,), (hostile,))))

    assert "<img" not in letter.html
    assert "\nBcc" not in letter.text
    assert re.search(r'align="right"[^>]*tabular-nums[^>]*>4,120.50\xa0EUR</td>', letter.html)
