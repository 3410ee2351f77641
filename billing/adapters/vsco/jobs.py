"""A job and its custom fields (schemas Job, CustomFieldValue)."""

from __future__ import annotations

from billing.adapters.vsco.catalogue import Catalogue
from billing.adapters.vsco.fields import Fields
from billing.domain.sessions import JobSummary, Stage

_AUTOPAY = frozenset(
    {"autopay", "automatic", "automatically", "cardonfile", "chargecard", "card", "yes", "true", "1", "on"}
)
_INVOICE = frozenset({"invoice", "paylink", "manual", "manually", "bill", "no", "false", "0", "off"})


def read_job(fields: Fields, catalogue: Catalogue) -> JobSummary:
    """The summary of one job; PermanentError `malformed_record` if it is not as specified."""
    job_id = fields.id()
    return JobSummary(
        job_id=job_id,
        name=fields.shown("name") or fields.shown("title") or f"Job {job_id}",
        stage=Stage(fields.one_of("stage", tuple(stage.value for stage in Stage))),
        sample=fields.flag("sample"),
        closed=fields.flag("closed"),
        fulfilled_on=fields.date("fulfillmentDate"),
        completed_on=fields.date("completedDate"),
        session_id=fields.id_or_none("primarySessionId"),
        job_type=fields.text("jobTypeName") or catalogue.name("job-type", fields.id_or_none("jobTypeId")),
        brand=catalogue.name("brand", fields.id_or_none("brandId")),
        custom_fields=custom_fields(fields, catalogue),
    )


def custom_fields(fields: Fields, catalogue: Catalogue) -> dict[str, str]:
    """Values by the name of their field (by its id if the field is not known); empty ones are left out."""
    values: dict[str, str] = {}
    for value in fields.parts("customFields", "custom field"):
        field_id = value.id("fieldId")
        if text := value.text("value"):
            values[catalogue.name("custom-field", field_id) or field_id] = text
    return values


def preference(*texts: str | None) -> str | None:
    """`autopay` or `invoice` from the first custom field that is filled in; None if it says neither."""
    said = next((text for text in texts if text), "")
    word = "".join(letter for letter in said.casefold() if letter.isalnum())
    if word in _AUTOPAY:
        return "autopay"
    return "invoice" if word in _INVOICE else None
