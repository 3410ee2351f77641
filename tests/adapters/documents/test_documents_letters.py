from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from document_samples import CLIENT, PAY_URL, SESSION, STUDIO, invoice

from billing.adapters.documents import Letters
from billing.adapters.documents.drafts import draft
from billing.adapters.documents.wording import wording_for
from billing.domain.mail import (
    BalanceMail,
    GalleryMail,
    InvoiceMail,
    Letter,
    MailContent,
    Owed,
    OwnerAlert,
    PaymentFailedMail,
    ReceiptMail,
    RefundMail,
    ReminderMail,
)

BILL = invoice()
DUE_ON = BILL.due_on
GALLERY = GalleryMail(BILL, "Anna & Ben", "https://gallery.example/ab", "Lilac-27", "4821", date(2026, 9, 3))
ALERT = OwnerAlert(
    STUDIO,
    "Two payments need you",
    ("Invoice 2026-0042 was paid twice.", "Refund one of them."),
    datetime(2026, 3, 3, 14, 5, tzinfo=UTC),
    ("payments: KeyError.",),
)


def write(content: MailContent) -> Letter:
    return Letters().write(content)


def owed(balance_minor: int = 124000, *, days: int = -31, paid_minor: int = 140000, credited_minor: int = 0) -> Owed:
    """On the day so many days after the due date; the retainer was paid."""
    return Owed(DUE_ON + timedelta(days=days), balance_minor, paid_minor, credited_minor)


PAID = owed(0, paid_minor=264000)


def reminder(days: int, *, paid_minor: int = 0, is_last: bool = False, language: str = "en") -> Letter:
    stands = owed(264000 - paid_minor, days=days, paid_minor=paid_minor)
    return write(ReminderMail(replace(BILL, language=language), "stage", stands, PAY_URL, is_last))


def test_the_invoice_letter_is_one_that_a_person_could_have_written() -> None:
    letter = write(InvoiceMail(BILL, owed(), PAY_URL))

    assert letter.subject == "Your invoice 2026-0042 from North Light: 1,240.00 EUR due 3 April"
    assert letter.text == (
        "Dear Anna Berger,\n\n"
        "Thank you for letting us take your photographs (Anna & Ben, wedding, 14 February 2026). "
        "Your invoice 2026-0042 is attached.\n\n"
        "The total is 2,640.00 EUR. We have already received 1,400.00 EUR.\n\n"
        "The amount due is 1,240.00 EUR, by 3 April 2026. You can pay online; it takes about a minute.\n\n"
        f"Pay 1,240.00 EUR:\n{PAY_URL}\n\n"
        "If anything looks wrong or unclear, just reply to this mail.\n\n"
        "Warm regards,\nNorth Light\n+44 117 496 0000\nnorthlight.example\n"
    )


def test_autopay_at_once_tells_what_will_be_charged_and_asks_for_nothing() -> None:
    at_once = replace(owed(days=0), charge_on=DUE_ON)
    with_card = write(InvoiceMail(replace(BILL, card_label="Visa ending 4242"), at_once))
    without = write(InvoiceMail(BILL, at_once))

    assert with_card.subject.endswith("1,240.00 EUR will be charged on 3 April")
    assert "Will be charged on 3 April 2026" in with_card.html.replace("\N{NO-BREAK SPACE}", " ")
    assert "We will charge 1,240.00 EUR to Visa ending 4242 on 3 April 2026." in with_card.text
    assert "to your card on file on 3 April 2026" in without.text
    assert 'class="button"' not in with_card.html
    assert "do not want" not in with_card.text


