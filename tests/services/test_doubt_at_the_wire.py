"""Doubt ends by what Stripe lists: its real wire, its faults, and a key that it remembers wrongly or has forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from studio import Studio

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.effects import EffectKind
from billing.domain.errors import UnknownOutcomeError
from billing.domain.money import Money
from billing.domain.payments import SavedMethod
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.services.effects.evidence import turn

KEY = "sk_test_sandbox"
DUE = Money(50_000, "EUR")
PATIENCE_SECONDS, LATE_MS = 1.0, 1_400  # a busy machine answers within the one; what is to be late takes the other
DONE_AND_LOST = ["500_after", "reset", "truncate", "timeout"]
NOT_DONE = ["500_before", "reset_before", "timeout_before"]


@dataclass
class Wired:
    """A studio whose payment provider is the sandbox's Stripe; both go by one clock, which tests turn."""

    studio: Studio
    sandbox: RunningSandbox
    http: httpx.Client

    def fault(self, kind: str, path: str, **more: Any) -> None:
        more = {"delay_ms": LATE_MS, **more} if kind.startswith("timeout") else more
        given = {"kind": kind, "method": "POST", "path_prefix": path, **more}
        self.http.post("/stripe/admin/faults", json=given).raise_for_status()

    def go(self, **delta: float) -> None:
        self.studio.clock.go(**delta)
        self.sandbox.clock.freeze(self.studio.clock.now())

    def create(self, path: str, **given: str) -> str:
        answer = self.http.post(f"/stripe/v1/{path}", data=given, headers={"Authorization": f"Bearer {KEY}"})
        return str(answer.raise_for_status().json()["id"])

    def bill_with_link(self) -> None:
        self.studio.session()
        self.studio.bill()

    def bill_on_autopay(self, card: str = "pm_card_visa") -> SavedMethod:
        customer = self.create("customers", name="Ada")
        method = self.create(f"payment_methods/{card}/attach", customer=customer)
        self.studio.ask(
            "record_consent", client_id="c-j1", customer_id=customer, payment_method_id=method,
            label="Visa ending 4242", text_version="v1", consented_at="2026-02-01T10:00:00+00:00",
        )  # fmt: skip
        self.studio.session(collection_preference="autopay")
        self.studio.bill()
        return SavedMethod("c-j1", customer, method, "Visa", "v1", self.studio.clock.now())

    def charge_at_once(self) -> None:
        """An invoice paid by card before the test begins; what a busy machine answers too late is asked about."""
        self.bill_on_autopay()
        for _ in range(30):
            if self.states(EffectKind.CHARGE) != ["done"]:
                self.until_done(EffectKind.CHARGE, minutes=1)

    def until_done(self, kind: EffectKind, minutes: int) -> None:
        """Look every minute, as the sensor does, for so long."""
        for _ in range(minutes):
            self.studio.do(kind)
            self.go(minutes=1)

    def states(self, kind: EffectKind) -> list[str]:
        return [effect.state.value for effect in self.studio.effects(kind)]

    def pages(self) -> list[str]:
        return [link["id"] for link in self.sandbox.store.newest("stripe.payment_link")]

    def payments(self) -> list[str]:
        """The state of every payment intent, oldest first."""
        return [intent["status"] for intent in self.sandbox.store.newest("stripe.payment_intent")][::-1]

    def charged(self) -> list[int]:
        return [effect["detail"]["amount"] for effect in self.sandbox.store.effects("stripe.charge_succeeded")]


@pytest.fixture
def wired(studio: Studio, tmp_path: Path) -> Iterator[Wired]:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox, httpx.Client(base_url=sandbox.url) as http:
        studio.gateway = StripeGateway(KEY, api_base=f"{sandbox.url}/stripe", timeout_seconds=PATIENCE_SECONDS)  # type: ignore[assignment]
        made = Wired(studio, sandbox, http)
        made.go()
        yield made


