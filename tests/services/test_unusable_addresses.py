"""Addresses that mail cannot be sent to: the good ones get their mail, and what is wrong is one task that is true."""

from __future__ import annotations

from dataclasses import replace

from fake_letters import FakeMailer
from studio import Studio

from billing.domain.effects import EffectKind, EffectState
from billing.domain.errors import PermanentError
from billing.domain.sessions import SessionFacts

GOOD, OTHER, BAD = "j1@example.com", "per@example.com", "n/a@none"
WHY = "'n/a@none' is not an e-mail address that mail can be sent to: It should have a period."
UNUSABLE = ("client:c-j1", "address_unusable")


def with_addresses(studio: Studio, *good: str, bad: tuple[str, ...] = (), job_id: str = "j1") -> SessionFacts:
    facts = studio.session(job_id)
    client = replace(facts.client, client_id="c-j1", emails=good, unusable_emails=tuple((one, WHY) for one in bad))
    facts = replace(facts, client=client)
    studio.source.put(facts)
    return facts


def sent_to(mailer: FakeMailer, kind: str) -> list[tuple[str, ...]]:
    return [mail.to for mail in mailer.sent if mail.letter.subject.startswith(kind)]


def test_a_bad_address_beside_a_good_one_stops_nothing_and_is_one_task(studio: Studio) -> None:
    with_addresses(studio, GOOD, OTHER, bad=(BAD,))
    with_addresses(studio, GOOD, OTHER, bad=(BAD,), job_id="j2")
    studio.round()
    studio.pay_on_page()
    studio.round()

    assert sent_to(studio.mailer, "InvoiceMail") == [(GOOD,), (GOOD,)]
    assert sent_to(studio.mailer, "ReceiptMail") == [(GOOD, OTHER)]
    assert list(studio.open_items()) == [UNUSABLE]
    sentence = studio.open_items()[UNUSABLE]
    assert sentence.startswith(f"Mail to Ada j1 goes to {GOOD}, {OTHER} alone. {WHY} Correct it in the booking system")
    assert studio.invoice().invoice.client.emails == (GOOD, OTHER)


def test_the_task_ends_when_the_address_is_mended_or_taken_out(studio: Studio) -> None:
    with_addresses(studio, GOOD, bad=(BAD,))
    studio.round()
    with_addresses(studio, GOOD)
    studio.tomorrow()
    studio.round()

    assert studio.codes() == []


def test_who_has_closed_the_task_is_not_asked_again_about_the_same_address(studio: Studio) -> None:
    with_addresses(studio, GOOD, bad=(BAD,))
    studio.round()
    studio.ask("resolve", subject=UNUSABLE[0], code=UNUSABLE[1])
    for _ in range(3):
        studio.tomorrow()
        studio.round()
    assert studio.codes() == []

    with_addresses(studio, GOOD, bad=(BAD, "x@y"))
    studio.tomorrow()
    studio.round()

    assert studio.codes() == [UNUSABLE[1]]


def test_without_any_good_address_there_is_no_number_and_the_advice_is_true(studio: Studio) -> None:
    with_addresses(studio, bad=(BAD,))
    studio.round()
    [((subject, code), sentence)] = studio.open_items().items()
    assert (subject, code, studio.state_of()) == ("vsco:j1", "missing_email", "attention")
    assert sentence == (
        f"No address of Ada j1 can be mailed to. {WHY} Correct it in the booking system; it is then billed by itself."
    )
    assert studio.column("select count(*) from number_series") == [0]

    with_addresses(studio, GOOD)
    studio.clock.go(minutes=10)
    studio.round()

    assert studio.state_of() == "billed"
    assert sent_to(studio.mailer, "InvoiceMail") == [(GOOD,)]
    assert studio.codes() == []


def test_an_address_that_the_mail_server_refuses_takes_no_other_with_it_and_is_a_task(studio: Studio) -> None:
    with_addresses(studio, GOOD, OTHER)
    studio.mailer.gone.add(OTHER)
    studio.round()
    studio.pay_on_page()
    studio.round()

    assert sent_to(studio.mailer, "ReceiptMail") == [(GOOD, OTHER)]
    assert {effect.state for effect in studio.effects(EffectKind.MAIL)} == {EffectState.DONE}
    [((subject, code), sentence)] = studio.open_items().items()
    assert (subject, code) == ("client:c-j1", "address_refused")
    assert sentence.startswith(
        "A mail about INV-2026-0001 reached the other addresses of Ada j1, and not per@example.com"
    )

    studio.mailer.gone.clear()
    with_addresses(studio, GOOD, OTHER, job_id="j2")
    studio.round()
    studio.pay_on_page("j2")
    studio.round()

    assert studio.codes() == []


def test_what_an_older_version_froze_is_mended_when_it_is_sent(studio: Studio) -> None:
    with_addresses(studio, f"{GOOD};mailto:{OTHER}.")
    studio.round()

    assert sent_to(studio.mailer, "InvoiceMail") == [(GOOD, OTHER)]


def test_a_frozen_address_that_nobody_can_mail_to_is_sent_elsewhere_and_that_is_what_is_said(studio: Studio) -> None:
    with_addresses(studio, BAD)
    studio.mailer.line.fail("send", PermanentError("invalid_email", WHY))
    studio.round()
    [mail] = studio.effects(EffectKind.MAIL)
    [((_, code), sentence)] = studio.open_items().items()
    assert code == "effect_failed"
    assert sentence.endswith(f"To send it to another address: `billing retry {mail.effect_id} --to ADDRESS`.")

    refused = studio.ask("retry", effect_id=mail.effect_id, to="anna lee@example.com")
    assert "is not an e-mail address" in refused
    studio.ask("retry", effect_id=mail.effect_id, to=f"Anna <{GOOD}>; {OTHER}")
    studio.round()

    assert sent_to(studio.mailer, "InvoiceMail") == [(GOOD, OTHER)]
    assert studio.codes() == []