def test_a_charge_that_is_announced_says_how_to_object() -> None:
    letter = write(InvoiceMail(replace(BILL, card_label="Visa ending 4242"), replace(owed(), charge_on=DUE_ON)))
    button = f"mailto:{STUDIO.email}?subject=Invoice%202026-0042%3A%20please%20do%20not%20charge%20my%20card&body="

    how = "If you do not want us to charge your card, reply to this mail before 3 April 2026."
    assert f"There is nothing you need to do.\n\n{how} We will then send you a page to pay on." in letter.text
    assert f"Do not charge my card:\n{button}" in letter.text
    assert f'href="{button.replace("&", "&amp;")}' in letter.html
    assert letter.subject.endswith("1,240.00 EUR will be charged on 3 April")


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_a_charge_is_announced_on_one_day_in_heading_and_text_in_every_language(language: str) -> None:
    bill = replace(BILL, language=language, card_label="Visa ending 4242")
    letter = write(InvoiceMail(bill, replace(owed(), charge_on=DUE_ON + timedelta(days=4))))

    day = wording_for(language, bill.studio.country).full_date(DUE_ON + timedelta(days=4))
    assert letter.text.count(day.replace("\N{NO-BREAK SPACE}", " ")) == 2  # of the charge, and until when to object
    assert letter.html.count(day) >= 3  # and in the heading
    assert wording_for(language).full_date(DUE_ON) not in letter.text


def test_a_client_who_objected_is_told_so_and_where_to_pay() -> None:
    letter = write(InvoiceMail(BILL, owed(), PAY_URL, is_not_charged=True))

    assert "We will not charge your card for this invoice.\n\nThe amount due is 1,240.00 EUR" in letter.text
    assert letter.text.count(PAY_URL) == 1


def test_a_receipt_says_when_the_rest_will_be_charged() -> None:
    receipt = write(ReceiptMail(BILL, 10000, BILL.issued_on, "cheque", replace(owed(), charge_on=DUE_ON)))

    assert "The rest, 1,240.00 EUR, will be charged to your card on 3 April 2026." in receipt.text


def test_an_invoice_of_which_nothing_was_paid_does_not_speak_of_it() -> None:
    assert "received" not in write(InvoiceMail(BILL, owed(264000, paid_minor=0), PAY_URL)).text


def test_an_invoice_that_goes_out_again_says_what_is_owed_by_then() -> None:
    late = write(InvoiceMail(BILL, owed(70000, days=12, paid_minor=190000, credited_minor=4000), PAY_URL))

    assert late.subject == "Your invoice 2026-0042 from North Light: 700.00 EUR, was due 3 April"
    so_far = "The total is 2,640.00 EUR. We have already received 1,900.00 EUR. We have taken 40.00 EUR off."
    assert f"{so_far}\n\nThe open amount is 700.00 EUR; it was due on 3 April 2026." in late.text
    assert "Was due 3 April 2026" in late.html.replace("\xa0", " ")
    assert "1,240.00" not in late.subject + late.text + late.html


def test_an_invoice_that_is_paid_by_then_says_so_and_asks_for_nothing() -> None:
    letter = write(InvoiceMail(BILL, PAID))

    assert letter.subject == "Your invoice 2026-0042 from North Light: paid. Thank you"
    assert "Everything is paid already, so there is nothing you need to do." in letter.text
    assert 'class="button"' not in letter.html


def test_an_invoice_that_was_taken_back_in_part_is_not_called_paid() -> None:
    letter = write(InvoiceMail(BILL, owed(0, credited_minor=124000)))

    assert letter.subject.endswith("nothing left to pay")
    assert "paid already" not in letter.text


def test_a_draft_that_cannot_name_its_page_yet_asks_all_the_same() -> None:
    letter = write(InvoiceMail(BILL, owed()))

    assert "The amount due is 1,240.00 EUR, by 3 April 2026." in letter.text
    assert "charge" not in letter.text


def test_a_receipt_says_what_came_and_what_remains() -> None:
    letter = write(ReceiptMail(BILL, 50000, date(2026, 3, 20), "Visa ending 4242", owed(74000)))

    assert letter.subject == "We received 500.00 EUR for invoice 2026-0042. Thank you"
    assert "On 20 March 2026 we received 500.00 EUR (Visa ending 4242)" in letter.text
    assert "The amount still open is 740.00 EUR, due 3 April 2026." in letter.text
    assert "Pay 740.00 EUR" not in letter.text + letter.html