class TestPayLinks:
    """One page for one effect."""

    def test_behind_a_failure_that_stripe_remembers_the_page_is_made_under_the_next_key_in_minutes(
        self, wired: Wired
    ) -> None:
        wired.bill_with_link()
        wired.fault("500_before", "/v1/payment_links", remember=True)

        wired.until_done(EffectKind.PAY_LINK, minutes=15)

        assert wired.states(EffectKind.PAY_LINK) == ["done"]
        assert len(wired.pages()) == 1

    @pytest.mark.parametrize("kind", DONE_AND_LOST)
    @pytest.mark.parametrize("hours", [0, 25])
    def test_a_page_whose_answer_was_lost_is_found_also_when_its_key_is_forgotten(
        self, wired: Wired, kind: str, hours: int
    ) -> None:
        wired.bill_with_link()
        wired.fault(kind, "/v1/payment_links")
        wired.studio.do(EffectKind.PAY_LINK)
        assert wired.states(EffectKind.PAY_LINK) == ["unknown"]
        wired.go(hours=hours)

        wired.until_done(EffectKind.PAY_LINK, minutes=3)

        assert wired.states(EffectKind.PAY_LINK) == ["done"]
        assert [effect.provider_reference for effect in wired.studio.effects(EffectKind.PAY_LINK)] == wired.pages()

    @pytest.mark.parametrize("kind", NOT_DONE)
    @pytest.mark.parametrize("hours", [0, 25])
    def test_a_page_that_was_not_made_is_made_once(self, wired: Wired, kind: str, hours: int) -> None:
        wired.bill_with_link()
        wired.fault(kind, "/v1/payment_links", times=2)
        wired.studio.do(EffectKind.PAY_LINK)
        wired.go(hours=hours)

        wired.until_done(EffectKind.PAY_LINK, minutes=20)

        assert wired.states(EffectKind.PAY_LINK) == ["done"]
        assert len(wired.pages()) == 1

    def test_a_page_that_appears_after_we_looked_is_found_before_another_is_made(self, wired: Wired) -> None:
        """The request was still under way when its answer was given up."""
        wired.bill_with_link()
        wired.fault("500_before", "/v1/payment_links", remember=True)
        wired.until_done(EffectKind.PAY_LINK, minutes=3)
        [effect] = wired.studio.effects(EffectKind.PAY_LINK)
        assert (effect.state.value, effect.attempts) == ("ready", 2)
        late = wired.studio.gateway.create_pay_link(wired.studio.invoice().invoice, DUE, effect.key, turn=9)

        wired.until_done(EffectKind.PAY_LINK, minutes=5)

        assert wired.pages() == [late.link_id]
        assert wired.states(EffectKind.PAY_LINK) == ["done"]


class TestCharges:
    """The card is charged once, or by evidence not at all."""

    @pytest.mark.parametrize("step", ["payment_intents", "confirm"])
    def test_behind_a_failure_that_stripe_remembers_the_charge_goes_on_under_the_next_key_in_minutes(
        self, wired: Wired, step: str
    ) -> None:
        wired.bill_on_autopay()
        wired.fault("500_before", "/v1/payment_intents", path_suffix=step, remember=True)

        wired.until_done(EffectKind.CHARGE, minutes=15)

        assert wired.states(EffectKind.CHARGE) == ["done"]
        assert (wired.charged(), wired.payments()) == ([50_000], ["succeeded"])

    @pytest.mark.parametrize("step", ["payment_intents", "confirm"])
    @pytest.mark.parametrize("kind", [*DONE_AND_LOST, *NOT_DONE])
    @pytest.mark.parametrize("hours", [0, 25])
    def test_whatever_is_lost_and_however_long_ago_it_is_charged_once(
        self, wired: Wired, step: str, kind: str, hours: int
    ) -> None:
        wired.bill_on_autopay()
        wired.fault(kind, "/v1/payment_intents", path_suffix=step)
        wired.studio.do(EffectKind.CHARGE)
        wired.go(hours=hours)

        wired.until_done(EffectKind.CHARGE, minutes=5)

        assert wired.states(EffectKind.CHARGE) == ["done"]
        assert (wired.charged(), wired.payments()) == ([50_000], ["succeeded"])
        assert wired.studio.invoice().balance_minor == 0

    @pytest.mark.parametrize(
        ("when", "payments"),
        [("before we look", 2), ("after we looked", 2), ("after another was confirmed", 3)],
    )
    @pytest.mark.parametrize("hours", [0, 25])
    def test_of_several_payments_for_one_effect_one_is_ever_confirmed(
        self, wired: Wired, when: str, payments: int, hours: int
    ) -> None:
        """Requests that were given up land late and make payments beside the one that we go on with."""
        method = wired.bill_on_autopay()
        [effect] = wired.studio.effects(EffectKind.CHARGE)

        def lands() -> None:
            gateway, invoice = wired.studio.gateway, wired.studio.invoice().invoice
            for number in (8, 9):
                gateway.prepare_charge(invoice, DUE, method, effect.key, number)

        wired.fault("500_before", "/v1/payment_intents", path_suffix="payment_intents", remember=True)
        wired.fault("reset", "/v1/payment_intents", path_suffix="confirm")
        for moment in ("before we look", "after we looked", "after another was confirmed"):
            wired.until_done(EffectKind.CHARGE, minutes={"before we look": 1, "after we looked": 3}.get(moment, 8))
            if moment == when:
                lands()
                wired.go(hours=hours)
        wired.until_done(EffectKind.CHARGE, minutes=20)

        assert wired.states(EffectKind.CHARGE) == ["done"]
        assert wired.charged() == [50_000]
        assert sorted(wired.payments()) == ["requires_confirmation"] * (payments - 1) + ["succeeded"]

    @pytest.mark.parametrize("hours", [0, 25])
    def test_a_refused_card_is_not_tried_again_however_its_answer_was_lost(self, wired: Wired, hours: int) -> None:
        wired.bill_on_autopay("pm_card_chargeCustomerFail")
        wired.fault("reset", "/v1/payment_intents", path_suffix="confirm")
        wired.studio.do(EffectKind.CHARGE)
        wired.go(hours=hours)

        wired.until_done(EffectKind.CHARGE, minutes=10)

        assert wired.states(EffectKind.CHARGE) == ["failed"]
        assert len(wired.sandbox.store.effects("stripe.charge_declined")) == 1


