"""PDFs of invoices, made by a few worker processes that are kept between calls.

Nothing is set in the process that asks: only a process can be stopped in the midst of a document that takes for ever,
and one that a document brings down (Pango is C) takes no other work along.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from threading import Lock
from types import TracebackType

from billing.adapters.documents.sheet import DocumentKind
from billing.adapters.documents.workers import Ready, Refusal, Task, Word, Worker, listen
from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.invoices import Invoice
from billing.ports.outside import RENDER_TOO_LONG, Rendered, RenderJob

SECONDS_A_DOCUMENT = 60  # one takes 0.02, one of forty pages 2; ten times as much where ten programs share a processor
_FEW = 8  # so many are done by one worker sooner than another has imported WeasyPrint
SLOW_SECONDS = 5  # a worker that is longer at one document does not count: another is started for the rest
_DEATHS = 2  # a process may be killed for no fault of its document; hardly two


class PdfRenderer:
    """DocumentRenderer by WeasyPrint. The same job gives the same bytes, in whatever process.

    `workers` share the work when there is much of it; `close()` ends them. A document for which `seconds` are not
    enough ends its worker and is refused; the others go on.
    """

    def __init__(
        self, workers: int = 1, seconds: float = SECONDS_A_DOCUMENT, slow_seconds: float = SLOW_SECONDS
    ) -> None:
        self._workers, self._seconds, self._slow_seconds = workers, seconds, slow_seconds
        self._idle: list[Worker] = []
        self._lock = Lock()

    def check_printable(self, invoice: Invoice) -> None:
        """As the port says. About two milliseconds; neither WeasyPrint nor a font is loaded for it."""
        from billing.adapters.documents.typesetter import check_printable

        check_printable(invoice)

    def render(self, jobs: Sequence[RenderJob], kind: DocumentKind = DocumentKind.INVOICE) -> Iterator[Rendered]:
        """Each job with its PDF, or with why it has none, as soon as that is known.

        Refused are `render_failed` and RENDER_TOO_LONG; TemporaryError `renderer_died` if no worker starts.
        """
        waiting = deque(Task(job, kind) for job in jobs)
        wanted = min(self._workers, -(-len(jobs) // _FEW))
        crew: list[Worker] = []
        try:
            while waiting or any(worker.task for worker in crew):
                self._man(crew, waiting, wanted)
                to_hear, overdue = listen(crew, self._slow_seconds)
                for worker in to_hear:
                    yield from self._heard(worker, crew, waiting)
                for worker in overdue:
                    yield self._given_up(worker, crew)
        finally:
            self._dismiss(crew)

    def close(self) -> None:
        """End the worker processes. The renderer can be used again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def __enter__(self) -> PdfRenderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _man(self, crew: list[Worker], waiting: deque[Task], wanted: int) -> None:
        """Take on as many as are wanted, and one for each that is slow; give work to all that are free."""
        slow = sum(worker.has_worked_for(self._slow_seconds) for worker in crew)
        while waiting and len(crew) < min(wanted + slow, 2 * wanted):
            crew.append(self._taken_on())
            self._give(crew[-1], waiting)
        for worker in crew:
            self._give(worker, waiting)

    def _taken_on(self) -> Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    return worker
                worker.end()
        return Worker()

    def _give(self, worker: Worker, waiting: deque[Task]) -> None:
        if worker.is_free and waiting:
            worker.give(waiting.popleft(), self._seconds)

    def _heard(self, worker: Worker, crew: list[Worker], waiting: deque[Task]) -> Iterator[Rendered]:
        word, task = worker.hear(), worker.task
        if word is None or (task is None and isinstance(word, Refusal)):
            yield from self._lost(worker, crew, waiting, word)
            return
        worker.task = None
        self._give(worker, waiting)  # before the reader takes what is ready, who may be a while
        if task is not None and not isinstance(word, Ready):
            yield Rendered(task.job, _outcome(task.job, word))

    def _lost(self, worker: Worker, crew: list[Worker], waiting: deque[Task], word: Word | None) -> Iterator[Rendered]:
        """A worker that died. What it was at is begun again by another, once."""
        crew.remove(worker)
        worker.end()
        task = worker.task
        if task is None:
            reason = f" ({word.sentence})" if isinstance(word, Refusal) else ""
            raise TemporaryError(
                "renderer_died", f"The process that makes PDFs does not start{reason}; `billing doctor` says more."
            )
        task.deaths += 1
        if task.deaths < _DEATHS:
            waiting.appendleft(task)
            return
        sentence = f"{_named(task.job)} cannot be rendered: the process that was at it ended, twice."
        yield Rendered(task.job, PermanentError("render_failed", sentence))

    def _given_up(self, worker: Worker, crew: list[Worker]) -> Rendered:
        crew.remove(worker)
        worker.end()
        if worker.task is None:
            raise TemporaryError(
                "renderer_died", "The process that makes PDFs does not come up; is the machine overloaded?"
            )
        sentence = f"{_named(worker.task.job)} took more than {self._seconds:g} seconds to set, and was left."
        return Rendered(worker.task.job, PermanentError(RENDER_TOO_LONG, sentence))

    def _dismiss(self, crew: list[Worker]) -> None:
        """Keep those that are free; nobody waits for what the others would make."""
        for worker in crew:
            with self._lock:
                is_kept = worker.is_free and len(self._idle) < self._workers
                if is_kept:
                    self._idle.append(worker)
            if not is_kept:
                worker.end()


def _outcome(job: RenderJob, word: Refusal | bytes) -> bytes | PermanentError:
    if isinstance(word, bytes):
        return word
    return PermanentError("render_failed", f"{_named(job)} cannot be rendered ({word.sentence.rstrip('.')}).")


def _named(job: RenderJob) -> str:
    return f"Invoice {job.invoice.number}" if job.invoice.number else f"The draft {job.invoice.invoice_id}"
