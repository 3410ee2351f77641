"""Orders, their invoices and what is still owed on them."""

from __future__ import annotations

from decimal import Decimal

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Body, Store
from billing.sandbox.vsco.arithmetic import compute
from billing.sandbox.vsco.records import create, new_record, save


def apply_tax_group(order: Body, group: Body | None) -> None:
    """Copy a tax group's rates onto the order: a TaxRate counts in percent, an order's tax in parts of one."""
    for name in ("tax1", "tax2", "tax3"):
        order[name] = None
    order["taxGroupId"] = group["id"] if group else None
    order["taxIsCompounding"] = bool(group and group["compounding"])
    for name, rate in zip(("tax1", "tax2", "tax3"), group["taxRates"] if group else [], strict=False):
        order[name] = {
            "taxRateId": rate["id"],
            "isInclusive": rate["inclusive"],
            "name": rate["name"],
            "rate": float(Decimal(str(rate["rate"])) / 100),
            "amount": 0,
        }


def new_order(
    store: Store,
    clock: SandboxClock,
    job: Body,
    *,
    lines: list[Body],
    tax_group: Body | None = None,
    pre_tax_discount: Body | None = None,
    after_tax_discount: Body | None = None,
    **fields: object,
) -> Body:
    """Create an open order of a job and compute it."""
    number = store.next_number("order")
    order = new_record(
        store, clock, jobId=job["id"], customNumber=f"ORD-{number:05d}", referenceCode=f"REF{number:06d}"
    )
    order.update({"name": None, "title": f"Order {number}", "status": "open", "bookedOn": job.get("bookingDate")})
    order.update({"recipientId": None, "bookedElectronically": True, "bookedFromQuote": False})
    order.update({"paymentTermsId": None, "paymentTermsName": "Retainer and balance", "paymentAllocations": []})
    order.update({"invoices": [], "lineItems": [_adopt(line, order["id"]) for line in lines], **fields})
    order.update({"preTaxDiscount": pre_tax_discount, "afterTaxDiscount": after_tax_discount})
    apply_tax_group(order, tax_group)
    recompute(order)
    return store.put("vsco.order", order["id"], order, job["id"])


def new_line(store: Store, clock: SandboxClock, name: str, price: int, **fields: object) -> Body:
    """A line item; `price` is cents a unit."""
    line = new_record(store, clock, name=name, descriptionHtml=None, baseConfiguration=None, configuration=None)
    line.update({"basePricePerUnit": price, "pricePerUnit": price, "baseCostPerUnit": 0, "costPerUnit": 0})
    line.update({"units": 1, "taxable": True, "discount": False, "discountKind": "amount"})
    line.update({"selectability": "required", "selected": True, "children": [], **fields})
    return line


def add_invoice(store: Store, clock: SandboxClock, order: Body, title: str, total: int, due: str) -> Body:
    """One scheduled invoice of an order: the retainer or the balance."""
    number = store.next_number("vsco_invoice")
    invoice = new_record(store, clock, status="open", customNumber=f"INV-{number:05d}", orderId=order["id"])
    invoice.update({"title": title, "dueDate": due, "recipientId": order["recipientId"], "promisedArrival": None})
    invoice.update({"response": None, "referenceCode": f"INR{number:06d}", "total": total})
    order["invoices"].append(invoice)
    return invoice


def allocated(order: Body) -> int:
    return sum(int(part["amount"]) - int(part.get("refundedAmount", 0)) for part in order["paymentAllocations"])


def recompute(order: Body) -> None:
    """Totals from the lines, then balance and statuses from the allocations."""
    compute(order)
    settle(order, order["total"] - allocated(order))


def settle(order: Body, balance: int) -> None:
    """Set what is owed, and the statuses that follow from it. A balance is never negative on this wire."""
    order["balance"] = max(0, balance)
    if order["status"] in ("open", "paid-in-full"):
        order["status"] = "open" if order["balance"] else "paid-in-full"
    paid = allocated(order)
    for invoice in order["invoices"]:
        paid -= invoice["total"]
        if invoice["status"] != "voided":
            invoice["status"] = "paid-in-full" if paid >= 0 or order["status"] == "paid-in-full" else "open"


def save_order(store: Store, clock: SandboxClock, order: Body) -> Body:
    """Store a changed order and bring its job's balances up to date (which moves the job's `modified` too)."""
    save(store, clock, "order", order)
    refresh_job(store, clock, order["jobId"])
    return order


def refresh_job(store: Store, clock: SandboxClock, job_id: str) -> None:
    job = store.get("vsco.job", job_id)
    assert job is not None, f"an order without its job {job_id}"
    orders = [order for order in store.newest("vsco.order", job_id) if order["status"] not in ("voided", "draft")]
    credit = sum(unapplied(payment) for payment in store.newest("vsco.payment", job_id))
    revenue = sum(order["total"] for order in orders)
    job.update({"accountBalance": sum(order["balance"] for order in orders), "creditBalance": credit})
    job.update({"totalRevenue": revenue, "totalCost": 0, "totalProfit": revenue})
    save(store, clock, "job", job)


def new_payment(store: Store, clock: SandboxClock, job_id: str, amount: int, **fields: object) -> Body:
    """A posted payment that is not applied to anything yet."""
    body: Body = {"jobId": job_id, "payerId": None, "paymentMethodId": None, "invoiceItemId": None}
    body.update({"status": "posted", "amount": amount, "refundedAmount": 0, "memo": None, "checkNumber": None})
    body.update({"transactionId": None, "authCode": None, "received": None, "processedViaClientAccess": False})
    body.update({"refunds": [], "paymentAllocations": [], **fields})
    return create(store, clock, "payment", job_id, **body)


def allocate(store: Store, clock: SandboxClock, payment: Body, order: Body, amount: int) -> Body:
    """Apply part of a payment to an order: the allocation is written on both sides."""
    part = new_record(store, clock, paymentId=payment["id"], orderId=order["id"], invoiceItemId=None)
    part.update({"jobId": order["jobId"], "amount": amount, "refundedAmount": 0})
    payment["paymentAllocations"].append(part)
    order["paymentAllocations"].append(part)
    settle(order, order["balance"] - amount)
    save(store, clock, "payment", payment)
    save_order(store, clock, order)
    return payment


def unapplied(payment: Body) -> int:
    """What is left of a payment to apply; planned money (future, confirmed-future) and failed money is none."""
    if payment["status"] != "posted":
        return 0
    used = sum(int(part["amount"]) for part in payment["paymentAllocations"])
    return int(payment["amount"]) - int(payment["refundedAmount"]) - used


def _adopt(line: Body, order_id: str) -> Body:
    children = [_adopt(child, order_id) for child in line.get("children") or []]
    return {**line, "orderId": order_id, "children": children}
