"""What the owner is mailed when the machinery fails: what happened, for whom, and what to do. No word of a program."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from studio import Studio

from billing.adapters.documents import Letters
from billing.domain.effects import EffectKind
from billing.domain.errors import BillingError, PermanentError, RefusedAccess, TemporaryError, UnknownOutcomeError
from billing.domain.mail import OwnerAlert
from billing.ports.operations import ServerEnd
from billing.services.effects.mail_contents import content_of
from billing.services.safety.alert_owner import FOR_THE_OPERATOR, alert_run_failed
from billing.services.safety.clock_set_back import look_at_clock
from billing.services.safety.server_ends import note_server_end
from billing.services.safety.troubles import Cause, Trouble, trouble_of
from billing.services.safety.watchdog import WATCHED, beat, watch

# A name of a job or a class, a command, a step, an error, a code of a vendor: what no owner knows.
NOT_THEIRS = re.compile(
    r"[a-z]+_[a-z]+|`|--|\b[A-Z][a-z]+[A-Z][a-z]+|Error\b|Exception|Traceback|Dagster|daemon|sensor|\basset|signal|\b[Rr]un\b"
    r"|timed out|seconds|HTTP|\b[45]\d\d\b"
)
JOBS = (
    "bill_completed_sessions", "apply_stripe_events", "follow_up_unpaid", "reconcile", "refresh_warehouse", "a_new_job",
)  # fmt: skip
TIMED_OUT = "Run timed out due to taking longer than 120 seconds to start."


@pytest.fixture
def owned(studio: Studio) -> Studio:
    studio.policy = replace(studio.policy, owner_email="owner@northlight.example")
    return studio


def alert(studio: Studio) -> OwnerAlert:
    """The one alert that is committed to, as it is written now."""
    [effect] = [one for one in studio.effects(EffectKind.MAIL) if one.purpose == "owner_alert"]
    with studio.ledger.read() as uow:
        content = content_of(studio.ctx, uow, effect)
    assert isinstance(content, OwnerAlert)
    return content


def plain(told: OwnerAlert) -> str:
    """All that stands before the part for whoever looks after the installation."""
    text = Letters().write(told).text
    return text.partition(FOR_THE_OPERATOR)[0].replace("Studio Billing", "").replace("VSCO Workspace", "")


def failed(studio: Studio, job: str, trouble: Trouble) -> None:
    alert_run_failed(studio.ctx, job, "0123456789abcdef", [trouble])


def clock_went_back(studio: Studio) -> None:
    look_at_clock(studio.ctx)
    studio.clock.go(hours=-7)
    look_at_clock(studio.ctx)


def stands_still(studio: Studio) -> None:
    for name in WATCHED:
        beat(studio.ctx, name, timedelta(minutes=5))
    studio.clock.go(hours=1)
    watch(studio.ctx)


def server_dies(server: str) -> Callable[[Studio], None]:
    def dies(studio: Studio) -> None:
        for _ in range(3):
            note_server_end(studio.ctx, ServerEnd(server, studio.clock.now(), None, 9, lived_seconds=7))

    return dies


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("job", JOBS)
def test_a_failed_job_is_told_without_a_word_of_a_program(owned: Studio, job: str, cause: Cause) -> None:
    failed(owned, job, Trouble(cause, TIMED_OUT))
    told = alert(owned)

    assert not NOT_THEIRS.search(plain(told)), plain(told)
    assert told.technical == (f"Run 01234567 of {job} failed on 2026-03-02.", TIMED_OUT)
    assert plain(told).count("pass this mail on") + plain(told).count("tried again by itself") == 1


SERVERS = ("dashboard", "daemon", "portal", "dagster", "a_new_one")


@pytest.mark.parametrize("happens", [stands_still, clock_went_back, *map(server_dies, SERVERS)])
def test_all_other_trouble_is_told_without_a_word_of_a_program(
    owned: Studio, happens: Callable[[Studio], None]
) -> None:
    happens(owned)

    assert not NOT_THEIRS.search(plain(alert(owned))), plain(alert(owned))
    assert alert(owned).technical


def test_it_says_for_whom_as_it_is_by_the_moment_of_sending(owned: Studio) -> None:
    owned.session()
    owned.observe()
    failed(owned, "bill_completed_sessions", Trouble(Cause.NOT_STARTED, TIMED_OUT))
    assert "Waiting just now: billing Session j1." in alert(owned).sentences

    owned.bill()
    said = alert(owned).sentences[-1]
    assert said == "Waiting just now: making the page to pay on for INV-2026-0001 (500.00 EUR), Ada j1."

    owned.round()
    assert alert(owned).sentences[-1] == "No client is waiting for anything just now."


def test_of_many_who_wait_the_first_are_named(owned: Studio) -> None:
    for number in range(7):
        owned.session(f"j{number}")
    owned.observe()
    failed(owned, "bill_completed_sessions", Trouble(Cause.UNANSWERED, "", "Stripe"))

    assert alert(owned).sentences[-1].endswith("billing Session j4; and 2 more.")
    assert "Stripe did not answer." in alert(owned).sentences


def test_under_needs_attention_the_same_stands_first_and_what_programs_said_last(owned: Studio) -> None:
    failed(owned, "refresh_warehouse", Trouble(Cause.UNFORESEEN, "ledger_extract: KeyError."))

    [sentence] = owned.open_items().values()
    ours, _, theirs = sentence.partition(FOR_THE_OPERATOR)
    assert ours.startswith("The figures of the dashboard could not be brought up to date.")
    assert not NOT_THEIRS.search(ours)
    assert theirs == " Run 01234567 of refresh_warehouse failed on 2026-03-02. ledger_extract: KeyError."


@pytest.mark.parametrize(
    ("error", "cause", "system"),
    [
        (TemporaryError("stripe_unavailable", "Stripe answers 503."), Cause.UNANSWERED, "Stripe"),
        (UnknownOutcomeError("smtp_lost", "The line dropped."), Cause.UNANSWERED, "The mail server"),
        (RefusedAccess("vsco_refused", "VSCO answers 401."), Cause.REFUSED, "VSCO Workspace"),
        (PermanentError("settings", "BILLING_STRIPE_API_KEY is missing."), Cause.SETUP, ""),
        (PermanentError("wrong_account", "acct_1 is not acct_2."), Cause.OTHER_ACCOUNT, ""),
        (PermanentError("books_broken", "Not true: all is well."), Cause.BOOKS, ""),
        (TemporaryError("ledger_unavailable", "disk I/O error"), Cause.MACHINE, ""),
        (PermanentError("malformed_relation", "x.sql lacks a key."), Cause.UNFORESEEN, ""),
    ],
)
def test_an_error_of_ours_has_a_cause_that_the_owner_knows(error: BillingError, cause: Cause, system: str) -> None:
    assert trouble_of(error) == Trouble(cause, error.sentence, system)


def test_an_alert_of_an_older_version_is_sent_as_it_is(owned: Studio) -> None:
    failed(owned, "reconcile", Trouble(Cause.KILLED, "Killed."))
    [effect] = owned.effects(EffectKind.MAIL)
    older = replace(effect, parameters={"title": "reconcile failed", "sentences": "One."})
    with owned.ledger.read() as uow:
        content = content_of(owned.ctx, uow, older)

    assert isinstance(content, OwnerAlert)
    assert content.sentences[0] == "One."
    assert content.technical == ()