def test_a_receipt_of_a_part_leads_to_the_page_where_the_rest_is_paid() -> None:
    letter = write(ReceiptMail(BILL, 50000, date(2026, 3, 20), "Visa ending 4242", owed(74000), PAY_URL))

    assert f"Pay 740.00 EUR:\n{PAY_URL}" in letter.text
    assert f'href="{PAY_URL}"' in letter.html


def test_a_refund_says_what_went_back_how_long_it_takes_and_what_is_open() -> None:
    letter = write(RefundMail(BILL, 20000, date(2026, 4, 2), "Visa ending 4242", PAID))
    open_ = write(RefundMail(BILL, 20000, date(2026, 4, 2), "Visa ending 4242", owed(20000), PAY_URL))
    in_cash = write(RefundMail(BILL, 20000, date(2026, 4, 2), "cash", PAID, is_by_hand=True))

    assert letter.subject == "We refunded 200.00 EUR of invoice 2026-0042"
    assert "On 2 April 2026 we sent 200.00 EUR back to you (Visa ending 4242)" in letter.text
    assert "five to ten days" in letter.text
    assert "Nothing is open on this invoice." in letter.text
    assert f"now 200.00 EUR.\n\nPay 200.00 EUR:\n{PAY_URL}" in open_.text
    assert "we sent 200.00 EUR back to you (cash)" in in_cash.text
    assert "five to ten days" not in in_cash.text


def test_the_last_receipt_says_that_all_is_paid() -> None:
    assert "paid in full" in write(ReceiptMail(BILL, 124000, date(2026, 3, 20), "bank transfer", PAID)).text


def test_a_receipt_says_no_more_than_is_true() -> None:
    def said(stands: Owed | None) -> str:
        return write(ReceiptMail(BILL, 50000, date(2026, 3, 20), "", stands)).text

    assert "The amount still open is 740.00 EUR; it was due on 3 April 2026." in said(owed(74000, days=1))
    assert "kept as a credit for you" in said(replace(PAID, is_void=True))
    assert "paid in full" not in said(owed(0, credited_minor=100)) + said(replace(PAID, is_void=True)) + said(None)
    assert "open" not in said(None)
    assert "received 500.00 EUR for invoice" in said(None)  # how it came is not known


def test_a_refund_leaves_to_a_person_what_nobody_has_decided() -> None:
    letter = write(RefundMail(BILL, 20000, date(2026, 4, 2), "Visa ending 4242", None))

    assert "open" not in letter.text


@pytest.mark.parametrize(
    ("days_past_due", "is_last", "subject", "sentence"),
    [
        (-3, False, "Invoice 2026-0042 from North Light: 2,640.00 EUR due 3 April", "just a note"),
        (0, False, "Invoice 2026-0042 from North Light: 2,640.00 EUR due today", "is due today"),
        (3, False, "A friendly reminder: 2,640.00 EUR open on invoice 2026-0042 from North Light", "slipped through"),
        (7, False, "A friendly reminder: 2,640.00 EUR open on invoice 2026-0042 from North Light", "this week"),
        (14, False, "A friendly reminder: 2,640.00 EUR open on invoice 2026-0042 from North Light", "a solution"),
        (30, True, "Last reminder: 2,640.00 EUR open on invoice 2026-0042 from North Light", "our last reminder"),
    ],
)
def test_a_reminder_grows_clearer_with_time(days_past_due: int, is_last: bool, subject: str, sentence: str) -> None:
    letter = reminder(days_past_due, is_last=is_last)

    assert letter.subject == subject
    assert sentence in letter.text
    assert PAY_URL in letter.text
    assert ("If you have paid in the last few days" in letter.text) == (days_past_due > 0)


