"""How the planned clients behave: who pays which link when, and who has saved a card."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing.cli.demo.world import World
from billing.sandbox.seed.plan import PlannedClient, SeedPlan
from billing.services.commands.carry_out import carry_out_commands, submit
from billing.services.context import Context

CONSENT_TEXT = "demo-2026-01"


@dataclass(frozen=True)
class Paying:
    """When somebody will pay behind a link, with what card, and in what currency if not in the studio's."""

    at: datetime
    card: str
    currency: str | None = None


@dataclass
class PayPlan:
    """Pay links that clients have received, and when each of them will pay. `day` is how long a client's day takes.

    `written` has for each client, by the contact's id, when the first mail with a link came.
    """

    plan: SeedPlan
    day: timedelta = timedelta(days=1)
    last_mail: int = 0
    due: dict[str, Paying] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    written: dict[str, datetime] = field(default_factory=dict)

    def read(self, mails: list[dict[str, Any]]) -> None:
        """Take note of new mails. The first mail with a link counts; whoever never pays is not noted."""
        for mail in mails:
            self.last_mail = max(self.last_mail, int(mail["id"]))
            client = self._client([str(address).lower() for address in mail["envelope_to"]])
            if client is None or not mail["links"]:
                continue
            received_at = datetime.fromisoformat(mail["received_at"])
            self.written.setdefault(client.contact_id, received_at)
            if client.pays_link_after_days is None:
                continue
            pays_at = received_at + self.day * client.pays_link_after_days
            for link in mail["links"]:
                self.due.setdefault(link, Paying(pays_at, client.pays_with, client.pays_in))

    def payable(self, now: datetime) -> list[str]:
        return [link for link, paying in self.due.items() if paying.at <= now and link not in self.settled]

    def _client(self, addresses: list[str]) -> PlannedClient | None:
        return next((one for one in self.plan.clients if one.email and one.email.lower() in addresses), None)


def pay_what_is_due(world: World, pays: PayPlan) -> int:
    """Clients read their mail and pay; returns how many payments succeeded."""
    pays.read(world.mails_after(pays.last_mail))
    paid = 0
    for link in pays.payable(world.now()):
        how = pays.due[link]
        paid += (world.pay_in(link, how.currency) if how.currency else world.pay(link, how.card)) == "succeeded"
        pays.settled.add(link)
    return paid


def save_cards(ctx: Context, world: World, plan: SeedPlan) -> int:
    """Planned clients with a card save it and consent to be charged, once; returns how many did so now."""
    saved = 0
    for client in plan.clients:
        with ctx.ledger.read() as uow:
            known = uow.payments.consent(client.contact_id)
        if client.card is None or client.email is None or known is not None:
            continue
        customer_id, method_id, label = world.save_card(client.name, client.email, client.card)
        consent = {
            "client_id": client.contact_id,
            "customer_id": customer_id,
            "payment_method_id": method_id,
            "label": label,
            "text_version": CONSENT_TEXT,
            "consented_at": ctx.now().isoformat(),
        }
        submit(ctx.ledger, "record_consent", consent, client.name, "saved a card on the studio's page", ctx.now())
        saved += 1
    carry_out_commands(ctx)
    return saved
