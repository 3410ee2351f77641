"""The PDF room: workers that can be ended one by one, and no document that holds up the others."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from document_samples import LOGO, PAY_URL, STUDIO, invoice, line, long_invoice, plain_invoice

from billing.adapters.documents import DocumentKind, PdfRenderer
from billing.adapters.documents.typesetter import typeset
from billing.domain.canonical import sha256
from billing.domain.errors import PermanentError
from billing.ports.outside import RenderJob

PLAIN = RenderJob(plain_invoice(100, "EUR"), None)


def named(name: str, number: str = "2026-0042") -> RenderJob:
    return RenderJob(invoice(client=replace(invoice().client, name=name), number=number), None)


def described(text: str, number: str) -> RenderJob:
    """As an old ledger may hold it; records are capped where they come in."""
    return RenderJob(invoice(lines=(line(1, "Wedding", 100, description=text),), number=number), None)


@pytest.fixture(scope="module")
def two_workers() -> Iterator[PdfRenderer]:
    with PdfRenderer(workers=2) as renderer:
        yield renderer


def pdfs(renderer: PdfRenderer, jobs: Sequence[RenderJob]) -> list[bytes]:
    """Sorted, because they come as they are ready."""
    outcomes = [rendered.outcome for rendered in renderer.render(jobs)]
    assert not [outcome for outcome in outcomes if isinstance(outcome, PermanentError)]
    return sorted(outcome for outcome in outcomes if isinstance(outcome, bytes))


def refusals(renderer: PdfRenderer, jobs: Sequence[RenderJob]) -> dict[str, str]:
    """What was refused, by number, with its code and sentence."""
    found = [(rendered.job.invoice, rendered.outcome) for rendered in renderer.render(jobs)]
    return {
        str(bill.number or bill.invoice_id): f"{outcome.code}: {outcome.sentence}"
        for bill, outcome in found
        if isinstance(outcome, PermanentError)
    }


def test_each_job_comes_back_with_its_document(two_workers: PdfRenderer) -> None:
    jobs = [RenderJob(plain_invoice(100 + number, "EUR"), None) for number in range(20)]

    rendered = {one.job.invoice.amount_due_minor: one.outcome for one in two_workers.render(jobs)}

    assert sorted(rendered) == list(range(100, 120))
    assert rendered[107] == typeset(jobs[7])


def test_the_same_job_gives_the_same_bytes_in_any_process(two_workers: PdfRenderer) -> None:
    abroad = replace(invoice().client, name="محمد 🎉 山田", country="JP")
    jobs = [
        RenderJob(long_invoice(6), PAY_URL),
        RenderJob(invoice(studio=replace(STUDIO, logo=LOGO)), None, "Draft"),
        RenderJob(invoice(client=abroad), PAY_URL),
    ]
    here = sorted(map(typeset, jobs))

    again = sorted(map(typeset, jobs))
    in_workers = pdfs(two_workers, jobs * 3)
    elsewhere = _hashes_from_a_fresh_process(jobs, {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"})

    assert again == here
    assert in_workers == sorted(here * 3)
    assert elsewhere == {sha256(pdf) for pdf in here}


def test_the_machine_s_own_fonts_change_nothing(tmp_path: Path) -> None:
    nothing = tmp_path / "fonts.conf"
    nothing.write_text(f'<?xml version="1.0"?><fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>')
    jobs = [RenderJob(invoice(language="fr"), PAY_URL), RenderJob(plain_invoice(100, "ILS"), PAY_URL)]

    bare = _hashes_from_a_fresh_process(jobs, {"FONTCONFIG_FILE": str(nothing)})

    assert bare == {sha256(typeset(job)) for job in jobs}


def test_no_process_leaves_its_fonts_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("t")  # short: the workers' socket is in it, whose path has 107 characters at most

    assert len(_hashes_from_a_fresh_process([PLAIN], {"TMPDIR": str(folder)})) == 1
    assert [path for path in folder.rglob("*") if "fonts" in path.name or "weasyprint" in path.name] == []


def _hashes_from_a_fresh_process(jobs: list[RenderJob], environment: dict[str, str]) -> set[str]:
    script = (
        "import pickle, sys\n"
        "from billing.adapters.documents import PdfRenderer\n"
        "from billing.domain.canonical import sha256\n"
        "with PdfRenderer() as renderer:\n"
        "    print(*(sha256(one.outcome) for one in renderer.render(pickle.load(sys.stdin.buffer))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        input=pickle.dumps(jobs),
        capture_output=True,
        check=True,
        env=os.environ | environment,
    )
    return set(done.stdout.decode().split())


def test_a_document_that_takes_for_ever_is_left_and_holds_up_no_other() -> None:
    with PdfRenderer(workers=2, seconds=8) as renderer:
        said = refusals(renderer, [described("x" * 200_000, "2026-0099"), *[PLAIN] * 20])

    assert said == {"2026-0099": "render_too_long: Invoice 2026-0099 took more than 8 seconds to set, and was left."}


def test_with_one_worker_a_slow_document_makes_room_for_another() -> None:
    with PdfRenderer(workers=1, slow_seconds=0.2) as renderer:
        rendered = list(renderer.render([described("x" * 60_000, "2026-0099"), named("Ada", "2026-0001")]))

    assert [one.job.invoice.number for one in rendered] == ["2026-0001", "2026-0099"]


def test_a_name_that_no_line_holds_is_set_all_the_same(two_workers: PdfRenderer) -> None:
    """It took minutes, as WeasyPrint laid out all that was left of it once for each of its lines."""
    assert pdfs(two_workers, [named("x" * 200_000)])


def test_a_reader_who_stops_early_leaves_the_workers_usable(two_workers: PdfRenderer) -> None:
    reading = two_workers.render([PLAIN] * 20)

    first = next(reading)
    reading.close()  # type: ignore[attr-defined]

    assert pdfs(two_workers, [PLAIN]) == [first.outcome]


def test_a_job_that_cannot_be_rendered_is_named_and_the_others_go_on(two_workers: PdfRenderer) -> None:
    broken = RenderJob(invoice(currency="euro"), None)
    draft = RenderJob(invoice(currency="euro", number=None), None)
    unprintable = named("𒀀", "2026-0043")

    said = refusals(two_workers, [broken, *[PLAIN] * 5, unprintable, draft, PLAIN])

    assert sorted(said) == ["2026-0042", "2026-0043", "inv_1"]
    assert said["2026-0042"].startswith("render_failed: Invoice 2026-0042 cannot be rendered (ValueError: ")
    assert said["inv_1"].startswith("render_failed: The draft inv_1 cannot be rendered (ValueError: ")
    assert said["2026-0043"] == (
        "render_failed: Invoice 2026-0043 cannot be rendered (No font has “𒀀” U+12000, in “𒀀”)."
    )


def test_a_killed_worker_takes_nothing_along() -> None:
    with PdfRenderer(workers=2) as renderer:
        reading = renderer.render([PLAIN] * 20)
        first = next(reading)
        _kill_workers()

        rest = list(reading)

        assert [one.outcome for one in rest] == [first.outcome] * 19


def test_workers_that_died_while_nobody_needed_them_are_replaced(two_workers: PdfRenderer) -> None:
    [pdf] = pdfs(two_workers, [PLAIN])
    _kill_workers()

    assert pdfs(two_workers, [PLAIN] * 10) == [pdf] * 10


def _kill_workers() -> None:
    """They are children of multiprocessing's fork server, which is ours."""
    for server in psutil.Process().children():
        for worker in server.children():
            worker.kill()


