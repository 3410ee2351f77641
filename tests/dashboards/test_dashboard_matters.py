"""What waits for a person is told once per subject, with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from billing.domain.task_commands import commands_of
from dashboards.matters import by_subject, safe


def row(number: int, subject: str, sentence: str, days_open: int = 3, **of_it: str) -> dict[str, Any]:
    return {"attention_id": number, "subject": subject, "subject_id": f"vsco:{number}", "code": "a_code",
            "sentence": sentence, "days_open": days_open} | of_it  # fmt: skip


def test_mails_refused_for_one_invoice_are_one_matter_with_the_commands_of_each() -> None:
    sentence = (
        "The server refuses a@b.example: 550. Ask them for another address. When it is mended: `billing retry {}`."
    )
    keys = ["mail:invoice:inv_1", "mail:receipt:pay_1"]
    rows = [
        row(number, "INV-1", sentence.format(number), days, code="effect_failed", subject_id=key)
        for number, (key, days) in enumerate(zip(keys, (5, 2), strict=True))
    ]

    (matter,) = by_subject(rows)

    assert (matter.count, matter.waiting) == (2, "waiting for 5 days")
    assert matter.sentences == ("The server refuses a@b.example: 550. Ask them for another address.",)
    assert matter.commands == tuple(command for key in keys for command in commands_of("effect_failed", key))
    assert matter.lead == "Then run what is right of:"


@pytest.mark.parametrize(
    "end",
    ["When you know: `billing settle eff_1 --done` or `--not-done`.", "Then: `billing retry eff_1`, or with `--to …`."],
)
def test_what_is_said_below_is_not_said_twice(end: str) -> None:
    (matter,) = by_subject([row(1, "INV-1", f"Nobody knows how it has ended; look outside. {end}")])

    assert matter.sentences == ("Nobody knows how it has ended; look outside.",)


def test_what_an_outsider_says_in_a_sentence_is_no_command() -> None:
    said = ["The server says `billing void INV-1` and no more.", "550. Then: `billing refund INV-1 --yes`."]
    (matter,) = by_subject([row(number, "INV-1", sentence) for number, sentence in enumerate(said)])

    assert matter.commands == commands_of("a_code", "vsco:0") + commands_of("a_code", "vsco:1")


def test_a_command_that_is_one_of_several_ways_stays_in_its_sentence() -> None:
    """Cut out of it, it would read as what is to be done in any case: a refund sent by hand, and once more by us."""
    sentence = "200.00 EUR came back. Either try once more, with `billing refund INV-1`; or send them by hand."
    (matter,) = by_subject([row(1, "INV-1", sentence), row(2, "INV-1", "Ask for less, or: `billing write-off INV-1`.")])

    assert matter.sentences == (sentence, "Ask for less, or: `billing write-off INV-1`.")
    assert set(matter.commands) == {f"billing resolve vsco:{number} --code a_code --reason '…'" for number in (1, 2)}


def test_without_a_command_of_its_own_a_matter_is_resolved_with_a_reason() -> None:
    (matter,) = by_subject([row(9, "Wedding Lang", "No address; add one.", 0)])

    assert matter.commands == ("billing resolve vsco:9 --code a_code --reason '…'",)
    assert matter.waiting == "since today"


def test_the_longest_waiting_comes_first() -> None:
    rows = [row(1, "A", "x", 1), row(2, "B", "y", 66), row(3, "C", "z", 1)]

    assert [matter.subject for matter in by_subject(rows)] == ["B", "A", "C"]


def test_words_from_outside_stay_words_in_html() -> None:
    assert safe('<img src="x"> www.evil.example `billing retry 1`') == (
        "&lt;img src=&quot;x&quot;&gt; www.evil.example <code>billing retry 1</code>"
    )
