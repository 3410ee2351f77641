"""North Light in Galway, the studio itself: brand, kinds of session, price list, taxes, custom fields."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Body, Store
from billing.sandbox.stripe import account
from billing.sandbox.vsco.records import create, new_record
from billing.sandbox.vsco.resources import STUDIO_KIND

NAME = "North Light"
TIMEZONE = "Europe/Dublin"
EMAIL, OWNER_EMAIL = "studio@northlight.example", "ingrid@northlight.example"
ACCENT = "#1f5f5b"
JOB_TYPES = ("Wedding", "Portrait", "Newborn", "Commercial", "Family")
_STUDIO_ID = "studio"

TaxRate = tuple[str, float, bool]


@dataclass(frozen=True)
class Studio:
    """The ids that seeding jobs needs; groups and types by their short names."""

    currency: str
    brand_id: str
    preference_field_id: str
    language_field_id: str
    client_role_id: str
    session_type_id: str
    timezone_id: str
    card_method_id: str
    transfer_method_id: str
    photographer_id: str
    job_types: dict[str, str]
    tax_groups: dict[str, str]
    products: dict[str, str]

    @classmethod
    def load(cls, store: Store) -> Studio | None:
        body = store.get("sandbox.studio", _STUDIO_ID)
        return cls(**body) if body else None


class _Maker:
    def __init__(self, store: Store, clock: SandboxClock) -> None:
        self._store, self.clock = store, clock

    def make(self, path: str, **fields: Any) -> str:
        return str(create(self._store, self.clock, path, **fields)["id"])

    def part(self, **fields: Any) -> Body:
        return new_record(self._store, self.clock, **fields)


def make_studio(store: Store, clock: SandboxClock, currency: str) -> Studio:
    """Create the studio, or return the one that is there."""
    known = Studio.load(store)
    if known:
        return known
    store.set_setting("vsco:timezone", TIMEZONE)
    maker = _Maker(store, clock)
    timezone_id = _timezones(maker)
    brand_id = maker.make("brand", alias="northlight", name=NAME, shortName=NAME, replyTo=EMAIL)
    card, transfer = (
        maker.make("payment-method", name=name, kind=kind)
        for name, kind in (("Card", "CreditCard"), ("Bank transfer", "EFT"))
    )
    maker.make("payment-method", name="Cheque", kind="Check")
    studio = Studio(
        currency=currency,
        brand_id=brand_id,
        preference_field_id=_field(maker, "Billing preference", ["autopay", "invoice"]),
        language_field_id=_field(maker, "Language", ["en", "de", "fr", "es"]),
        client_role_id=_roles(maker),
        session_type_id=_event_types(maker),
        timezone_id=timezone_id,
        card_method_id=card,
        transfer_method_id=transfer,
        photographer_id=_photographer(maker),
        job_types=_job_types(maker),
        tax_groups=_taxes(store, maker),
        products=_products(maker),
    )
    _account(store, maker, studio)
    at_stripe = {"display_name": NAME, "email": EMAIL, "accent": ACCENT, "country": "IE"}
    account.change(store, {**at_stripe, "default_currency": currency.lower()})
    store.put("sandbox.studio", _STUDIO_ID, asdict(studio))
    return studio


def _account(store: Store, maker: _Maker, studio: Studio) -> None:
    body = maker.part(name=NAME, currencyCode=studio.currency, email=EMAIL, timeFormat="H:i")
    body.update({"dateFormat": "Y-m-d", "decimalSeparator": ".", "thousandsSeparator": ",", "temperature": "Celsius"})
    body.update({"defaultBrandId": studio.brand_id, "defaultBrandAlias": "northlight", "weekStartsOn": "Monday"})
    body.update({"timezoneId": studio.timezone_id, "readonlyEnabled": False, "cacheVersion": 1})
    body.update({"firstName": "Ingrid", "lastName": "Nordahl", "firstUserContactId": studio.photographer_id})
    store.put(STUDIO_KIND, body["id"], body)


def _timezones(maker: _Maker) -> str:
    rows = (
        ("Europe/Berlin", "Berlin", "DE", "CET", "CEST"),
        ("America/New_York", "New York", "US", "EST", "EDT"),
        (TIMEZONE, "Dublin", "IE", "GMT", "IST"),
    )
    made = ""
    for name, city, country, code, daylight in rows:
        shown = {"displayName": f"{code}/{daylight} - {city}", "region": name.partition("/")[0], "extendedInfo": None}
        known = {"city": city, "country": country, "code": code, "daylightCode": daylight, "primary": True}
        made = maker.make("timezone", name=name, **known, **shown)
    return made


def _field(maker: _Maker, name: str, choices: list[str]) -> str:
    known = {"canApplyTo": "Contact", "clientAccess": "None", "clientLabel": None, "kind": "DropDown"}
    return maker.make("custom-field", name=name, choices=choices, token=name.lower().replace(" ", "_"), **known)


def _roles(maker: _Maker) -> str:
    maker.make("job-role", name="Photographer", kind="team", tokenPrefix="photographer", sortPosition=1)
    maker.make("job-role", name="Guest", kind="subject", tokenPrefix="guest", sortPosition=3)
    return maker.make("job-role", name="Client", kind="customer", tokenPrefix="client", sortPosition=2)


def _event_types(maker: _Maker) -> str:
    maker.make("event-type", name="Consultation", kind="meeting", tokenPrefix="consultation", sortPosition=2)
    maker.make("event-type", name="Call", kind="call", tokenPrefix="call", sortPosition=3, color="6b7280")
    return maker.make("event-type", name="Session", kind="session", tokenPrefix="session", sortPosition=1)


def _photographer(maker: _Maker) -> str:
    known = {"kind": "employee", "email": OWNER_EMAIL, "firstName": "Ingrid", "lastName": "Nordahl"}
    contact_id = maker.make("address-book", **known, customFields=[])
    maker.make("user", contactId=contact_id, isAdmin=True, username=OWNER_EMAIL, createdById=None)
    return contact_id


def _job_types(maker: _Maker) -> dict[str, str]:
    return {name: maker.make("job-type", name=name, sortPosition=at) for at, name in enumerate(JOB_TYPES, 1)}


def _taxes(store: Store, maker: _Maker) -> dict[str, str]:
    """Ireland's: in the price that a person is told, on top of it for a business, none for one elsewhere in the EU."""
    rows: dict[str, tuple[str, list[TaxRate]]] = {
        "included": ("VAT 23 % included", [("VAT", 23.0, True)]),
        "business": ("VAT 23 %", [("VAT", 23.0, False)]),
        "reverse_charge": ("VAT 0 % reverse charge", [("VAT, reverse charge", 0.0, False)]),
    }
    return {
        key: add_tax_group(store, maker.clock, name, rates, default=key == "included")
        for key, (name, rates) in rows.items()
    }


