"""What kind of decision an open item asks for, told by its code: so that it can be worded in the reader's language.

Its sentence is written for whoever carries it out, quotes outsiders and names commands; a kind does none of that.
"""

from __future__ import annotations

from enum import StrEnum


class TaskKind(StrEnum):
    """One short sentence each, of what is the matter and what to do."""

    HOLD = "hold"  # nothing goes out
    MACHINERY = "machinery"  # nobody of the studio can mend it
    BILL = "bill"  # a session cannot be billed as it is
    ORDER = "order"  # what is to be billed of an order
    CALL = "call"  # all reminders were sent
    MAIL = "mail"  # it does not arrive
    MONEY = "money"  # it came or went otherwise than asked for
    DISPUTE = "dispute"  # a bank asks, and waits for an answer
    UNKNOWN = "unknown"  # nobody knows whether it was done
    FAILED = "failed"  # it was refused
    WAITING = "waiting"  # it takes its time, and nothing is to be done
    GALLERY = "gallery"
    DOCUMENT = "document"  # it could not be set
    LIMIT = "limit"
    DIFFERENCE = "difference"  # the books and the outside do not agree
    OTHER = "other"


URGENT = (TaskKind.HOLD, TaskKind.MACHINERY)  # while one of these is open, others wait for it

_BY_CODE = {
    TaskKind.HOLD: ("hold_asked_for", "hold_restored"),
    TaskKind.MACHINERY: (
        "run_failed", "late", "server_dies", "clock_set_back", "books_broken", "wrong_account",
        "billing_starts_on_missing", "not_shown",
    ),
    TaskKind.ORDER: (
        "order_changed", "order_as_billed", "draft_waits", "perhaps_billed", "billed_elsewhere", "decisions_lost",
    ),
    TaskKind.CALL: ("follow_ups_ended", "follow_up_failed"),
    TaskKind.MAIL: ("address_unusable", "address_refused", "mails_in_doubt"),
    TaskKind.MONEY: (
        "client_credit", "client_owes", "other_currency", "fee_currency", "payment_without_invoice",
        "refunded_elsewhere", "refund_returned", "refund_not_made", "dispute_lost", "payout_failed", "event_waits",
        "stripe_not_asked_for",
    ),
    TaskKind.DISPUTE: ("dispute_open", "inquiry_open"),
    TaskKind.UNKNOWN: ("effect_unknown",),
    TaskKind.FAILED: ("effect_failed",),
    TaskKind.WAITING: ("effect_delayed", "effect_stuck", "charge_processing"),
    TaskKind.GALLERY: ("open_by_hand", "close_by_hand", "gallery_closed", "gallery_unreadable"),
    TaskKind.DOCUMENT: ("render_failed", "render_too_long", "text_cut"),
}  # fmt: skip
_KINDS = {code: kind for kind, codes in _BY_CODE.items() for code in codes}
_COMPARED = ("stripe_", "vsco_", "galleries_")


def kind_of_task(code: str, *, is_of_session: bool = False, is_of_mail: bool = False) -> TaskKind:
    """By its code, and where codes are many by what it is about: a session that is set aside, a mail that failed."""
    known = _KINDS.get(code)
    if is_of_mail and known in (TaskKind.FAILED, TaskKind.UNKNOWN):
        return TaskKind.MAIL
    if known:
        return known
    if code.startswith("limit_"):
        return TaskKind.LIMIT
    if is_of_session:
        return TaskKind.BILL
    return TaskKind.DIFFERENCE if code.startswith(_COMPARED) else TaskKind.OTHER
