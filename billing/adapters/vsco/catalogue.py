"""What many jobs refer to, by id: names of fields, types and brands, kinds of roles and products, tax rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from billing.adapters.vsco.fields import Fields
from billing.domain.errors import PermanentError
from billing.ports.outside import RawRecord, SourceAccount

# Kind of a raw record -> path of its list, and whether the specification pages it.
SHARED_LISTS: Mapping[str, tuple[str, bool]] = {
    "job-type": ("/job-type", True),
    "brand": ("/brand", True),
    "job-role": ("/job-role", True),
    "custom-field": ("/custom-field", False),
    "product-type": ("/product-type", False),
    "product": ("/product", False),
    "tax-rate": ("/tax-rate", False),
}

_DEFAULT_CURRENCY = "USD"  # schema Studio: currencyCode is nullable, its default is USD


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The shared records, ready to be looked up by id."""

    account: SourceAccount | None
    names: Mapping[str, Mapping[str, str]]  # kind -> id -> name
    role_kinds: Mapping[str, str]
    products: Mapping[str, str]  # product id -> name of its product type
    tax_rates: Mapping[str, Decimal]  # tax rate id -> fraction

    def name(self, kind: str, id_: str | None) -> str | None:
        return self.names.get(kind, {}).get(id_ or "") or None

    @property
    def currency(self) -> str:
        if self.account is None:
            raise PermanentError("malformed_record", "The shared records lack the studio; read shared_records() again.")
        return self.account.currency


def catalogue(shared: Sequence[RawRecord]) -> Catalogue:
    """Index the shared records; the same ones, asked for again with the next job, are not parsed again."""
    return _index(tuple(shared))


def read_account(studio: Fields) -> SourceAccount:
    """Name, currency and e-mail from GET /studio/me."""
    currency = studio.text("currencyCode") or _DEFAULT_CURRENCY
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise studio.wrong("currencyCode", "is no currency")
    return SourceAccount(studio.shown("name"), currency, studio.text("email") or None)


@lru_cache(maxsize=4)
def _index(shared: tuple[RawRecord, ...]) -> Catalogue:
    by_kind: dict[str, dict[str, Fields]] = {}
    for record in shared:
        by_kind.setdefault(record.kind, {})[record.source_id] = Fields.of_record(record)
    studios = list(by_kind.get("studio", {}).values())
    types = {id_: fields.shown("name") for id_, fields in by_kind.get("product-type", {}).items()}
    products = by_kind.get("product", {}).items()
    return Catalogue(
        account=read_account(studios[0]) if studios else None,
        names={kind: {id_: row.text("name") for id_, row in rows.items()} for kind, rows in by_kind.items()},
        role_kinds={id_: row.text("kind") for id_, row in by_kind.get("job-role", {}).items()},
        products={id_: types.get(row.id_or_none("type") or "", "") for id_, row in products},
        tax_rates={id_: rate for id_, row in by_kind.get("tax-rate", {}).items() if (rate := _fraction(row))},
    )


def _fraction(tax_rate: Fields) -> Decimal | None:
    """A TaxRate is a percentage with four decimals, a tax on an order a fraction with four: 8.875 is 0.08875."""
    percent = tax_rate.number("rate", -1000, 1000)
    return None if percent is None else percent / 100
