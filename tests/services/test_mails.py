"""Mails: looked at once more when they are sent, once each, and never twice after a crash."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from fakes import Crash
from studio import Studio

from billing.domain.effects import EffectKind, EffectState, Intent
from billing.domain.errors import PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.payments import Refusal
from billing.domain.policy import DailyLimits
from billing.domain.task_commands import commands_of
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.invoicing.deliver_invoices import render_invoices


def mails(studio: Studio) -> dict[str, str]:
    return {effect.purpose: effect.state.value for effect in studio.effects(EffectKind.MAIL)}


def ready_to_mail(studio: Studio, job_id: str = "j1") -> None:
    studio.session(job_id)
    studio.bill()
    studio.do(EffectKind.PAY_LINK)
    render_invoices(studio.ctx)


def test_the_invoice_goes_to_the_first_address_with_its_pdf_and_link(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.round()

    [mail] = studio.mailer.sent
    assert mail.to == ("j1@example.com",)
    assert mail.attachments[0].filename == "INV-2026-0001.pdf"
    assert b"https://pay.example/plink_1" in mail.attachments[0].content
    assert "https://pay.example/plink_1" in mail.letter.text


def test_no_invoice_says_that_a_card_will_be_charged_which_was_refused(studio: Studio) -> None:
    studio.gateway.cards["pm_1"] = Refusal("lost_card")
    studio.autopay()
    studio.bill()
    render_invoices(studio.ctx)
    studio.do(EffectKind.CHARGE)

    studio.do(EffectKind.MAIL)
    waits = mails(studio)
    studio.clock.go(minutes=5)
    studio.round()

    assert waits == {"invoice": "ready"}
    [invoice] = [mail for mail in studio.mailer.sent if mail.letter.subject.startswith("InvoiceMail")]
    assert "https://pay.example/plink_1" in invoice.letter.text


def test_no_invoice_is_sent_that_is_void_by_now(studio: Studio) -> None:
    ready_to_mail(studio)
    studio.ask("void", number="INV-2026-0001")
    studio.round()

    assert mails(studio) == {"invoice": "cancelled"}


def test_an_invoice_that_was_paid_by_now_goes_out_all_the_same_and_asks_for_nothing(studio: Studio) -> None:
    """It is the client's document: a receipt does not stand for it."""
    ready_to_mail(studio)
    studio.pay_on_page()
    studio.round()

    assert studio.mailer.subjects() == ["InvoiceMail INV-2026-0001", "ReceiptMail INV-2026-0001"]
    [invoice] = [mail for mail in studio.mailer.sent if mail.letter.subject.startswith("InvoiceMail")]
    assert invoice.letter.text.endswith("balance_minor=0, pay_url=None, is_not_charged=False")


def test_an_invoice_that_is_tried_again_says_what_is_owed_by_then(studio: Studio) -> None:
    """It bounced; two weeks later a part was paid, a part was credited, and somebody knows another address."""
    ready_to_mail(studio)
    studio.mailer.gone.add("j1@example.com")
    studio.do(EffectKind.MAIL)
    [bounced] = studio.effects(EffectKind.MAIL)
    studio.clock.go(days=20)
    studio.pay_by_cheque(minor=20_000)
    studio.ask("credit", number="INV-2026-0001", amount_minor=5_000)
    studio.do(EffectKind.PAY_LINK)
    studio.ask("retry", effect_id=bounced.effect_id, to="right@example.com")
    studio.mailer.sent.clear()
    studio.round()

    [invoice] = [mail for mail in studio.mailer.sent if mail.letter.subject.startswith("InvoiceMail")]
    assert invoice.to == ("right@example.com",)
    said = "as_of=datetime.date(2026, 3, 22), paid_minor=20000, credited_minor=5000, balance_minor=25000"
    assert invoice.letter.text.startswith(f"{said}, pay_url='https://")


