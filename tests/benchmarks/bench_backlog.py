"""A backlog through one Dagster run, against WeasyPrint alone on the same documents with both cores.

    python tests/benchmarks/bench_backlog.py 1000

The sessions' VSCO records are in the inbox before the run starts; fetching them is measured apart.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import text
from stage import ROOT, Footprint, Stage, show, show_machine, stage

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain import canonical
from billing.domain.invoices import Invoice
from billing.ports.outside import RenderJob

SMALL = 100
FETCH = """
from billing.bootstrap import open_context
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs
with open_context() as ctx:
    observe_jobs(ctx)
    fetch_session_records(ctx)
"""
MEMORY_MB = 700


def main(sessions: int) -> None:
    show_machine()
    small_mb = _bill(SMALL)[1]
    rate, peak_mb, alone = _bill(sessions)
    show(f"{sessions} sessions in one run: invoices complete per second", rate, ">= 30", rate >= 30)
    show("  the same / WeasyPrint alone on the same documents, both cores", rate / alone, ">= 0.6", rate / alone >= 0.6)
    show("  memory of all processes of the run, MB", peak_mb, f"<= {MEMORY_MB}", peak_mb <= MEMORY_MB)
    growth = peak_mb / small_mb
    show(f"  the same / that of {SMALL} sessions", growth, "<= 1.1", growth <= 1.1)


def _bill(sessions: int) -> tuple[float, float, float]:
    """Invoices per second from the run's first record to the last mail accepted, peak memory, and the bare rate."""
    with stage() as room:
        room.post("/sandbox/backlog", {"count": sessions})
        fetched = _run(room, "-c", FETCH)
        print(f"{sessions} sessions fetched from VSCO Workspace at {sessions / fetched:.0f}/s", flush=True)
        (room.room / "dagster").mkdir()
        command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "pipelines.definitions"]
        command += ["-j", "bill_completed_sessions"]
        log = (room.room / "run.log").open("w")
        process = subprocess.Popen(command, cwd=ROOT, env=room.environment, stdout=log, stderr=log)
        with Footprint(process.pid) as footprint:
            code = process.wait()
        if code:
            sys.exit(f"the run failed:\n{(room.room / 'run.log').read_text()[-3000:]}")
        ledger = SqlLedger(room.environment["BILLING_LEDGER_URL"])
        rate = _complete_per_second(ledger)
        alone = _weasyprint_alone(ledger)
        ledger.close()
    return rate, footprint.peak_mb, alone


def _run(room: Stage, *command: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, env=room.environment, check=True)
    return time.perf_counter() - began


def _complete_per_second(ledger: SqlLedger) -> float:
    """From the first invoice's pricing to the last mail's acceptance, as the ledger noted them."""
    query = """select count(*), min(i.priced_at), max(e.settled_at) from invoices i
    join effects e on e.subject_id = i.invoice_id and e.kind = 'mail' and e.purpose = 'invoice' and e.state = 'done'"""
    with ledger.engine.connect() as connection:
        count, began, ended = connection.execute(text(query)).one()
    return float(count / (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds())


def _weasyprint_alone(ledger: SqlLedger) -> float:
    """Documents a second by two warm processes that do nothing else, each with WeasyPrint as it comes."""
    query = "select snapshot, url from invoices join pay_links using (invoice_id) limit 200"
    with ledger.engine.connect() as connection:
        found = connection.execute(text(query)).all()
    jobs = [RenderJob(canonical.loads(Invoice, snapshot), url) for snapshot, url in found]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(bare_weasyprint, jobs[:8]))
        began = time.perf_counter()
        list(pool.map(bare_weasyprint, jobs, chunksize=4))
        return len(jobs) / (time.perf_counter() - began)


def bare_weasyprint(job: RenderJob) -> int:
    """The same document by the library's own entrance: nothing is kept from one to the next but the fonts."""
    from weasyprint import CSS, HTML

    from billing.adapters.documents import press, typesetter
    from billing.adapters.documents.sheet import DocumentKind, sheet_for

    sheet = sheet_for(job, DocumentKind.INVOICE)
    source = typesetter.templates().get_template("sheet.css")
    style = CSS(
        string=source.render(page_size=job.invoice.page_size, accent=sheet.accent, faces=()), font_config=press.fonts()
    )
    page = HTML(string=typesetter.sheet_html(sheet))
    return len(page.write_pdf(stylesheets=[style], font_config=press.fonts(), pdf_variant="pdf/ua-1"))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
