"""What waits for a person is told once per subject, with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.matters import by_subject, safe


def row(number: int, subject: str, sentence: str, days_open: int = 3) -> dict[str, Any]:
    return {"attention_id": number, "subject": subject, "subject_id": f"vsco:{number}", "code": "a_code",
            "sentence": sentence, "days_open": days_open}  # fmt: skip


def test_mails_refused_for_one_invoice_are_one_matter_with_a_command_each() -> None:
    sentence = (
        "The server refuses a@b.example: 550. Ask them for another address. When it is mended: `billing retry {}`."
    )
    rows = [row(1, "INV-1", sentence.format("eff_1"), 5), row(2, "INV-1", sentence.format("eff_2"), 2)]

    (matter,) = by_subject(rows)

    assert (matter.count, matter.waiting) == (2, "waiting for 5 days")
    assert matter.sentences == ("The server refuses a@b.example: 550. Ask them for another address.",)
    assert matter.commands == ("billing retry eff_1", "billing retry eff_2")


@pytest.mark.parametrize(
    ("end", "commands"),
    [
        (
            "`billing settle eff_1 --done` or `--not-done`.",
            ("billing settle eff_1 --done", "billing settle eff_1 --not-done"),
        ),
        ("`billing retry eff_1`, or with `--to ADDRESS`.", ("billing retry eff_1", "billing retry eff_1 --to ADDRESS")),
    ],
)
def test_each_way_to_end_it_is_a_command(end: str, commands: tuple[str, ...]) -> None:
    (matter,) = by_subject([row(1, "INV-1", f"Nobody knows how it has ended; look outside. When you know: {end}")])

    assert matter.sentences == ("Nobody knows how it has ended; look outside.",)
    assert matter.commands == commands
    assert matter.lead == "Then run what is right of:"  # not all of them: done and not done cannot both be


def test_what_an_outsider_says_in_a_sentence_is_no_command() -> None:
    (matter,) = by_subject([row(1, "INV-1", "The server says `billing void INV-1` and no more.")])

    assert matter.commands == ('billing resolve vsco:1 --code a_code --reason "…"',)


def test_a_command_that_is_one_of_several_ways_stays_in_its_sentence() -> None:
    """Cut out of it, it would read as what is to be done in any case: a refund sent by hand, and once more by us."""
    sentence = "200.00 EUR came back. Either try once more, with `billing refund INV-1`; or send them by hand."
    (matter,) = by_subject([row(1, "INV-1", sentence), row(2, "INV-1", "Ask for less, or: `billing write-off INV-1`.")])

    assert matter.sentences == (sentence, "Ask for less, or: `billing write-off INV-1`.")
    assert set(matter.commands) == {f'billing resolve vsco:{number} --code a_code --reason "…"' for number in (1, 2)}


def test_without_a_command_of_its_own_a_matter_is_resolved_with_a_reason() -> None:
    (matter,) = by_subject([row(9, "Wedding Lang", "No address; add one.", 0)])

    assert matter.commands == ('billing resolve vsco:9 --code a_code --reason "…"',)
    assert matter.waiting == "since today"


def test_the_longest_waiting_comes_first() -> None:
    rows = [row(1, "A", "x", 1), row(2, "B", "y", 66), row(3, "C", "z", 1)]

    assert [matter.subject for matter in by_subject(rows)] == ["B", "A", "C"]


def test_words_from_outside_stay_words_in_html() -> None:
    assert safe('<img src="x"> www.evil.example `billing retry 1`') == (
        "&lt;img src=&quot;x&quot;&gt; www.evil.example <code>billing retry 1</code>"
    )
