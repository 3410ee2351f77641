"""How VSCO Workspace words its answers: errors, links, money and lists."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from billing.sandbox.store import Body, Store
from billing.sandbox.vsco.resources import Resource

MONEY_FIELDS = frozenset(
    (
        *("amount", "taxable", "nonTaxable", "fixedAmount", "percentageAmount", "price", "unitPrice", "unitCost"),
        *("basePricePerUnit", "pricePerUnit", "baseCostPerUnit", "costPerUnit", "accountBalance", "creditBalance"),
        *("totalCost", "totalProfit", "totalRevenue", "startingCost", "startingRevenue", "total", "balance"),
        "refundedAmount",
    )
)


class ApiError(HTTPException):
    """An error in the specification's shape; `detail` is a sentence, or a map of fields for a validation error."""

    def __init__(self, status: int, title: str, detail: Any, type_: str = "unknown") -> None:
        super().__init__(status, title)
        self.body: Body = {"type": type_, "title": title, "detail": detail, "status": status}


def invalid(**fields: str) -> ApiError:
    """400 with the fields at fault and why (ErrorValidation)."""
    return ApiError(400, "Validation Error", {name: [why] for name, why in fields.items()}, "validation-error")


def not_found(what: str, id_: str) -> ApiError:
    return ApiError(404, "Not Found", f"There is no {what} {id_}.")


async def error_response(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, ApiError):
        return JSONResponse(error.body, error.status_code)
    status = getattr(error, "status_code", 500)
    title = "Not Implemented" if status == 405 else "Not Found"
    body = ApiError(status, title, f"{title}: the sandbox has no such call.", "not-implemented").body
    return JSONResponse(body, status)


def money_scale(store: Store) -> int:
    """What one unit on the wire is in cents: 1 when the wire counts cents, 100 when it counts whole units."""
    return 100 if store.setting("vsco:money_scale") == "units" else 1


def to_wire(value: Any, scale: int, field: str = "") -> Any:
    """The stored body (cents) as the wire counts money."""
    if isinstance(value, dict):
        return {name: to_wire(part, scale, name) for name, part in value.items()}
    if isinstance(value, list):
        return [to_wire(part, scale, field) for part in value]
    if scale != 1 and _is_money(field, value):
        return (value + scale // 2) // scale
    return value


def from_wire(value: Any, scale: int, field: str = "") -> Any:
    """A body from the wire with its money in cents."""
    if isinstance(value, dict):
        return {name: from_wire(part, scale, name) for name, part in value.items()}
    if isinstance(value, list):
        return [from_wire(part, scale, field) for part in value]
    return value * scale if _is_money(field, value) else value


def _is_money(field: str, value: Any) -> bool:
    """`taxable` is an amount in a subtotal and a yes or no on a line."""
    return field in MONEY_FIELDS and isinstance(value, int) and not isinstance(value, bool)


def present(store: Store, public_url: str, resource: Resource, body: Body) -> Body:
    """One object as it goes out: links where the specification has them, money at the wire's scale."""
    answer: Body = to_wire(body, money_scale(store))
    if resource.linked:
        href = f"{public_url}/vsco/api/v2/{resource.path}/{body['id']}"
        answer = {"links": {"self": {"href": href}}, **answer}
    return answer


def collection(type_: str, items: list[Body], total: int, page: int, page_size: int) -> JSONResponse:
    meta = {
        "currentPage": page,
        "totalPages": max(1, -(-total // page_size)),
        "totalItems": total,
        "rows": page_size,
    }
    return JSONResponse({"meta": meta, "type": type_, "items": items})
