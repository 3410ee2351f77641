from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from document_samples import LOGO, PAY_URL, STUDIO, invoice, line, loose, plain_invoice
from pypdf import PdfReader

from billing.adapters.documents import DocumentKind, PdfRenderer
from billing.adapters.documents.press import end_with_parent
from billing.adapters.documents.qr import qr_data_url
from billing.domain.canonical import sha256
from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.invoices import Invoice
from billing.ports.outside import RenderJob


def pdf_of(bill: Invoice, pay_url: str | None = PAY_URL, watermark: str | None = None) -> PdfReader:
    return PdfReader(io.BytesIO(next(PdfRenderer().render([RenderJob(bill, pay_url, watermark)]))))


def text_of(pdf: PdfReader) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pdf.pages]


def long_invoice(sessions: int) -> Invoice:
    lines = []
    for number in range(sessions):
        lines += [
            line(2 * number, f"Session {number}", 1000, description="Two hours, one background"),
            line(2 * number + 1, f"Prints of {number}", depth=1, quantity=Decimal(20)),
        ]
    return invoice(lines=tuple(lines))


@pytest.fixture(scope="module")
def two_workers() -> Iterator[PdfRenderer]:
    with PdfRenderer(workers=2) as renderer:
        yield renderer


def test_an_invoice_says_who_asks_for_what_and_how_to_pay() -> None:
    page = loose(pdf_of(invoice()).pages[0].extract_text(extraction_mode="layout"))

    order = ["North Light", "Invoice 2026-0042", "€1,240.00", "Due 3 April 2026", "Pay online"]
    order += ["Anna & Ben, wedding", "Anna Berger", "Amount (€)", "Balance due", "Payment is due"]
    places = [page.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)


def test_the_button_is_a_link_to_the_payment() -> None:
    (page,) = pdf_of(invoice()).pages

    assert [note.get_object()["/A"]["/URI"] for note in page["/Annots"]] == [PAY_URL]  # type: ignore[union-attr]


def test_the_file_names_its_title_author_language_and_day() -> None:
    pdf = pdf_of(invoice(language="de_AT"))

    assert pdf.metadata is not None
    assert (pdf.metadata.title, pdf.metadata.author) == ("Rechnung 2026-0042 · North Light", "North Light")
    assert str(pdf.metadata["/CreationDate"]).startswith("D:20260303")
    assert pdf.root_object["/Lang"] == "de-AT"


def test_the_file_is_tagged_for_those_who_listen_to_it() -> None:
    root = pdf_of(invoice()).root_object

    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()


def test_only_the_packaged_fonts_are_in_the_file() -> None:
    fonts = pdf_of(invoice()).pages[0]["/Resources"]["/Font"].values()

    names = {str(font.get_object()["/BaseFont"]) for font in fonts}
    assert names
    assert all("Studio-S" in name for name in names)


def test_a_second_page_repeats_the_head_and_both_are_counted() -> None:
    first, second = text_of(pdf_of(long_invoice(12)))

    assert "Amount (€)" in first
    assert "Amount (€)" in second
    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in second
    assert "Invoice 2026-0042 · North Light" in second


def test_one_page_is_not_counted() -> None:
    assert "Page 1" not in text_of(pdf_of(invoice()))[0]


@pytest.mark.parametrize("sessions", range(9, 15))
def test_the_sums_are_never_alone_on_a_page(sessions: int) -> None:
    last = text_of(pdf_of(long_invoice(sessions)))[-1]

    assert "Balance due" in last
    assert f"Session {sessions - 1}" in last
    assert "Subtotal" in last


def test_a_package_too_long_for_the_page_is_divided_and_not_moved() -> None:
    contents = [line(number, f"Content {number}", depth=1) for number in range(1, 45)]

    first, last = text_of(pdf_of(invoice(lines=(line(0, "Package", 100), *contents))))

    assert "Content 20" in first
    assert "Content 44" in last


@pytest.mark.parametrize(("size", "width"), [("A4", 595.28), ("Letter", 612), ("Foolscap", 595.28)])
def test_the_paper_is_that_of_the_client(size: str, width: float) -> None:
    assert float(pdf_of(invoice(page_size=size)).pages[0].mediabox.width) == pytest.approx(width, abs=0.1)


def test_a_draft_says_so_across_the_page() -> None:
    assert "Draft" in text_of(pdf_of(invoice(number="X1"), None, "Draft"))[0]


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [(4500000, "JPY", "4,500,000"), (1234567, "KWD", "1,234.567"), (-5, "EUR", "−0.05")],
)
def test_amounts_have_the_decimals_of_their_currency(minor: int, currency: str, written: str) -> None:
    assert written in text_of(pdf_of(plain_invoice(minor, currency)))[0]


def test_names_in_other_scripts_and_very_long_ones_do_no_harm() -> None:
    bill = invoice(
        client=replace(invoice().client, name="ליאור " + "x" * 400, address_lines=("東京",)),
        lines=(line(1, "سلمى " + "W" * 500, 100),),
        studio=replace(STUDIO, name="Ж" * 200, logo=LOGO),
    )

    assert len(pdf_of(bill).pages) >= 1


