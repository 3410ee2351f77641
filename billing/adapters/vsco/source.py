"""VSCO Workspace as the booking system (port SessionSource)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from billing.adapters.vsco.amounts import Amounts, MoneyScale
from billing.adapters.vsco.catalogue import SHARED_LISTS, catalogue, read_account
from billing.adapters.vsco.client import Pace, Query, VscoClient
from billing.adapters.vsco.fields import Fields, is_id, parse_instant
from billing.adapters.vsco.jobs import read_job
from billing.adapters.vsco.paging import Body, distinct, last_page, paged, whole
from billing.adapters.vsco.refining import if_shown
from billing.adapters.vsco.refusals import refused_key
from billing.adapters.vsco.related import JobCollector, checked_id, raw_record
from billing.adapters.vsco.sessions import SessionReader
from billing.adapters.vsco.written import read_written
from billing.domain.errors import NoRight, PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.money import Money
from billing.domain.sessions import JobSummary, SessionFacts
from billing.ports.outside import RawRecord, Reading, SourceAccount, WrittenPayment

if TYPE_CHECKING:
    import httpx

_LONGEST_MEMO = 128  # schema Payment
_LONGEST_TRANSACTION_ID = 255
_ELSEWHERE = {"pixieset.com": "pixieset"}


class VscoWorkspace:
    """API v2 at `base_url` ("https://workspace.vsco.co/api/v2").

    `money_scale`: what an integer on the wire counts, which the specification leaves open: `cents` are minor units (yen
    for JPY, fils for KWD), `units` whole ones. `preference_field` and `language_field` are names of custom fields.
    `gallery_hosts`: ends of host names whose galleries are shown by another gallery host than VSCO Workspace.
    `page_size` is 10 to 100 by the specification.
    """

    name = "vsco"

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        money_scale: MoneyScale = "cents",
        preference_field: str = "Billing preference",
        language_field: str = "Language",
        timeout_seconds: float = 20,
        page_size: int = 100,
        gallery_hosts: Mapping[str, str] = _ELSEWHERE,
        transport: httpx.BaseTransport | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.client = VscoClient(base_url, api_key, timeout_seconds, transport, pace)
        self._money_scale: MoneyScale = money_scale
        self._page_size = page_size
        self._jobs = JobCollector(self.client, page_size)
        self._sessions = SessionReader(money_scale, preference_field, language_field, gallery_hosts)
        self._account: SourceAccount | None = None

    def close(self) -> None:
        self.client.close()

    def account(self) -> SourceAccount:
        """Whose studio the key belongs to (GET /studio/me)."""
        self._account = read_account(Fields(self._studio(), "studio"))
        return self._account

    def _studio(self) -> Body:
        """RefusedAccess if the key may read neither the studio nor its jobs."""
        try:
            return self.client.read("/studio/me")
        except NoRight:
            if self._may_read_jobs():
                raise
        raise refused_key("GET /studio/me and GET /job: 403")

    def _may_read_jobs(self) -> bool:
        try:
            self.client.read("/job", {"page": 1, "pageSize": 10})
        except NoRight:
            return False
        except TemporaryError:
            pass  # not known; one refusal is not said to be all
        return True

    def changed_jobs(
        self, since: datetime | None, max_pages: int | None = None, until: datetime | None = None
    ) -> Iterator[list[RawRecord]]:
        """GET /job, newest change first, closed ones too; a job may come twice if the list moves meanwhile.

        The list has no filter by date: the page on which `until` stands is looked for, and the one before it read too,
        because what disappears pulls the rest up.
        """
        query = {"sortBy": "modified desc", "includeClosed": "true"}
        start = max(1, self._page_of(until, query) - 1) if until else 1
        pages = paged(self.client, "/job", query, self._page_size, start)
        for number, page in enumerate(pages, start=1):
            fresh = [raw_record("job", body) for body in page if not _is_older(body, since)]
            if fresh:
                yield fresh
            if len(fresh) < len(page) or number == max_pages:
                return

    def _page_of(self, until: datetime, query: Query) -> int:
        """The last page of the list of jobs that begins with one modified after `until`; 1 if none does."""
        first, beyond = 1, last_page(self.client, "/job", query, self._page_size) + 1
        while beyond - first > 1:
            middle = (first + beyond) // 2
            page = next(paged(self.client, "/job", query, self._page_size, middle), [])
            modified = parse_instant(page[0].get("modified")) if page else None
            if modified and modified > until:
                first = middle
            else:
                beyond = middle
        return first

    def related_records(self, job_id: str) -> Reading:
        """Kinds: job, order, payment, job-contact, contact, event, gallery. A gallery comes without its password.

        The list of galleries may be up to KEPT_SECONDS old; everything else is read now.
        """
        return self._jobs.reading(job_id)

    def shared_records(self) -> Reading:
        """Kinds: studio, and those of SHARED_LISTS; hidden ones too, since old jobs refer to them."""
        studio = self._studio()
        if not is_id(studio.get("id")):
            raise Fields(studio, "studio").wrong("id", "is no identifier")
        records, refused = [raw_record("studio", studio)], dict[str, str]()
        for kind, (path, is_paged) in SHARED_LISTS.items():
            bodies = if_shown(kind, partial(self._shared_list, path, is_paged), refused)
            records += [raw_record(kind, body) for body in bodies or []]
        return Reading(records, refused)

    def read_job(self, record: RawRecord, shared: Sequence[RawRecord]) -> JobSummary:
        return read_job(Fields.of_record(record), catalogue(shared))

    def read_session(self, records: Sequence[RawRecord], shared: Sequence[RawRecord]) -> SessionFacts:
        return self._sessions.read(records, shared)

    def find_payment(self, job_id: str, transaction_id: str) -> str | None:
        """GET /job/{id}/payment; the oldest one that carries our transaction id, whatever its status."""
        payments = whole(self.client, f"/job/{checked_id('job', job_id)}/payment", {"sortBy": "id desc"})
        return next((str(body["id"]) for body in payments if body.get("transactionId") == transaction_id), None)

    def written_payments(self, job_id: str) -> dict[str, WrittenPayment]:
        """GET /job/{id}/payment; of several with one transaction id the oldest, as find_payment finds it."""
        bodies = whole(self.client, f"/job/{checked_id('job', job_id)}/payment", {"sortBy": "id desc"})
        amounts = self._amounts()
        found: dict[str, WrittenPayment] = {}
        for body in bodies:
            transaction_id = body.get("transactionId")
            if isinstance(transaction_id, str) and transaction_id:
                found.setdefault(transaction_id, read_written(Fields(body, f"payment {body['id']}"), amounts))
        return found

    def record_payment(self, job_id: str, transaction_id: str, amount: Money, received_on: date, memo: str) -> str:
        """POST /payment, posted. The memo is cut at 128 characters; a transaction id is not, it must match later."""
        if not 0 < len(transaction_id) <= _LONGEST_TRANSACTION_ID:
            raise PermanentError(
                "malformed_record",
                f"A transaction id has 1 to {_LONGEST_TRANSACTION_ID} characters, not {len(transaction_id)}.",
            )
        body = {
            "jobId": checked_id("job", job_id),
            "amount": self._on_the_wire(amount),
            "status": "posted",
            "transactionId": transaction_id,
            "received": received_on.isoformat(),
            "memo": " ".join(memo.split())[:_LONGEST_MEMO],
        }
        answer = self.client.write("POST", "/payment", body)
        if not is_id(answer.get("id")):
            raise UnknownOutcomeError(
                "vsco_outcome_unknown",
                f"VSCO Workspace took the payment for job {job_id} without naming its id; look there.",
            )
        return str(answer["id"])

    def payment_is_applied(self, payment_id: str, order_id: str) -> bool:
        """GET /payment/{id}: whether one of its allocations is to the order."""
        payment = Fields(self.client.read(f"/payment/{checked_id('payment', payment_id)}"), f"payment {payment_id}")
        return any(part.raw("orderId") == order_id for part in payment.parts("paymentAllocations", "allocation"))

    def apply_payment(self, payment_id: str, order_id: str, amount: Money) -> None:
        """POST /payment/{id}/apply."""
        path = f"/payment/{checked_id('payment', payment_id)}/apply"
        self.client.write("POST", path, {"orderId": checked_id("order", order_id), "amount": self._on_the_wire(amount)})

    def _shared_list(self, path: str, is_paged: bool) -> list[Body]:
        if not is_paged:
            return whole(self.client, path)
        pages = paged(self.client, path, {"sortBy": "id desc", "includeHidden": "true"}, self._page_size)
        return distinct(body for page in pages for body in page)

    def _on_the_wire(self, amount: Money) -> int:
        return self._amounts().write(amount)

    def _amounts(self) -> Amounts:
        account = self._account or self.account()
        return Amounts(account.currency, self._money_scale)


def _is_older(body: Body, since: datetime | None) -> bool:
    """A job without a readable `modified` is never taken for an old one."""
    modified = parse_instant(body.get("modified"))
    return since is not None and modified is not None and modified < since
