"""A stand-in for the PDF room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fakes import Line

from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.ports.outside import RENDER_TOO_LONG, Rendered, RenderJob


class FakeRenderer:
    """The same job gives the same bytes.

    Invoices of clients named in `broken` cannot be rendered, of those in `endless` take too long; no font has the
    characters of `missing`.
    """

    def __init__(self) -> None:
        self.line = Line()
        self.broken: set[str] = set()
        self.endless: set[str] = set()
        self.missing: set[str] = set()
        self.rendered: list[str] = []

    def close(self) -> None:
        """There is nothing to close."""

    def check_printable(self, invoice: Invoice) -> None:
        if self.missing & set(invoice.client.name):
            raise PermanentError("unprintable", f"No font has {' '.join(self.missing)}, in {invoice.client.name}.")

    def render(self, jobs: Sequence[RenderJob]) -> Iterator[Rendered]:
        for job in jobs:
            self.line.pass_through("render")
            yield Rendered(job, self._outcome(job))

    def _outcome(self, job: RenderJob) -> bytes | PermanentError:
        name, number = job.invoice.client.name, str(job.invoice.number)
        if name in self.endless:
            return PermanentError(RENDER_TOO_LONG, f"Invoice {number} took more than 60 seconds to set, and was left.")
        if name in self.broken:
            return PermanentError("render_failed", f"Invoice {number} cannot be rendered.")
        self.rendered.append(number)
        return f"%PDF {number} {job.pay_url}".encode()