def test_the_same_job_gives_the_same_bytes_in_any_process(two_workers: PdfRenderer) -> None:
    abroad = replace(invoice().client, name="محمد 🎉 山田", country="JP")
    jobs = [
        RenderJob(long_invoice(12), PAY_URL),
        RenderJob(invoice(studio=replace(STUDIO, logo=LOGO)), None, "Draft"),
        RenderJob(invoice(client=abroad), PAY_URL),
    ]
    here = list(PdfRenderer().render(jobs))

    again = list(PdfRenderer().render(jobs))
    in_workers = list(two_workers.render(jobs * 5))
    elsewhere = _hashes_from_a_fresh_process(jobs, {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"})

    assert again == here
    assert in_workers == here * 5
    assert elsewhere == [sha256(pdf) for pdf in here]


def test_the_machine_s_own_fonts_change_nothing(tmp_path: Path) -> None:
    nothing = tmp_path / "fonts.conf"
    nothing.write_text(f'<?xml version="1.0"?><fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>')
    jobs = [RenderJob(invoice(language="fr"), PAY_URL), RenderJob(plain_invoice(100, "ILS"), PAY_URL)]

    bare = _hashes_from_a_fresh_process(jobs, {"FONTCONFIG_FILE": str(nothing)})

    assert bare == [sha256(pdf) for pdf in PdfRenderer().render(jobs)]


def test_no_process_leaves_its_fonts_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    jobs = [RenderJob(invoice(), PAY_URL)] * 10
    folder = tmp_path_factory.mktemp(
        "t"
    )  # short: the workers' socket is in it, and its path has 107 characters at most

    hashes = _hashes_from_a_fresh_process(jobs, {"TMPDIR": str(folder)}, workers=2)

    assert len(hashes) == 10
    assert not list(folder.glob("weasyprint-*"))


def _hashes_from_a_fresh_process(jobs: list[RenderJob], environment: dict[str, str], workers: int = 1) -> list[str]:
    script = (
        "import pickle, sys\n"
        "from billing.adapters.documents import PdfRenderer\n"
        "from billing.domain.canonical import sha256\n"
        f"with PdfRenderer({workers}) as renderer:\n"
        "    print(*map(sha256, renderer.render(pickle.load(sys.stdin.buffer))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        input=pickle.dumps(jobs),
        capture_output=True,
        check=True,
        env=os.environ | environment,
    )
    return done.stdout.decode().split()


def test_many_are_rendered_in_order_and_no_further_ahead_than_needed(two_workers: PdfRenderer) -> None:
    jobs = [RenderJob(plain_invoice(100 + number, "EUR"), None) for number in range(20)]

    pdfs = list(two_workers.render(jobs))

    assert [f"{100 + number}" in _figures(pdf) for number, pdf in enumerate(pdfs)] == [True] * 20


def _figures(pdf: bytes) -> str:
    return text_of(PdfReader(io.BytesIO(pdf)))[0].replace(".", "")


def test_a_reader_who_stops_early_leaves_the_pool_usable(two_workers: PdfRenderer) -> None:
    jobs = [RenderJob(plain_invoice(100, "EUR"), None)] * 20
    reading = two_workers.render(jobs)

    first = next(reading)
    reading.close()  # type: ignore[attr-defined]

    assert next(two_workers.render(jobs)) == first


@pytest.mark.parametrize("count", [1, 12])
def test_a_job_that_cannot_be_rendered_is_named(two_workers: PdfRenderer, count: int) -> None:
    jobs = [RenderJob(invoice(currency="euro"), None)] * count

    with pytest.raises(PermanentError, match=r"Invoice 2026-0042 cannot be rendered \(ValueError") as caught:
        list(two_workers.render(jobs))

    assert caught.value.code == "render_failed"


def test_a_draft_that_cannot_be_rendered_is_named_by_its_id() -> None:
    with pytest.raises(PermanentError, match="The draft inv_1 cannot be rendered"):
        list(PdfRenderer().render([RenderJob(invoice(currency="euro", number=None), None)]))


def test_a_killed_worker_is_a_temporary_error_and_the_next_call_works() -> None:
    jobs = [RenderJob(plain_invoice(100, "EUR"), None)] * 40
    with PdfRenderer(workers=2) as renderer:
        reading = renderer.render(jobs)
        first = next(reading)
        for worker in _workers_of(renderer):
            os.kill(worker, signal.SIGKILL)

        with pytest.raises(TemporaryError) as caught:
            list(reading)

        assert caught.value.code == "renderer_died"
        assert list(renderer.render(jobs[:10])) == [first] * 10


def _workers_of(renderer: PdfRenderer) -> list[int]:
    pool = renderer._pool
    assert pool is not None
    return list(pool._processes)


def test_the_first_process_waits_for_no_other_to_end() -> None:
    end_with_parent()

    assert not [thread for thread in threading.enumerate() if thread.name.endswith("(_wait_and_end)")]


def test_closing_twice_is_closing_once() -> None:
    renderer = PdfRenderer(workers=2)

    renderer.close()
    renderer.close()


def test_other_documents_come_from_the_same_renderer() -> None:
    pdf = next(PdfRenderer().render([RenderJob(invoice(), None)], DocumentKind.CREDIT_NOTE))

    assert "Credit note 2026-0042" in text_of(PdfReader(io.BytesIO(pdf)))[0]


def test_a_code_is_drawn_for_any_link() -> None:
    assert qr_data_url("https://pay.example/" + "x" * 500).startswith("data:image/png;base64,")


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
