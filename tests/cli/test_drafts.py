"""Approving and discarding what waits for a person."""

from __future__ import annotations

import json
import re

from billed_studio import Run, one_line


def _drafts(run: Run) -> list[str]:
    return re.findall(r"^inv_\w+", run("approve").stdout, re.MULTILINE)


def test_without_a_draft_the_waiting_ones_are_listed(run_in_review: Run) -> None:
    listed = run_in_review("approve").stdout

    assert listed.startswith("Draft")
    assert "EUR" in listed


def test_one_draft_is_approved_and_gets_a_number(run_in_review: Run) -> None:
    first, *rest = _drafts(run_in_review)

    done = run_in_review("approve", first, "--yes", "--now")

    assert re.fullmatch(r"Approved INV-\d{4}-0001\.\n", done.stdout)
    assert _drafts(run_in_review) == rest


def test_all_drafts_are_approved_after_their_count_and_total_were_shown(run_in_review: Run) -> None:
    count = len(_drafts(run_in_review))

    done = run_in_review("approve", "all", "--now", typed="y\n")

    assert re.search(rf"Approve {count} invoices of [\d,.]+ EUR in total\?", done.stderr)
    again = run_in_review("approve", "all", "--yes", "--now")  # what the other ledger's clients have paid meanwhile
    assert again.exit_code == 0, again.output
    assert run_in_review("approve").stdout == "No draft waits for approval.\n"
    assert "No draft waits" in one_line(run_in_review("approve", "all"))


def test_an_unknown_draft_is_one_line(run_in_review: Run) -> None:
    assert "No draft inv_none waits" in one_line(run_in_review("approve", "inv_none", "--yes"))


def test_a_discarded_draft_is_gone_and_its_session_is_left_out(run_in_review: Run) -> None:
    first = _drafts(run_in_review)[0]

    run_in_review("discard", first, "--reason", "a present", "--now")

    assert first not in _drafts(run_in_review)
    assert json.loads(run_in_review("status", "--json").stdout)["sessions"]["excluded"] >= 1


def test_a_limit_is_raised_for_today(run: Run) -> None:
    assert (
        run("approve", "--over-limit", "mails", "--to", "7", "--yes", "--now").stdout
        == "Today's limit of mails is 7.\n"
    )
    assert "of invoices is 400." in run("approve", "--over-limit", "invoices", "--yes", "--now").stdout
    assert "of invoices is 800." in run("approve", "--over-limit", "invoices", "--yes", "--now").stdout
