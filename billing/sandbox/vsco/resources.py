"""Which collections VSCO Workspace offers, and what each one's list accepts (the specification's own tables)."""

from __future__ import annotations

from dataclasses import dataclass

_BASIC = ("id", "modified", "created")
_NAMED = (*_BASIC, "name")
_PLACED = (*_NAMED, "sortPosition")
_CONTACT = (
    *_NAMED,
    *("kind", "accountBalance", "anniversary", "anonymized", "bestDayToCall", "bestTimeToCall", "cellPhone"),
    *("companyName", "contactPreference", "creditBalance", "email", "fax", "firstName", "gender", "homePhone"),
    *("jobTitle", "lastName", "maidenName", "previousClient", "privacyOptIn", "requireStrictPrivacy", "salutation"),
    *("schoolGradYear", "schoolName", "sport", "teamName", "teamPosition", "workPhone"),
)
_JOB = (
    *_NAMED,
    *("accountBalance", "bookingDate", "closed", "closedDate", "completedDate", "creditBalance", "customNumber"),
    *("eventDate", "fulfillmentDate", "guestCount", "inquiryDate", "lastClientActivity", "leadConfidence"),
    *("leadDecisionExpectedByDate", "leadMaxBudget", "leadRating", "leadStatusChangedAt", "pinned"),
    *("previousInteractionDate", "stage", "staleDate", "title", "totalCost", "totalGratuity", "totalProfit"),
    *("totalRevenue", "webLead"),
)


@dataclass(frozen=True)
class Resource:
    """One collection: its path, the kind it is stored under, and the query its list takes."""

    path: str
    collection: str
    sorts: tuple[str, ...]
    default_sort: str = "id"
    paged: bool = True
    linked: bool = True
    filters: tuple[str, ...] = ()
    hides: str = "hidden"

    @property
    def kind(self) -> str:
        return f"vsco.{self.path}"


JOB = Resource("job", "job-collection", _JOB, filters=(), hides="closed")
ORDER = Resource("order", "order-collection", _PLACED, "sortPosition", linked=False, hides="")
CONTACT = Resource("address-book", "addressbook-collection", _CONTACT, filters=("email",))
PAYMENT = Resource("payment", "payment-collection", _BASIC, hides="")
GALLERY = Resource("gallery", "gallery-collection", _NAMED, "name asc")
NOTE = Resource("note", "note-collection", _BASIC, filters=("jobId",))
EVENT = Resource("event", "event-collection", _NAMED, filters=("jobId",))
JOB_CONTACT = Resource("job-contact", "jobcontact-collection", _BASIC, filters=("jobId", "contactId"))

RESOURCES = (
    JOB,
    ORDER,
    CONTACT,
    PAYMENT,
    GALLERY,
    NOTE,
    EVENT,
    JOB_CONTACT,
    Resource("job-role", "jobrole-collection", _PLACED, "sortPosition"),
    Resource("event-type", "eventtype-collection", _PLACED, "sortPosition"),
    Resource("payment-method", "paymentmethod-collection", (*_BASIC, "sortPosition"), "sortPosition", False, False),
    Resource("product", "product-collection", _NAMED, paged=False, linked=False),
    Resource("product-type", "producttype-collection", _NAMED, paged=False, linked=False),
    Resource("brand", "brand-collection", _NAMED),
    Resource("job-type", "jobtype-collection", _PLACED, "sortPosition"),
    Resource("custom-field", "customfield-collection", _NAMED, paged=False, linked=False, filters=("canApplyTo",)),
    Resource("tax-group", "taxgroup-collection", _NAMED, paged=False, linked=False),
    Resource("tax-rate", "taxrate-collection", _NAMED, paged=False, linked=False),
    Resource("discount", "discount-collection", _NAMED, paged=False, linked=False),
    Resource("discount-type", "discounttype-collection", _NAMED, paged=False, linked=False),
    Resource("timezone", "timezone-collection", (*_NAMED, "usage"), "name asc", filters=("search",)),
    Resource("user", "user-collection", _BASIC),
)
BY_PATH = {resource.path: resource for resource in RESOURCES}
STUDIO_KIND = "vsco.studio"