def test_an_invoice_whose_card_is_charged_by_then_says_that_it_is_paid(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.do(EffectKind.CHARGE)
    render_invoices(studio.ctx)
    studio.do(EffectKind.MAIL)

    [invoice] = [mail for mail in studio.mailer.sent if mail.letter.subject.startswith("InvoiceMail")]
    assert invoice.letter.text.endswith("balance_minor=0, pay_url=None, is_not_charged=False")


def test_an_invoice_whose_link_is_being_renewed_waits_for_it(studio: Studio) -> None:
    ready_to_mail(studio)
    [link_id] = studio.gateway.links
    with studio.ledger.write() as uow:
        uow.pay_links.close(link_id, studio.clock.now())

    assert studio.do(EffectKind.MAIL) == {"ready": 1}


def test_the_invoice_of_an_autopay_client_says_so_and_goes_out_though_paid(studio: Studio) -> None:
    studio.autopay()
    studio.round()

    [mail] = [mail for mail in studio.mailer.sent if mail.letter.subject.startswith("InvoiceMail")]
    assert "pay_url=None" in mail.letter.text
    assert "balance_minor=0" in mail.letter.text


def test_after_a_refused_card_the_invoice_carries_the_link(studio: Studio) -> None:
    studio.autopay()
    studio.gateway.cards["pm_1"] = Refusal("lost_card")
    studio.round()

    [mail] = [mail for mail in studio.mailer.sent if mail.letter.subject.startswith("InvoiceMail")]
    assert "https://pay.example/plink_1" in mail.letter.text


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("error", [Crash(), UnknownOutcomeError("smtp_lost", "The line dropped.")])
def test_a_mail_in_doubt_waits_for_a_person(studio: Studio, when: str, error: BaseException) -> None:
    """A mail server cannot be asked: nothing goes out twice by itself, however long it takes."""
    ready_to_mail(studio)
    studio.mailer.line.fail("send", error, when)
    for _ in range(3):
        with suppress(Crash):
            studio.round()
        studio.clock.go(minutes=90)
    sent = len(studio.mailer.sent)
    [effect] = studio.effects(EffectKind.MAIL)

    assert effect.state is EffectState.UNKNOWN
    assert studio.codes() == ["effect_unknown"]
    assert sent == (1 if when == "after" else 0)

    studio.ask("settle", effect_id=effect.effect_id, happened="yes" if sent else "no")
    if not sent:
        studio.ask("retry", effect_id=effect.effect_id)
    studio.round()

    assert len(studio.mailer.sent) == 1
    assert mails(studio) == {"invoice": "done"}
    assert studio.codes() == []


def test_a_crash_leaves_only_those_mails_in_doubt_that_were_under_way(studio: Studio) -> None:
    for number in range(8):
        ready_to_mail(studio, f"j{number}")
    studio.mailer.line.fail("send", Crash())
    with pytest.raises(Crash):
        studio.do(EffectKind.MAIL)
    studio.clock.go(minutes=10)

    studio.do(EffectKind.MAIL)

    assert len(studio.mailer.sent) == 7
    assert len(studio.codes()) == 1


def test_a_greylisted_mail_is_tried_again_later_and_shown_when_it_takes_long(studio: Studio) -> None:
    ready_to_mail(studio)
    studio.mailer.line.fail("send", TemporaryError("smtp_later", "451 come back later."), times=6)
    for attempt in range(6):
        assert studio.do(EffectKind.MAIL) == {"ready": 1}, attempt
        assert studio.do(EffectKind.MAIL) == {}
        studio.clock.go(hours=1)
    assert studio.codes() == ["effect_delayed"]

    assert studio.do(EffectKind.MAIL) == {"done": 1}
    assert studio.codes() == []


def test_a_retry_asked_for_by_the_server_is_not_earlier(studio: Studio) -> None:
    ready_to_mail(studio)
    studio.mailer.line.fail("send", TemporaryError("smtp_later", "Later.", retry_after_seconds=7_200))
    studio.do(EffectKind.MAIL)
    studio.clock.go(hours=1, minutes=59)
    assert studio.do(EffectKind.MAIL) == {}
    studio.clock.go(minutes=1)
    assert studio.do(EffectKind.MAIL) == {"done": 1}


def test_an_address_that_does_not_exist_is_shown_and_mended_by_a_retry(studio: Studio) -> None:
    ready_to_mail(studio)
    ready_to_mail(studio, "j2")
    studio.mailer.gone.add("j1@example.com")
    assert studio.do(EffectKind.MAIL) == {"failed": 1, "done": 1}
    [((key, code), sentence)] = studio.open_items().items()
    assert (key.startswith("mail:invoice:"), code) == (True, "effect_failed")
    assert sentence.startswith("A mail about INV-2026-0001: The mail server refuses j1@example.com: 550.")

    studio.mailer.gone.clear()
    [failed] = [effect for effect in studio.effects() if effect.state is EffectState.FAILED]
    retry = f"billing retry {failed.effect_id}"
    assert commands_of(code, key) == (retry, f"{retry} --to ADDRESS")
    studio.ask("retry", effect_id=failed.effect_id)
    studio.round()

    assert len(studio.mailer.sent) == 2
    assert studio.codes() == []


def test_what_follows_from_a_mail_and_fails_leaves_it_in_doubt_and_stops_no_other(studio: Studio) -> None:
    ready_to_mail(studio)
    ready_to_mail(studio, "j2")

    class Broken:
        def __getattr__(self, name: str) -> object:
            return getattr(HANDLERS[EffectKind.MAIL], name)

        def follow(self, *_arguments: object) -> None:
            if len(studio.mailer.sent) == 1:
                raise ZeroDivisionError("nobody foresaw this")

    ended = run_effects(studio.ctx, Broken(), EffectKind.MAIL)  # type: ignore[arg-type]

    assert ended == {"unknown": 1, "done": 1}
    [sentence] = studio.open_items().values()
    assert "done, but it could not be recorded: ZeroDivisionError" in sentence


def test_an_alert_goes_to_the_owner(studio: Studio) -> None:
    studio.policy = replace(studio.policy, owner_email="owner@x.example")
    parameters: dict[str, str | int | None] = {"title": "Failed", "sentences": "One.\nTwo."}
    with studio.ledger.write() as uow:
        uow.effects.intend(Intent(EffectKind.MAIL, "owner_alert", "job:x", parameters), studio.clock.now())

    assert studio.do(EffectKind.MAIL) == {"done": 1}
    assert "('One.', 'Two.', 'No client is waiting for anything just now.')" in studio.mailer.sent[0].letter.text


def test_an_invoice_that_cannot_be_rendered_stops_no_other(studio: Studio) -> None:
    for number in range(5):
        studio.session(f"j{number}")
    studio.renderer.broken = {"Ada j0", "Ada j3"}
    seen: list[int] = []
    studio.bill()
    studio.do(EffectKind.PAY_LINK)

    assert render_invoices(studio.ctx, lambda done, _of: seen.append(done)) == 3
    assert seen == [1, 2, 3]
    assert studio.codes() == ["render_failed", "render_failed"]

    studio.renderer.broken.clear()
    studio.round()

    assert len(studio.mailer.sent) == 5
    assert studio.codes() == []
    assert sorted(studio.renderer.rendered) == [f"INV-2026-000{number}" for number in range(1, 6)]


def test_an_invoice_that_takes_too_long_holds_up_no_other_and_waits_for_a_person(studio: Studio) -> None:
    for number in range(3):
        studio.session(f"j{number}")
    studio.renderer.endless = {"Ada j1"}
    studio.round()
    assert len(studio.mailer.sent) == 2
    [((invoice_id, code), sentence)] = studio.open_items().items()
    assert code == "render_too_long"
    assert f"`billing resolve {invoice_id} --code render_too_long`" in sentence

    studio.renderer.endless.clear()
    studio.round()
    assert len(studio.mailer.sent) == 2  # it would hold up each run for a minute

    studio.ask("resolve", subject=invoice_id, code=code)
    studio.round()

    assert len(studio.mailer.sent) == 3
    assert studio.codes() == []


def test_a_renderer_that_dies_loses_nothing(studio: Studio) -> None:
    studio.session()
    studio.bill()
    studio.do(EffectKind.PAY_LINK)
    studio.renderer.line.fail("render", TemporaryError("renderer_died", "Killed."))
    with pytest.raises(TemporaryError):
        render_invoices(studio.ctx)

    assert render_invoices(studio.ctx) == 1
    assert render_invoices(studio.ctx) == 0


def test_no_pdf_no_mail(studio: Studio) -> None:
    ready_to_mail(studio)
    with studio.ledger.write() as uow:
        row = studio.invoice()
        parameters: dict[str, str | int | None] = {"invoice_id": row.invoice.invoice_id}
        uow.effects.intend(Intent(EffectKind.MAIL, "receipt", "pay_none", parameters), studio.clock.now())
        uow.effects.intend(Intent(EffectKind.MAIL, "gallery", "grant_none", parameters), studio.clock.now())

    assert studio.do(EffectKind.MAIL) == {"done": 1, "failed": 1, "cancelled": 1}


def test_the_limit_of_mails_stops_asks_and_goes_on_when_raised(studio: Studio) -> None:
    studio.policy = replace(studio.policy, limits=DailyLimits(mails=2))
    for number in range(5):
        ready_to_mail(studio, f"j{number}")

    assert studio.do(EffectKind.MAIL) == {"done": 2}
    assert studio.do(EffectKind.MAIL) == {}
    [sentence] = studio.open_items().values()
    assert "3 wait" in sentence
    studio.ask("raise_limit", what="mails", to=3)
    assert studio.do(EffectKind.MAIL) == {"done": 1}
    assert studio.codes() == ["limit_mails"]
    studio.tomorrow()
    assert studio.do(EffectKind.MAIL) == {"done": 2}
    assert studio.codes() == []


def test_a_permanent_error_of_one_stops_no_other(studio: Studio) -> None:
    for number in range(4):
        ready_to_mail(studio, f"j{number}")
    studio.mailer.line.fail("send", PermanentError("x", "No."))
    seen: list[int] = []

    ended = run_effects(studio.ctx, HANDLERS[EffectKind.MAIL], EffectKind.MAIL, seen.append)

    assert ended == {"failed": 1, "done": 3}
    assert seen == [1, 2, 3, 4]


def test_what_cannot_be_put_into_words_is_recorded_all_the_same_and_stops_no_other(studio: Studio) -> None:
    ready_to_mail(studio)
    with studio.ledger.write() as uow:
        uow.effects.intend(Intent(EffectKind.MAIL, "receipt", "pay_none", {}), studio.clock.now())
    studio.mailer.line.fail("send", UnknownOutcomeError("smtp_lost", "The line dropped."))

    assert studio.do(EffectKind.MAIL) == {"unknown": 2}
    assert any(
        told.startswith("Nobody knows how what is kept as mail:receipt:") for told in studio.open_items().values()
    )
