"""The sandbox as the demo drives it: the clock, the photographer, the clients and their banks, all over HTTP."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from billing.domain.errors import PermanentError
from billing.sandbox.seed.plan import SeedPlan

STRIPE_KEY = "sk_test_sandbox"
WEBHOOK_SECRET = "whsec_of_the_sandbox"  # noqa: S105 - the sandbox signs with it, and nobody else
_KEY = {"Authorization": f"Bearer {STRIPE_KEY}"}
_GOES_BAD = {"pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995"}
_ABROAD_PERCENT = {"EUR": 108, "GBP": 127, "USD": 79, "CHF": 112, "JPY": 67}  # cents, or pence, for 100 minor units
_LINK = re.compile(r"https?://\S*?(plink_\w+)")


class World:
    """Everything outside that is not the business. `url` is the sandbox's, without a slash at its end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=30)

    def close(self) -> None:
        self._http.close()

    def now(self) -> datetime:
        return datetime.fromisoformat(self._get("/sandbox/clock")["now"])

    def advance(self, seconds: float) -> None:
        self._post("/sandbox/clock", {"advance_seconds": seconds})

    def set_clock(self, at: datetime) -> None:
        """From now on it is `at`, and time runs on from there."""
        self._post("/sandbox/clock", {"now": at.isoformat()})

    def plan(self) -> SeedPlan:
        return SeedPlan.from_json(self._get("/sandbox/plan"))

    def today(self, plan: SeedPlan) -> str:
        """The studio's date, ISO."""
        return self.now().astimezone(ZoneInfo(plan.timezone)).date().isoformat()

    def complete(self, job_id: str) -> None:
        """The photographer marks the session as done in VSCO Workspace."""
        self._post("/sandbox/sessions/complete", {"job_id": job_id})

    def is_completed(self, job_id: str, api_key: str) -> bool:
        """Whether VSCO Workspace has the job beyond its booking."""
        answer = self._http.get(f"/vsco/api/v2/job/{job_id}", headers={"X-API-KEY": api_key})
        return self._understood(answer)["stage"] in ("fulfillment", "completed")

    def mails_after(self, last_id: int) -> list[dict[str, Any]]:
        """Mails that came in after the one with this id, oldest first, each with the pay links in its text."""
        rows = [row for row in self._get("/sandbox/mails")["mails"] if int(row["id"]) > last_id]
        for row in rows:
            text = str(self._get(f"/sandbox/mails/{row['id']}")["text"])
            row["links"] = list(dict.fromkeys(_LINK.findall(text)))
        return sorted(rows, key=lambda row: int(row["id"]))

    def pay(self, link_id: str, card: str) -> str:
        """Somebody pays behind the link and, asked to, proves who they are: succeeded | declined | closed."""
        body = {"payment_link": link_id, "card": card, "authenticate": True}
        answer = self._http.post("/stripe/admin/pay", json=body)
        if answer.status_code == httpx.codes.CONFLICT:
            return "closed"
        return str(self._understood(answer)["status"])

    def pay_in(self, link_id: str, currency: str) -> str:
        """Somebody pays what the link asks for in their own currency, on a page that the studio made them at Stripe."""
        asked = {"expand[]": "line_items"}
        found = self._http.get(f"/stripe/v1/payment_links/{link_id}", params=asked, headers=_KEY)
        link = self._understood(found)
        items = link["line_items"]["data"]
        owed = sum(item["amount_total"] for item in items)
        named = {f"metadata[{name}]": value for name, value in link["metadata"].items() if name != "effect_key"}
        intent = self._stripe(
            "payment_intents",
            {
                "amount": str(owed * _ABROAD_PERCENT[items[0]["currency"].upper()] // 100),
                "currency": currency.lower(),
                "payment_method": "pm_card_visa",
                "automatic_payment_methods[enabled]": "true",
                "automatic_payment_methods[allow_redirects]": "never",
                "confirm": "true",
                **named,
            },
        )
        return str(intent["status"])

    def save_card(self, name: str, email: str, card: str) -> tuple[str, str, str]:
        """As the client portal does it with a SetupIntent: (customer, payment method, label) at Stripe.

        A card without money cannot be saved, as at Stripe's: it was good then, and goes bad afterwards.
        """
        goes_bad = _GOES_BAD.get(card)
        customer = self._stripe("customers", {"name": name, "email": email})
        intent = self._stripe(
            "setup_intents",
            {
                "customer": customer["id"],
                "payment_method": "pm_card_visa" if goes_bad else card,
                "usage": "off_session",
                "automatic_payment_methods[enabled]": "true",
                "automatic_payment_methods[allow_redirects]": "never",
                "confirm": "true",
            },
        )
        if intent["status"] == "requires_action":
            intent = self._post("/stripe/admin/authenticate", {"setup_intent": intent["id"], "approve": True})
        method = self._understood(
            self._http.get(f"/stripe/v1/payment_methods/{intent['payment_method']}", headers=_KEY)
        )
        if goes_bad:
            self._post(f"/stripe/admin/payment_methods/{method['id']}", {"behaves_as": goes_bad})
        label = f"{str(method['card']['brand']).title()} ending {method['card']['last4']}"
        return str(customer["id"]), str(method["id"]), label

    def send_web_hooks_to(self, url: str) -> None:
        """From now on Stripe tells this endpoint, and none that an earlier start had named."""
        for endpoint in self._understood(self._http.get("/stripe/v1/webhook_endpoints", headers=_KEY))["data"]:
            self._understood(self._http.delete(f"/stripe/admin/webhook_endpoint/{endpoint['id']}"))
        self._post("/stripe/admin/webhook_endpoint", {"url": url, "secret": WEBHOOK_SECRET})

    def pay_out(self) -> None:
        """Stripe sends what is available by now to the studio's bank, if there is anything."""
        answer = self._http.post("/stripe/admin/payouts", json={})
        if "nothing to pay out" not in answer.text:
            self._understood(answer)

    def oracle(self) -> dict[str, Any]:
        """What really happened outside, counted by the sandbox."""
        return self._get("/sandbox/oracle")

    def _stripe(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        return self._understood(self._http.post(f"/stripe/v1/{path}", data=form, headers=_KEY))

    def _get(self, path: str) -> dict[str, Any]:
        return self._understood(self._http.get(path))

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._understood(self._http.post(path, json=body))

    def _understood(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.is_error:
            raise PermanentError("sandbox", f"The sandbox refuses {answer.request.url.path}: {answer.text[:200]}")
        body: dict[str, Any] = answer.json()
        return body
