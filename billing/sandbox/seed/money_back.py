"""Sessions after which money goes back, comes by another way, or is asked for no more; here are who and when.

What the studio does about each is the demo's (`billing.cli.demo.office`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from billing.sandbox.seed import people
from billing.sandbox.seed.people import Person
from billing.sandbox.seed.plan import GOOD_CARD, PlannedClient, PlannedJob
from billing.sandbox.seed.sessions import Booking, Seeder

DISPUTED_CARD = "pm_card_createDispute"  # Stripe's: it pays, and then its holder's bank takes the money back

# difficulty: who, what kind of session, in how many days, how many days after the mail they pay, and with what card
STORIES: dict[str, tuple[Person, str, int, int | None, str]] = {
    "damaged_prints": (people.UNA, "Portrait", 12, 1, GOOD_CARD),
    "disputed": (people.LIAM, "Family", 14, 2, DISPUTED_CARD),
    "cut_short": (people.SINEAD, "Family", 16, 9, GOOD_CARD),
    "paid_in_another_currency": (people.GRACE, "Wedding", 18, 4, GOOD_CARD),
    "wrong_client": (people.JULIETTE, "Portrait", 28, None, GOOD_CARD),
    "paid_by_cheque": (people.CATHAL, "Newborn", 30, None, GOOD_CARD),
}


def money_back_sessions(seeder: Seeder, today: date) -> list[tuple[PlannedClient, PlannedJob]]:
    """One of each; each job's `difficulty` names its story."""
    made = []
    for story, (person, kind, days, pays_after, card) in STORIES.items():
        email = f"{person.mailbox}@example.org"
        client = seeder.client(person, "invoice", email=email, card=None, pays_after=pays_after, pays_with=card)
        retainer = 0 if pays_after is None else 30  # who never pays by the link has paid nothing before either
        booking = Booking(kind=kind, prints=3, retainer_percent=retainer, difficulty=story)
        booking.session_on, booking.booked_on = today + timedelta(days=days), today - timedelta(days=35)
        if story == "paid_in_another_currency":
            client = replace(client, pays_in="GBP" if seeder.studio.currency == "USD" else "USD")
        made.append((client, seeder.session(client, booking)))
    return made