def add_tax_group(
    store: Store,
    clock: SandboxClock,
    name: str,
    rates: list[TaxRate],
    *,
    compounding: bool = False,
    default: bool = False,
) -> str:
    """A group of up to three rates, each (name, per cent, whether the price includes it); returns the group's id."""
    made = [create(store, clock, "tax-rate", name=title, rate=rate, inclusive=inside) for title, rate, inside in rates]
    group = create(store, clock, "tax-group", name=name, taxRates=made, compounding=compounding, default=default)
    return str(group["id"])


def _products(maker: _Maker) -> dict[str, str]:
    rows = (
        ("Session", "Wedding day", 320_000),
        ("Session", "Portrait session", 39_000),
        ("Session", "Newborn session", 45_000),
        ("Session", "Commercial day", 180_000),
        ("Session", "Family session", 36_000),
        ("Album", "Linen album, 30 pages", 48_000),
        ("Print", "Fine art print, 30 x 40 cm", 9_500),
        ("Service", "Second photographer", 65_000),
        ("Service", "Travel", 18_000),
        ("Other", "Digital files", 0),
    )
    types = {kind: maker.make("product-type", name=f"{kind}s", kind=kind, parentId=None) for kind, _, _ in rows}
    discounts = maker.make("discount-type", name="Studio discounts", parentId=None)
    maker.make("discount", name="Returning client", price=0, typeId=discounts, kind="Percent")
    known = {"manualEntry": False, "descriptionHtml": None, "sku": None, "taxable": True, "deliverable": True}
    return {
        name: maker.make("product", type=types[kind], name=name, price=price, **known) for kind, name, price in rows
    }