def test_closing_twice_is_closing_once() -> None:
    renderer = PdfRenderer(workers=2)

    renderer.close()
    renderer.close()


def test_other_documents_come_from_the_same_renderer(two_workers: PdfRenderer) -> None:
    [credit_note] = two_workers.render([RenderJob(invoice(), None)], DocumentKind.CREDIT_NOTE)

    assert credit_note.outcome == typeset(RenderJob(invoice(), None), DocumentKind.CREDIT_NOTE)


def test_a_worker_does_not_run_the_program_that_starts_it(tmp_path: Path) -> None:
    """Streamlit and Dagster are such programs: importing them again stops a worker, or costs it a second."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, pickle\n"
        "from billing.adapters.documents import PdfRenderer\n"
        "if __name__ != '__main__':\n"
        "    sys.exit('a worker ran the program')\n"
        "jobs = pickle.load(open(sys.argv[1], 'rb'))\n"
        "with PdfRenderer(2) as renderer:\n"
        "    print(sum(1 for _ in renderer.render(jobs)), __file__ == sys.argv[0])\n"
    )
    jobs = tmp_path / "jobs"
    jobs.write_bytes(pickle.dumps([RenderJob(invoice(), None)] * 12))

    ran = subprocess.run([sys.executable, str(program), str(jobs)], capture_output=True, text=True, check=False)

    assert (ran.stdout.split(), ran.stderr) == (["12", "True"], "")