def test_a_reminder_thanks_for_what_was_paid() -> None:
    assert "Thank you for the 1,900.00 EUR received so far; 740.00 EUR remains." in (
        reminder(3, paid_minor=190000).text
    )
    assert "received so far" not in reminder(3).text


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
@pytest.mark.parametrize("must_authenticate", [True, False])
def test_a_failed_payment_never_says_why(language: str, must_authenticate: bool) -> None:
    letter = write(PaymentFailedMail(replace(BILL, language=language), owed(74000), PAY_URL, must_authenticate))

    assert PAY_URL in letter.text
    told = (letter.subject + letter.text).lower()
    for reason in ("declin", "fraud", "stolen", "insufficient", "fund", "expired", "abgelehnt", "refus", "rechaz"):
        assert reason not in told


def test_a_payment_to_confirm_and_one_to_repeat_ask_for_different_things() -> None:
    assert "Confirm payment:" in write(PaymentFailedMail(BILL, owed(74000), PAY_URL, True)).text
    card = write(PaymentFailedMail(BILL, owed(74000), PAY_URL, False))
    assert "Choose another way to pay:" in card.text
    assert card.subject == "Your payment of 740.00 EUR for invoice 2026-0042 did not go through"
    assert "We tried to charge 740.00 EUR" in card.text
    assert "740.00\xa0EUR" in card.html


def test_a_change_of_what_is_owed_says_the_new_amount_its_day_and_where_to_pay() -> None:
    letter = write(BalanceMail(BILL, owed(119000, credited_minor=5000), PAY_URL))

    assert letter.subject == "Invoice 2026-0042 from North Light: now 1,190.00 EUR to pay"
    assert letter.text.startswith(
        "Dear Anna Berger,\n\n"
        "The amount to pay for invoice 2026-0042 (Anna & Ben, wedding, 14 February 2026) has changed."
        " It is now 1,190.00 EUR, due 3 April 2026.\n\n"
        "The total is 2,640.00 EUR. We have already received 1,400.00 EUR. We have taken 50.00 EUR off.\n\n"
        "Please use the link in this mail; the ones in earlier mails are closed.\n\n"
        f"Pay 1,190.00 EUR:\n{PAY_URL}\n"
    )


def test_a_charge_of_another_amount_is_announced_with_a_way_to_object() -> None:
    letter = write(BalanceMail(BILL, replace(owed(119000, credited_minor=5000), charge_on=DUE_ON)))

    assert letter.subject == "Invoice 2026-0042 from North Light: now 1,190.00 EUR will be charged on 3 April"
    assert "has changed. We will charge 1,190.00 EUR to your card on 3 April 2026." in letter.text
    assert "reply to this mail before 3 April 2026" in letter.text
    assert "Do not charge my card" in letter.html


def test_without_a_page_nobody_is_sent_to_a_link() -> None:
    letter = write(BalanceMail(BILL, owed(119000)))

    assert "link" not in letter.text
    assert 'class="button"' not in letter.html


def test_a_new_page_for_the_same_amount_is_no_change_of_it() -> None:
    letter = write(BalanceMail(BILL, owed(), PAY_URL, is_another_amount=False))

    assert letter.subject == "Invoice 2026-0042 from North Light: 1,240.00 EUR to pay, by a new link"
    assert "is 1,240.00 EUR, due 3 April 2026." in letter.text
    assert "changed" not in letter.text
    assert PAY_URL in letter.text


def test_who_has_nothing_left_to_pay_is_asked_for_nothing() -> None:
    letter = write(BalanceMail(BILL, owed(0, credited_minor=124000)))

    assert letter.subject == "Invoice 2026-0042 from North Light: nothing left to pay"
    assert "nothing you need to do" in letter.text
    assert 'class="button"' not in letter.html


