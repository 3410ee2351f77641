"""PDFs of invoices: in this process, or by a few worker processes that are kept between calls."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from threading import Lock
from types import TracebackType

from billing.adapters.documents.sheet import DocumentKind
from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.invoices import Invoice
from billing.ports.outside import RenderJob

_FEW = 8  # so many are done here sooner than a fresh worker has imported WeasyPrint
_MAIN_IS_HIDDEN = Lock()
_AHEAD = 4  # documents a worker may be ahead of the reader, so that memory stays flat


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a job could not be rendered. Exceptions with arguments of their own do not survive the way back."""

    reason: str


class PdfRenderer:
    """DocumentRenderer by WeasyPrint. The same job gives the same bytes, in whatever process.

    With `workers` > 1, calls with more than a few jobs are spread over that many processes; `close()` ends them.
    Errors: PermanentError `render_failed` for a job that cannot be rendered, TemporaryError `renderer_died` when a
    worker was killed; the next call starts fresh ones.
    """

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def check_printable(self, invoice: Invoice) -> None:
        """As the port says. About two milliseconds; neither WeasyPrint nor a font is loaded for it."""
        from billing.adapters.documents.typesetter import check_printable

        check_printable(invoice)

    def render(self, jobs: Sequence[RenderJob], kind: DocumentKind = DocumentKind.INVOICE) -> Iterator[bytes]:
        """The PDFs in the order of the jobs, each as soon as it and those before it are ready."""
        if self._workers == 1 or len(jobs) <= _FEW:
            return (_checked(job, _attempt(job, kind)) for job in jobs)
        return self._render_in_pool(jobs, kind)

    def close(self) -> None:
        """End the worker processes. The renderer can be used again."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def __enter__(self) -> PdfRenderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _render_in_pool(self, jobs: Sequence[RenderJob], kind: DocumentKind) -> Iterator[bytes]:
        underway: deque[tuple[RenderJob, Future[bytes | _Failure]]] = deque()
        waiting = iter(jobs)
        try:
            for job in waiting:
                with _without_main():
                    underway.append((job, self._started().submit(_attempt, job, kind)))
                if len(underway) >= self._workers * _AHEAD:
                    yield _finished(*underway.popleft())
            while underway:
                yield _finished(*underway.popleft())
        except BrokenProcessPool as error:
            self.close()
            raise TemporaryError(
                "renderer_died",
                f"A process that renders documents died before {_named(job)} was done; the next call starts new ones.",
            ) from error
        finally:
            for _, future in underway:
                future.cancel()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not "fork": a fork of a process with threads (Dagster's, the portal's) may hold their locks for ever.
            context = get_context("forkserver")
            self._pool = ProcessPoolExecutor(self._workers, mp_context=context, initializer=_end_with_parent)
        return self._pool


@contextmanager
def _without_main() -> Iterator[None]:
    """Let a worker that is started here not import the program that starts it, as multiprocessing would have it.

    A worker needs nothing of it; Dagster's costs a second and a hundred megabytes, Streamlit's is a page that stops.
    """
    main = sys.modules["__main__"]
    with _MAIN_IS_HIDDEN:
        spec, file = main.__spec__, main.__dict__.pop("__file__", None)
        main.__spec__ = None
        try:
            yield
        finally:
            main.__spec__ = spec
            if file is not None:
                main.__file__ = file


def _end_with_parent() -> None:
    from billing.adapters.documents.press import end_with_parent

    end_with_parent()


def _attempt(job: RenderJob, kind: DocumentKind) -> bytes | _Failure:
    from billing.adapters.documents.typesetter import typeset

    try:
        return typeset(job, kind)
    except Exception as error:
        return _Failure(f"{type(error).__name__}: {error}")


def _finished(job: RenderJob, future: Future[bytes | _Failure]) -> bytes:
    return _checked(job, future.result())


def _checked(job: RenderJob, outcome: bytes | _Failure) -> bytes:
    if isinstance(outcome, _Failure):
        raise PermanentError("render_failed", f"{_named(job)} cannot be rendered ({outcome.reason}).")
    return outcome


def _named(job: RenderJob) -> str:
    return f"Invoice {job.invoice.number}" if job.invoice.number else f"The draft {job.invoice.invoice_id}"
