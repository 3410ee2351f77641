"""Who is billed and who photographed: job contacts and the address book (schemas JobContact, Person, Company)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from billing.adapters.vsco import places
from billing.adapters.vsco.catalogue import Catalogue
from billing.adapters.vsco.fields import Fields
from billing.adapters.vsco.jobs import custom_fields
from billing.domain.errors import PermanentError
from billing.domain.sessions import Client
from billing.standards.addresses import sorted_out
from billing.standards.countries import country_code

_CLIENT_KINDS = ("client", "customer")


@dataclass(frozen=True, slots=True)
class People:
    """The contacts of one job. `contacts` by contact id, `job_contacts` oldest first."""

    contacts: Mapping[str, Fields]
    job_contacts: tuple[Fields, ...]
    catalogue: Catalogue

    def client_fields(self, job_id: str, recipients: Iterable[str]) -> Fields:
        """The contact to bill: whom the orders go to, else the job's client.

        `recipients`: contact ids (or job contact ids) from the orders that still ask for money.
        """
        wanted = {self._contact_id(recipient) for recipient in recipients}
        if len(wanted) > 1:
            raise PermanentError(
                "several_recipients",
                f"Job {job_id} has orders that go to {len(wanted)} clients ({', '.join(sorted(wanted)[:5])}, …);"
                " give them one recipient in VSCO Workspace, or bill them by hand.",
            )
        found = self.contacts.get(wanted.pop() if wanted else self._client_id())
        if found is None:
            raise PermanentError(
                "client_missing",
                f"Job {job_id} has no client to bill; mark one of its contacts as client in VSCO Workspace.",
            )
        return found

    def photographer(self) -> str | None:
        """The first contact whose role is of kind `team`; events name no attendees in this API."""
        for row in self.job_contacts:
            if "team" in self._kinds(row) and (contact := self.contacts.get(row.id("contactId"))):
                return display_name(contact) or None
        return None

    def _client_id(self) -> str:
        for rank in range(3):
            for row in self.job_contacts:
                if row.flag("client") if rank == 0 else _CLIENT_KINDS[rank - 1] in self._kinds(row):
                    return row.id("contactId")
        return ""

    def _contact_id(self, recipient: str) -> str:
        """The specification does not say which of the two ids an order's recipient is."""
        if recipient in self.contacts:
            return recipient
        return next((row.id("contactId") for row in self.job_contacts if row.raw("id") == recipient), recipient)

    def _kinds(self, row: Fields) -> set[str]:
        return set(names(row, "roleKinds")) | {self.catalogue.role_kinds.get(id_, "") for id_ in names(row, "jobRoles")}


def names(row: Fields, field: str) -> list[str]:
    """The texts of a list; nulls and whatever else is in it are passed over."""
    value = row.raw(field)
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def read_client(contact: Fields, catalogue: Catalogue, language_field: str, job_fields: Mapping[str, str]) -> Client:
    """The client as a bill needs them. The language comes from the contact's custom field, else from the job's."""
    address = _address(contact)
    country = country_code(address.text("country")) if address else None
    language = custom_fields(contact, catalogue).get(language_field) or job_fields.get(language_field)
    name = display_name(contact)
    if not name:
        raise contact.wrong("name", "is empty")
    emails, unusable = sorted_out((contact.raw_text("email"), contact.raw_text("secondaryEmail")))
    return Client(
        client_id=contact.id(),
        name=name,
        emails=emails,
        address_lines=places.address_lines(address, country) if address else (),
        country=country,
        language=places.language_tag(language or ""),
        company=_company(contact),
        unusable_emails=unusable,
    )


def display_name(contact: Fields) -> str:
    """How to address them: a company's contact person if there is one; empty only if nothing at all is known."""
    parts = ("primaryContactFirstName", "primaryContactLastName") if _is_company(contact) else ("firstName", "lastName")
    person = " ".join(part for part in map(contact.shown, parts) if part)
    return person or contact.shown("name") or contact.shown("companyName") or contact.shown("email")


def _company(contact: Fields) -> str | None:
    return contact.shown("name" if _is_company(contact) else "companyName") or None


def _is_company(contact: Fields) -> bool:
    return contact.text("kind") == "company"


def _address(contact: Fields) -> Fields | None:
    """Where bills go: the mailing address if it is filled in, else the address."""
    filled = (part for name in ("mailingAddress", "address") if (part := contact.part(name)) and places.is_filled(part))
    return next(filled, None)