class TestRefunds:
    """Money goes back once under one key."""

    @pytest.mark.parametrize("kind", DONE_AND_LOST)
    @pytest.mark.parametrize("hours", [0, 25])
    def test_a_refund_whose_answer_was_lost_is_not_made_again_also_when_its_key_is_forgotten(
        self, wired: Wired, kind: str, hours: int
    ) -> None:
        wired.charge_at_once()
        [charge] = wired.studio.effects(EffectKind.CHARGE)
        payment_id, gateway = charge.provider_reference or "", wired.studio.gateway
        wired.fault(kind, "/v1/refunds")
        with pytest.raises(Exception, match="may or may not"):
            gateway.refund(payment_id, Money(10_000, "EUR"), "late", "refund:r1")
        wired.go(hours=hours)

        again = gateway.refund(payment_id, Money(10_000, "EUR"), "late", "refund:r1")

        assert [effect["detail"]["refund"] for effect in wired.sandbox.store.effects("stripe.refund")] == [
            again.refund_id
        ]
        assert again == gateway.find_refunds(payment_id, "refund:r1")[0]

    @pytest.mark.parametrize("kind", ["remembered", *DONE_AND_LOST, *NOT_DONE])
    @pytest.mark.parametrize("hours", [0, 25])
    def test_whatever_is_lost_and_however_long_ago_a_person_gives_back_once(
        self, wired: Wired, kind: str, hours: int
    ) -> None:
        wired.charge_at_once()
        wired.studio.ask("refund", number=wired.studio.invoice().invoice.number or "", amount_minor=10_000)
        remembered = kind == "remembered"
        wired.fault("500_before" if remembered else kind, "/v1/refunds", remember=remembered)
        wired.studio.do(EffectKind.REFUND)
        wired.go(hours=hours)

        wired.until_done(EffectKind.REFUND, minutes=15)

        assert wired.states(EffectKind.REFUND) == ["done"]
        assert [effect["detail"]["amount"] for effect in wired.sandbox.store.effects("stripe.refund")] == [10_000]

    def test_behind_a_failure_that_stripe_remembers_a_refund_is_made_under_the_next_key(self, wired: Wired) -> None:
        wired.charge_at_once()
        [charge] = wired.studio.effects(EffectKind.CHARGE)
        payment_id, gateway = charge.provider_reference or "", wired.studio.gateway
        wired.fault("500_before", "/v1/refunds", remember=True)
        for _ in range(2):
            with pytest.raises(Exception, match="may or may not"):
                gateway.refund(payment_id, Money(10_000, "EUR"), "late", "refund:r1")

        made = gateway.refund(payment_id, Money(10_000, "EUR"), "late", "refund:r1", turn=2)

        assert made.effect_key == "refund:r1"
        assert len(wired.sandbox.store.effects("stripe.refund")) == 1


def test_a_payment_that_is_still_being_written_back_is_not_written_beside_it(studio: Studio) -> None:
    """The booking system knows no keys: a request that was given up may land while we look."""
    studio.session()
    studio.round()
    studio.pay_on_page()
    studio.source.line.fail("record_payment", UnknownOutcomeError("x", "Cut."))
    studio.round()
    studio.clock.go(minutes=1)
    studio.do(EffectKind.WRITE_BACK)
    assert studio.source.line.calls.count("record_payment") == 1
    [effect] = studio.effects(EffectKind.WRITE_BACK)
    studio.source.record_payment("j1", effect.text("transaction_id"), DUE, studio.clock.now().date(), "the late one")

    for _ in range(3):
        studio.clock.go(minutes=3)
        studio.do(EffectKind.WRITE_BACK)

    assert len(studio.source.written) == 1
    assert list(studio.source.applied.values()) == [50_000]


def test_keys_follow_from_how_often_an_effect_was_begun(studio: Studio) -> None:
    studio.session()
    studio.bill()
    [effect] = studio.effects(EffectKind.PAY_LINK)

    assert [turn(replace(effect, attempts=attempts)) for attempts in range(1, 6)] == [1, 1, 2, 3, 4]
