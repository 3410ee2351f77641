"""What only refines a bill: a key may lack the right to it, and all else goes on without, which is said once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from billing.adapters.vsco.paging import NoList
from billing.domain.errors import PermanentError, RefusedAccess

Result = TypeVar("Result")

_BY_KIND_OF_PRODUCT = "revenue is not told apart by kind of product"
# Kind of a raw record -> what it is called, and what is done without it.
REFINES: Mapping[str, tuple[str, str]] = {
    "job-type": ("job types", "a job that names only its type's id counts as one without a type"),
    "brand": ("brands", "every job counts as one without a brand"),
    "job-role": ("job roles", "client and photographer are found by the roles that the job's contacts name themselves"),
    "custom-field": (
        "custom fields",
        "nobody is charged by autopay, clients are written to in the default language, and a field goes by its id",
    ),
    "product-type": ("product types", _BY_KIND_OF_PRODUCT),
    "product": ("products", _BY_KIND_OF_PRODUCT),
    "tax-rate": (
        "tax rates",
        "taxes follow the order's own rate, which has four decimals; an order that then misses its total is set aside",
    ),
    "gallery": ("galleries", "no gallery is found by itself; open them by hand"),
}


def if_shown(kind: str, read: Callable[[], Result], refused: dict[str, str]) -> Result | None:
    """What `read` returns; None, and a sentence in `refused`, if VSCO Workspace does not show this kind.

    A key or an address that opens nothing, and a server that is down, are raised: that is no matter of one kind.
    """
    try:
        return read()
    except RefusedAccess:
        raise
    except (PermanentError, NoList) as error:
        name, meanwhile = REFINES[kind]
        refused[kind] = f"{error.sentence} Meanwhile its {name} are not known here: {meanwhile}. It is asked again."
        return None