@pytest.mark.parametrize("paid_minor", [0, 140000])
def test_of_a_void_invoice_the_client_hears_not_to_pay_it_and_what_is_kept(paid_minor: int) -> None:
    letter = write(BalanceMail(BILL, replace(owed(0, paid_minor=paid_minor), is_void=True)))

    assert letter.subject == "Invoice 2026-0042 from North Light is void: please do not pay it"
    assert ("1,400.00 EUR, is kept as a credit for you" in letter.text) is (paid_minor > 0)
    assert ("credit" in letter.text) is (paid_minor > 0)


def test_the_gallery_letter_has_all_that_is_needed_to_see_the_photos() -> None:
    letter = write(GALLERY)

    assert letter.subject == "Your photos are ready: Anna & Ben"
    for words in ("https://gallery.example/ab", "Password: Lilac-27", "Download PIN: 4821", "until 3 September 2026"):
        assert words in letter.text
    assert "enter the PIN" in letter.text


def test_a_gallery_without_secrets_speaks_of_none() -> None:
    text = write(replace(GALLERY, password=None, pin=None, expires_on=None)).text

    assert "PIN" not in text
    assert "assword" not in text
    assert "until" not in text
    assert "choose the download symbol" in text


def test_an_alert_is_short_and_signed_by_nobody() -> None:
    letter = write(ALERT)

    assert letter.subject == "Studio Billing: Two payments need you"
    assert letter.text == (
        "Two payments need you. Since 3 March 2026, 14:05.\n\n"
        "Invoice 2026-0042 was paid twice.\n\nRefund one of them.\n\n"
        "For whoever looks after the installation:\npayments: KeyError.\n"
    )
    assert "Warm regards" not in letter.html


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "pt_BR"])
@pytest.mark.parametrize(
    "content",
    [
        lambda bill: InvoiceMail(bill, owed(), PAY_URL),
        lambda bill: ReceiptMail(bill, 50000, date(2026, 3, 20), "Visa ending 4242", owed(74000), PAY_URL),
        lambda bill: RefundMail(bill, 50000, date(2026, 3, 20), "Visa ending 4242", owed(50000), PAY_URL),
        lambda bill: ReminderMail(bill, "stage", owed(74000, days=30), PAY_URL, True),
        lambda bill: GalleryMail(bill, "Anna & Ben", PAY_URL, "Lilac-27", None, None),
    ],
)
def test_the_html_is_the_same_letter(language: str, content: Callable[..., MailContent]) -> None:
    letter = write(content(replace(BILL, language=language)))

    shown = _words(re.sub(r"(?s)<style>.*?</style>|<[^>]+>", " ", letter.html))
    for sentence in letter.text.split("\n\n")[:-1]:
        if "https://" not in sentence:
            assert _words(sentence) in shown


def _words(text: str) -> str:
    return " ".join(html.unescape(text).replace(":", " ").split())


def test_the_html_needs_nothing_from_outside_and_has_one_button() -> None:
    page = write(InvoiceMail(BILL, owed(), PAY_URL)).html

    assert re.findall(r'(?:src|href)="([^"]*)"', page) == [PAY_URL]
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page


def test_who_has_no_name_is_greeted_all_the_same() -> None:
    letter = write(InvoiceMail(replace(BILL, client=replace(CLIENT, name=" ")), owed(), PAY_URL))

    assert letter.text.startswith("Hello,\n")


def test_a_session_without_a_date_is_named_alone() -> None:
    letter = write(InvoiceMail(replace(BILL, session=replace(SESSION, session_on=None)), owed(), PAY_URL))

    assert "photographs (Anna & Ben, wedding). Your" in letter.text


def test_a_draft_can_be_written_about() -> None:
    assert "invoice Draft" in write(InvoiceMail(replace(BILL, number=None), owed(), PAY_URL)).subject


def test_an_unknown_content_is_refused() -> None:
    with pytest.raises(TypeError, match="no letter is known for str"):
        draft("a note")  # type: ignore[arg-type]
