"""The command queue and the galleries: every human act has an actor, a reason and an outcome, and happens once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from fakes import Crash
from studio import Studio, order

from billing.domain.effects import EffectKind, EffectState, Intent
from billing.domain.errors import PermanentError, UnknownOutcomeError
from billing.domain.policy import GalleryPolicy
from billing.domain.sessions import Gallery
from billing.services.commands.carry_out import COMMANDS, carry_out_commands, submit
from billing.services.effects.grant import plan_grants
from billing.services.intake.apply_events import apply_events, poll_events

NUMBER = "INV-2026-0001"
TAKES_NOTHING = ("clock_is_right", "hold", "release", "settle_mails")


@pytest.fixture
def billed(studio: Studio) -> Studio:
    studio.session()
    studio.round()
    return studio


def cheque(studio: Studio, **changes: str | int) -> str:
    given = {
        "number": NUMBER, "amount_minor": 50_000, "reference": "c1", "method": "cheque", "received_on": "2026-03-02",
    }  # fmt: skip
    return studio.ask("record_payment", **{**given, **changes})


def test_a_command_nobody_knows_or_without_an_actor_is_refused_at_the_entrance(studio: Studio) -> None:
    with pytest.raises(PermanentError, match="no command fly; there are approve, clock_is_right, credit, discard"):
        submit(studio.ledger, "fly", {}, "olga", "", studio.clock.now())
    with pytest.raises(PermanentError, match="who asks"):
        submit(studio.ledger, "void", {}, " ", "", studio.clock.now())
    assert studio.column("select count(*) from commands") == [0]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in TAKES_NOTHING])
def test_a_command_without_its_arguments_is_refused_with_a_sentence_and_kept(studio: Studio, name: str) -> None:
    outcome = studio.ask(name)

    assert f"{name} needs" in outcome
    assert studio.rows("select state, outcome, actor, reason from commands") == [
        ("refused", outcome, "olga", "asked by phone")
    ]
    assert studio.column("select kind from domain_events") == [f"command_{name}_refused"]


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("record_payment", {"amount_minor": "ten"}, "needs amount_minor, and 'ten' is no whole number."),
        ("record_payment", {"amount_minor": "120.50"}, "is no whole number"),
        ("record_payment", {"amount_minor": 0}, "more than nothing"),
        ("record_payment", {"amount_minor": 2**64}, "more than can be booked, which is 9,999,999,999.99 EUR"),
        ("record_payment", {"received_on": "yesterday"}, "'yesterday' is no day such as 2026-03-31."),
        ("record_payment", {"received_on": "2026-02-31"}, "is no day"),
        ("record_payment", {"received_on": "2062-03-02"}, "2062-03-02 is to come"),
        ("record_payment", {"received_on": "1926-03-02"}, "more than five years before the invoice"),
        ("refund", {"number": NUMBER, "amount_minor": 2**64}, "more than can be booked"),
        ("refund", {"number": NUMBER, "amount_minor": "1.5"}, "is no whole number"),
        ("credit", {"number": NUMBER, "amount_minor": 2**64}, "more than can be booked"),
        ("credit", {"number": NUMBER, "amount_minor": -1}, "more than nothing"),
        ("write_off", {"number": NUMBER, "amount_minor": 2**64}, "more than can be booked"),
        ("record_payment", {"number": "INV-9"}, "no invoice INV-9"),
        ("raise_limit", {"what": "hopes", "to": 5}, "limits of invoices, mails, charges"),
        ("raise_limit", {"what": "mails", "to": 0}, "at least 1"),
        ("raise_limit", {"what": "mails", "to": "all"}, "is no whole number"),
        ("raise_limit", {"what": "mails", "to": 2**70}, "at most 1,000,000"),
        ("retry", {"effect_id": "eff_none"}, "has not failed"),
        ("settle", {"effect_id": "eff_none", "happened": "yes"}, "is not unknown"),
        ("settle", {"effect_id": "eff_none", "happened": "true"}, "yes or no"),
        ("gallery_opened", {"effect_id": "eff_none"}, "no gallery that waits"),
        ("resolve", {"subject": "nobody"}, "Nothing is open"),
        ("revoke_consent", {"client_id": "c-j1"}, "no consent to revoke"),
        ("approve", {"drafts": "inv_none@seen"}, "No draft inv_none"),
        ("approve", {"drafts": "inv_none"}, "must be looked at"),
        ("discard", {"invoice_id": "inv_none"}, "No draft inv_none"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused_and_the_next_is_carried_out(
    billed: Studio, name: str, arguments: dict[str, str | int], sentence: str
) -> None:
    usual = {"number": NUMBER, "amount_minor": 5, "reference": "x", "method": "cash", "received_on": "2026-03-02"}
    given = {**usual, **arguments} if name == "record_payment" else arguments
    submit(billed.ledger, name, given, "olga", "why", billed.clock.now())
    submit(billed.ledger, "pause_reminders", {"number": NUMBER}, "olga", "why", billed.clock.now())

    [(_, refused), (_, paused)] = carry_out_commands(billed.ctx)

    assert sentence in refused
    assert "paused" in paused
    assert billed.column("select state from commands order by command_id") == ["refused", "done"]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-02-01T10:00:00", "no moment with a time zone"),
        ("soon", "no moment with a time zone"),
        ("2062-02-01T10:00:00+00:00", "is to come"),
        ("1926-02-01T10:00:00+00:00", "longer ago than any card lives"),
        ("0001-01-01T00:00:00+14:00", "longer ago than any card lives"),
    ],
)
def test_a_consent_at_no_moment_that_can_be_is_refused(studio: Studio, at: str, said: str) -> None:
    outcome = studio.ask(
        "record_consent", client_id="c", customer_id="cus", payment_method_id="pm", label="Visa", text_version="1",
        consented_at=at,
    )  # fmt: skip

    assert said in outcome
    assert studio.column("select count(*) from consents") == [0]


def test_two_workers_carry_a_command_out_once(billed: Studio) -> None:
    submit(billed.ledger, "void", {"number": NUMBER}, "olga", "wrong", billed.clock.now())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: carry_out_commands(billed.ctx), range(4)))

    assert billed.column("select state from commands") == ["done"]
    assert billed.column("select count(*) from invoice_voids") == [1]


def test_a_cheque_is_recorded_once_and_closes_the_link(billed: Studio) -> None:
    assert cheque(billed) == f"Recorded 500.00 EUR for {NUMBER}."
    assert "is recorded already" in cheque(billed)
    billed.round()

    assert billed.invoice().balance_minor == 0
    assert [link["open"] for link in billed.gateway.links.values()] == [False]
    assert billed.column("select provider || ' ' || method_kind from payments") == ["office elsewhere"]


def test_a_void_invoice_owes_nothing_and_takes_no_money(billed: Studio) -> None:
    assert billed.ask("void", number=NUMBER) == f"{NUMBER} is void."
    assert "void already" in billed.ask("void", number=NUMBER)
    billed.round()

    assert billed.invoice().is_void
    assert billed.invoice().balance_minor == 0
    assert [link["open"] for link in billed.gateway.links.values()] == [False]


def test_an_invoice_that_is_being_charged_is_not_voided(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("confirm_charge", UnknownOutcomeError("x", "Cut."), "after")
    studio.do(EffectKind.CHARGE)

    assert "is being charged" in studio.ask("void", number=NUMBER)


def unknown(studio: Studio, kind: EffectKind) -> str:
    [effect] = [effect for effect in studio.effects(kind) if effect.state is EffectState.UNKNOWN]
    return effect.effect_id


def test_a_charge_in_doubt_needs_the_payment_itself_and_not_a_word(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("confirm_charge", UnknownOutcomeError("x", "Cut."), "after")
    studio.do(EffectKind.CHARGE)
    effect_id = unknown(studio, EffectKind.CHARGE)

    assert "recorded by itself when Stripe tells" in studio.ask("settle", effect_id=effect_id, happened="yes")
    poll_events(studio.ctx)
    apply_events(studio.ctx)
    assert "settled as done" in studio.ask("settle", effect_id=effect_id, happened="yes")
    assert studio.column("select count(*) from payments") == [1]
    assert studio.codes() == []


def test_a_charge_that_did_not_happen_by_a_persons_word_leads_to_a_link(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("prepare_charge", UnknownOutcomeError("x", "Cut."))
    studio.do(EffectKind.CHARGE)
    studio.ask("settle", effect_id=unknown(studio, EffectKind.CHARGE), happened="no")
    studio.round()

    assert len(studio.gateway.links) == 1
    assert studio.gateway.payments == {}


@pytest.mark.parametrize(("when", "pages", "state"), [("before", [], "cancelled"), ("after", [False], "done")])
def test_a_link_in_doubt_that_is_unwanted_by_now_is_looked_for_twice_and_closed(
    studio: Studio, when: str, pages: list[bool], state: str
) -> None:
    studio.session()
    studio.bill()
    studio.gateway.line.fail("create_pay_link", UnknownOutcomeError("x", "Cut."), when)
    studio.do(EffectKind.PAY_LINK)
    studio.ask("void", number=NUMBER)
    for _ in range(3):
        studio.clock.go(hours=25)
        studio.do(EffectKind.PAY_LINK, EffectKind.CLOSE_PAY_LINK)

    assert [link["open"] for link in studio.gateway.links.values()] == pages
    assert studio.gateway.line.calls.count("create_pay_link") == 1
    assert [effect.state.value for effect in studio.effects(EffectKind.PAY_LINK)] == [state]


def test_a_link_or_a_gallery_in_doubt_is_not_settled_by_a_yes(studio: Studio) -> None:
    studio.session()
    studio.bill()
    studio.gateway.line.fail("create_pay_link", UnknownOutcomeError("x", "Cut."))
    studio.do(EffectKind.PAY_LINK)

    assert "is asked about by itself" in studio.ask(
        "settle", effect_id=unknown(studio, EffectKind.PAY_LINK), happened="yes"
    )


class TestGalleries:
    """A gallery is opened when its policy holds, once, and the client is told."""

    def opened(self, studio: Studio, policy: GalleryPolicy, pays: bool) -> list[str]:
        studio.policy = replace(studio.policy, gallery_policy=policy)
        studio.with_gallery()
        studio.round()
        if pays:
            studio.pay_on_page()
        studio.round()
        studio.round()
        return studio.host.opened

    @pytest.mark.parametrize(
        ("policy", "pays", "expected"),
        [
            (GalleryPolicy.PAID_IN_FULL, False, []),
            (GalleryPolicy.PAID_IN_FULL, True, ["g-j1"]),
            (GalleryPolicy.INVOICED, False, ["g-j1"]),
            (GalleryPolicy.BY_HAND, True, []),
        ],
    )
    def test_each_policy(self, studio: Studio, policy: GalleryPolicy, pays: bool, expected: list[str]) -> None:
        assert self.opened(studio, policy, pays) == expected
        assert sum(subject.startswith("GalleryMail") for subject in studio.mailer.subjects()) == len(expected)

    def test_one_that_appears_later_is_found_and_opened(self, studio: Studio) -> None:
        studio.session()
        studio.round()
        studio.pay_on_page()
        studio.round()
        studio.with_gallery()
        studio.round()
        assert studio.host.opened == []
        studio.clock.go(hours=7)
        studio.round()
        studio.round()
        assert studio.host.opened == ["g-j1"]

    def test_two_invoices_of_a_session_open_it_once_and_only_when_both_are_paid(self, studio: Studio) -> None:
        studio.with_gallery("j1")
        facts = studio.session("j1", order("a"), order("b"))
        studio.source.put(replace(facts, galleries=studio.with_gallery("x").galleries))
        del studio.source.jobs["x"]
        studio.round()
        first, second = studio.invoices("j1")
        studio.gateway.receive(first.invoice.invoice_id, first.balance)
        studio.round()
        assert studio.host.opened == []
        studio.gateway.receive(second.invoice.invoice_id, second.balance)
        studio.round()
        studio.round()
        assert studio.host.opened == ["g-x"]

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_crash_while_opening_tells_the_client_once(self, studio: Studio, when: str) -> None:
        studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.INVOICED)
        studio.with_gallery()
        studio.host.line.fail("open_gallery", Crash(), when)
        with pytest.raises(Crash):
            studio.round()
        studio.clock.go(minutes=10)
        studio.round()
        assert sum(subject.startswith("GalleryMail") for subject in studio.mailer.subjects()) == 1
        assert studio.codes() == []

    def test_one_opened_by_hand_is_told_of_and_its_task_is_done(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.INVOICED)
        studio.with_gallery(host="manual")
        studio.round()
        [task] = studio.effects(EffectKind.GRANT)
        [sentence] = studio.open_items().values()
        for day, said in (("2026-02-28", "is over"), ("2206-06-01", "ten years ahead"), ("1 June", "is no day")):
            assert said in studio.ask("gallery_opened", effect_id=task.effect_id, url="https://g/1", expires_on=day)
        assert sentence.endswith(
            f"and the client is mailed its address: `billing gallery opened {task.effect_id} --url …`."
        )
        outcome = studio.ask(
            "gallery_opened", effect_id=task.effect_id, url="https://g/1", password="lilac", expires_on="2026-06-01"
        )
        studio.round()
        assert outcome == "The client is told of https://g/1."
        assert studio.codes() == []
        assert "lilac" in next(mail.letter.text for mail in studio.mailer.sent if "GalleryMail" in mail.letter.subject)
        assert "no gallery that waits" in studio.ask("gallery_opened", effect_id=task.effect_id, url="https://g/1")

    def test_a_host_nobody_knows_is_a_task(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.INVOICED)
        studio.with_gallery(host="elsewhere")
        studio.round()
        [sentence] = studio.open_items().values()
        assert "no way to open galleries at elsewhere" in sentence

    def test_one_that_is_not_wanted_by_now_stays_closed(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.INVOICED)
        studio.with_gallery()
        studio.bill()
        plan_grants(studio.ctx)
        studio.ask("void", number=NUMBER)
        studio.round()
        assert studio.host.opened == []

    @pytest.mark.parametrize("host", ["pixieset", "vsco"])
    def test_a_gallery_goes_by_the_id_that_its_host_knows(self, studio: Studio, host: str) -> None:
        studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.INVOICED)
        studio.session(galleries=(Gallery("777", host, "Photos", "https://g.example"),))
        studio.bill()
        plan_grants(studio.ctx)

        [effect] = studio.effects(EffectKind.GRANT)
        assert (effect.text("host"), effect.text("gallery_id")) == (host, "777")

    def test_one_whose_policy_became_stricter_waits_for_the_money(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.INVOICED)
        studio.with_gallery()
        studio.bill()
        plan_grants(studio.ctx)
        studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.PAID_IN_FULL)
        studio.round()
        assert studio.host.opened == []

    def test_one_in_doubt_that_is_not_wanted_by_now_is_not_opened_to_find_out(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, gallery_policy=GalleryPolicy.INVOICED)
        studio.with_gallery()
        studio.bill()
        plan_grants(studio.ctx)
        studio.host.line.fail("open_gallery", UnknownOutcomeError("x", "Cut."))
        studio.do(EffectKind.GRANT)
        studio.ask("void", number=NUMBER)
        studio.clock.go(hours=2)
        studio.do(EffectKind.GRANT)
        studio.clock.go(hours=2)
        studio.do(EffectKind.GRANT)
        assert studio.host.opened == []
        assert unknown(studio, EffectKind.GRANT)
        assert "effect_unknown" in studio.codes()

    def test_records_that_break_what_nobody_foresaw_keep_no_other_gallery_closed(self, studio: Studio) -> None:
        for job in ("j1", "j2"):
            studio.with_gallery(job)
        studio.round()
        studio.pay_on_page("j1")
        studio.pay_on_page("j2")
        studio.with_gallery("j1")
        studio.source.spoil("j1", "{}")
        studio.round()
        assert studio.host.opened == ["g-j2"]
        assert "gallery_unreadable" in studio.codes()

    def test_records_that_cannot_be_read_keep_no_other_gallery_closed(self, studio: Studio) -> None:
        for job in ("j1", "j2"):
            studio.with_gallery(job)
        studio.round()
        for job in ("j1", "j2"):
            studio.pay_on_page(job)
        facts = studio.with_gallery("j1")
        studio.source.spoil("j1")
        studio.round()
        assert studio.host.opened == ["g-j2"]
        assert "gallery_unreadable" in studio.codes()
        studio.clock.go(minutes=1)
        studio.source.put(facts)
        studio.round()
        assert studio.host.opened == ["g-j2", "g-j1"]
        assert studio.codes() == []


def test_an_unknown_effect_of_nobody_stays_a_question(studio: Studio) -> None:
    with studio.ledger.write() as uow:
        uow.effects.intend(Intent(EffectKind.GRANT, "vsco:g", "inv_none", {}), studio.clock.now())

    assert studio.do(EffectKind.GRANT) == {"cancelled": 1}
