"""How long is waited, how often is asked, and on which paper is printed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.effects import EffectKind, ask_again_at, message_id, retry_delay_seconds
from billing.domain.errors import TemporaryError
from billing.domain.invoices import page_size_for

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "hours"), [(0, 1 / 60), (1, 5 / 60), (2, 1.0), (3, 6.0), (4, 24.0), (5, 24.0), (50, 24.0)]
)
def test_what_is_unknown_is_asked_about_ever_more_slowly(asked: int, hours: float) -> None:
    assert ask_again_at(NOW, asked) == NOW + timedelta(hours=hours)


def test_the_outside_may_ask_for_more_patience_and_not_for_less() -> None:
    sooner, later = NOW + timedelta(seconds=1), NOW + timedelta(days=2)

    assert ask_again_at(NOW, 0, later) == later
    assert ask_again_at(NOW, 0, sooner) == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("attempts", "asked_for", "expected"),
    [(0, None, 30), (1, None, 60), (6, None, 1920), (7, None, 3600), (500, None, 3600), (1, 90, 90), (1, 5, 60)],
)
def test_what_failed_for_a_while_is_tried_again_after_a_doubling_time(
    attempts: int, asked_for: int | None, expected: int
) -> None:
    assert retry_delay_seconds(attempts, asked_for) == expected


def test_only_a_mail_server_cannot_be_asked() -> None:
    assert [kind for kind in EffectKind if not EFFECT_SPECS[kind].can_be_asked] == [EffectKind.MAIL]


def test_a_message_id_is_of_fixed_length_and_follows_from_the_key() -> None:
    name, _, domain = message_id("mail:invoice:inv_1", "studio.example").strip("<>").partition("@")

    assert len(name) == 32
    assert domain == "studio.example"


def test_a_temporary_error_says_what_it_is() -> None:
    error = TemporaryError("down", "The line is down.", 7)

    assert (error.code, error.sentence, str(error), error.retry_after_seconds) == (
        "down",
        "The line is down.",
        "The line is down.",
        7,
    )


def test_paper_is_letter_where_it_is_sold_and_a4_elsewhere() -> None:
    letter = ["US", "CA", "MX", "PH", "CL", "CO", "VE", "PR", "CR", "GT", "NI", "PA", "SV", "BZ", "DO"]

    assert {page_size_for(country) for country in letter} == {"Letter"}
    assert {page_size_for(country) for country in ("DE", "GB", "JP", "BR", None)} == {"A4"}
