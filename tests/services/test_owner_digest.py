"""The owner's morning mail: once each morning, never empty, never of another day, and true when it goes out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes import Crash
from sqlalchemy import text
from studio import Studio, order

from billing.domain.effects import EffectKind
from billing.domain.errors import TemporaryError
from billing.domain.mail import DigestLine, DigestPart, MailKind, OwnerDigest, SentMails
from billing.domain.money import Money
from billing.domain.policy import DeliveryMode
from billing.domain.tasks import TaskKind, kind_of_task
from billing.services.automations.owner_digest import digest_of, plan_owner_digest
from billing.services.safety.clock_set_back import look_at_clock
from billing.services.safety.holds import hold_at_once
from billing.services.safety.restore import mark_restored
from billing.services.safety.watchdog import beat, watch

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def owned(studio: Studio) -> Studio:
    """A studio in Berlin that looks before anything goes out; it is a Monday at seven in the morning."""
    studio.policy = replace(studio.policy, owner_email="owner@northlight.example", delivery_mode=DeliveryMode.REVIEW)
    at(studio, MONDAY, 7)
    return studio


@pytest.fixture
def waiting(owned: Studio) -> Studio:
    """One draft waits for a person."""
    owned.session()
    owned.bill()
    return owned


def at(studio: Studio, day: date, hour: int, minute: int = 0) -> None:
    """By Berlin's clock, in winter."""
    studio.clock.at = datetime(day.year, day.month, day.day, hour - 1, minute, tzinfo=UTC)


def look(studio: Studio) -> None:
    """What the sensor does, and the run that it starts."""
    plan_owner_digest(studio.ctx)
    studio.do(EffectKind.MAIL)


def digests(studio: Studio) -> list[str]:
    subjects = [mail.letter.subject.split() for mail in studio.mailer.sent]
    return [words[1] for words in subjects if words[0] == "OwnerDigest"]


def states(studio: Studio) -> list[str]:
    return sorted(one.state.value for one in studio.effects(EffectKind.MAIL) if one.purpose == "owner_digest")


def told(studio: Studio) -> OwnerDigest:
    with studio.ledger.read() as uow:
        return digest_of(studio.ctx, uow, studio.ctx.today())


def test_it_goes_out_once_each_morning_from_its_hour_on(waiting: Studio) -> None:
    for hour, minute in ((6, 0), (6, 59), (7, 0), (7, 1), (12, 0), (23, 59)):
        at(waiting, MONDAY, hour, minute)
        look(waiting)
        assert len(digests(waiting)) == (hour >= 7)
    for hour in (1, 7, 8):
        at(waiting, TUESDAY, hour)
        look(waiting)

    assert digests(waiting) == ["2026-03-02", "2026-03-03"]
    assert waiting.mailer.sent[0].to == ("owner@northlight.example",)


def test_where_there_is_nothing_to_say_there_is_no_mail_and_none_later_that_day(owned: Studio) -> None:
    look(owned)
    assert (digests(owned), states(owned), owned.codes()) == ([], ["cancelled"], [])

    owned.session()
    owned.bill()
    at(owned, MONDAY, 10)
    look(owned)
    assert digests(owned) == []

    at(owned, TUESDAY, 7)
    look(owned)
    assert digests(owned) == ["2026-03-03"]


@pytest.mark.parametrize("changes", [{"owner_email": ""}, {"digest_hour": None}])
def test_nobody_is_mailed_who_does_not_want_it_any_more(waiting: Studio, changes: dict[str, Any]) -> None:
    plan_owner_digest(waiting.ctx)
    waiting.policy = replace(waiting.policy, **changes)
    look(waiting)
    at(waiting, TUESDAY, 9)
    look(waiting)

    assert (digests(waiting), states(waiting)) == ([], ["cancelled"])


def test_after_days_off_the_owner_hears_of_today_and_of_no_day_before(waiting: Studio) -> None:
    """The machine went off after Monday's was decided, and was switched on again on Thursday at noon."""
    plan_owner_digest(waiting.ctx)
    at(waiting, date(2026, 3, 5), 12)
    look(waiting)

    assert digests(waiting) == ["2026-03-05"]
    assert states(waiting) == ["cancelled", "done"]


def test_what_a_mail_server_did_not_take_all_day_is_not_sent_the_next(waiting: Studio) -> None:
    waiting.mailer.line.fail("send", TemporaryError("smtp_down", "Nobody answers."), times=99)
    for hour in range(7, 24):
        at(waiting, MONDAY, hour)
        look(waiting)
    waiting.mailer.line.faults.clear()
    for hour in (6, 7, 8):
        at(waiting, TUESDAY, hour, 30)
        look(waiting)

    assert digests(waiting) == ["2026-03-03"]
    assert "effect_delayed" not in waiting.codes()


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_crash_it_is_not_sent_twice_nor_the_next_day(waiting: Studio, when: str) -> None:
    waiting.mailer.line.fail("send", Crash(), when)
    for minutes in (0, 10, 20):
        at(waiting, MONDAY, 7, minutes)
        with suppress(Crash):
            look(waiting)
    sent = len(digests(waiting))
    [effect] = waiting.effects(EffectKind.MAIL)
    assert (sent, states(waiting)) == (when == "after", ["unknown"])

    at(waiting, TUESDAY, 7)
    waiting.ask("settle", effect_id=effect.effect_id, happened="yes" if sent else "no")
    if not sent:
        waiting.ask("retry", effect_id=effect.effect_id)
    look(waiting)

    assert digests(waiting)[sent:] == ["2026-03-03"]
    assert waiting.codes() == []


def test_two_workers_decide_on_one(waiting: Studio) -> None:
    assert [plan_owner_digest(waiting.ctx) for _ in range(2)] == [True, False]
    assert states(waiting) == ["ready"]


def test_it_says_what_waits_what_is_overdue_and_what_went_out_yesterday(owned: Studio) -> None:
    owned.policy = replace(owned.policy, delivery_mode=DeliveryMode.AUTOMATIC, due_days=0)
    at(owned, date(2026, 3, 1), 10)
    owned.session("late", order("o-late", 30_000))
    owned.session("paid", order("o-paid", 20_000))
    owned.round()
    owned.pay_on_page("paid")
    owned.round()
    owned.policy = replace(owned.policy, delivery_mode=DeliveryMode.REVIEW)
    owned.session("draft", order("o-draft", 10_000))
    owned.bill()
    at(owned, MONDAY, 7)

    digest = told(owned)

    ten, twenty, thirty, fifty = (Money(minor, "EUR") for minor in (10_000, 20_000, 30_000, 50_000))
    assert digest.drafts == DigestPart(1, (ten,), (DigestLine("Ada draft", "Session draft", ten),))
    assert digest.overdue == DigestPart(1, (thirty,), (DigestLine("Ada late", "INV-2026-0001", thirty, days=1),))
    assert digest.sent == (SentMails(MailKind.INVOICE, 2, (fifty,)), SentMails(MailKind.RECEIPT, 1, (twenty,)))
    assert digest.tasks == DigestPart()


def test_each_currency_has_a_sum_of_its_own(owned: Studio) -> None:
    for number, currency in enumerate(("EUR", "JPY", "EUR")):
        plain = order(f"o{number}", 900)
        price = Money(900, currency)
        line = replace(plain.lines[0], unit_price=price)
        owned.session(f"j{number}", replace(plain, currency=currency, lines=(line,), total=price, balance=price))
    owned.bill()

    assert told(owned).drafts.amounts == (Money(1_800, "EUR"), Money(900, "JPY"))


def test_what_is_decided_before_it_goes_out_is_not_told_any_more(owned: Studio) -> None:
    owned.session("a")
    owned.session("b")
    owned.bill()
    plan_owner_digest(owned.ctx)
    owned.approve(owned.column("select invoice_id from drafts order by 1")[0])
    owned.do(EffectKind.MAIL)

    [mail] = owned.mailer.sent
    assert "drafts=DigestPart(count=1" in mail.letter.text


def test_what_went_out_on_other_days_and_to_the_owner_is_not_told(owned: Studio) -> None:
    owned.policy = replace(owned.policy, delivery_mode=DeliveryMode.AUTOMATIC)
    for day, hour in ((date(2026, 2, 28), 23), (date(2026, 3, 1), 12), (MONDAY, 1)):
        at(owned, day, hour)
        if day.day != 1:
            owned.session(f"j{day.day}")
        owned.round()
        look(owned)
    at(owned, MONDAY, 7)

    assert digests(owned) == ["2026-03-01"]
    assert told(owned).sent == ()


def test_under_a_hold_it_goes_out_and_says_so_first(waiting: Studio) -> None:
    with waiting.ledger.write() as uow:
        uow.tasks.raise_task("x", "client_credit", "Decide.", waiting.clock.now() - timedelta(days=1))
    hold_at_once(waiting.ledger, "the accountant asks", "olga", waiting.clock.now())
    look(waiting)

    assert digests(waiting) == ["2026-03-02"]
    assert [line.task for line in told(waiting).tasks.lines] == [TaskKind.HOLD, TaskKind.MONEY]


def test_on_the_day_of_a_restore_there_is_none_for_it_may_have_gone_out_before(waiting: Studio) -> None:
    mark_restored(waiting.ledger, "the disk died", "olga", waiting.clock.now())
    look(waiting)
    assert digests(waiting) == []

    at(waiting, TUESDAY, 8)
    look(waiting)
    assert digests(waiting) == ["2026-03-03"]


def test_while_nobody_knows_which_day_it_is_there_is_none(waiting: Studio) -> None:
    for hour in (20, 9):
        at(waiting, MONDAY, hour)
        look_at_clock(waiting.ctx)
    look(waiting)
    assert digests(waiting) == []

    at(waiting, MONDAY, 21)
    look_at_clock(waiting.ctx)
    look(waiting)
    assert digests(waiting) == ["2026-03-02"]


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-29T05:00"),  # an hour is missing in that night
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-25T06:00"),  # and comes twice
        ("America/Los_Angeles", date(2026, 3, 2), "2026-03-02T15:00"),
        ("Pacific/Kiritimati", date(2026, 3, 2), "2026-03-01T17:00"),
    ],
)
def test_its_hour_is_the_studios(owned: Studio, zone: str, day: date, first: str) -> None:
    owned.policy = replace(owned.policy, time_zone=zone)
    moment = datetime.fromisoformat(first).replace(tzinfo=UTC)
    owned.clock.at = moment - timedelta(seconds=1)
    assert not plan_owner_digest(owned.ctx)

    owned.clock.at = moment
    assert plan_owner_digest(owned.ctx)
    assert owned.column("select subject_id from effects where purpose = 'owner_digest'") == [f"digest:{day}"]


def test_a_task_says_whom_it_is_about_and_of_which_kind_it_is(owned: Studio) -> None:
    owned.policy = replace(owned.policy, delivery_mode=DeliveryMode.AUTOMATIC)
    owned.session("bounces")
    owned.mailer.gone.add("bounces@example.com")
    owned.round()
    facts = owned.session("nowhere")
    owned.source.put(replace(facts, client=replace(facts.client, emails=())))
    owned.bill()
    beat(owned.ctx, "due_work", timedelta(minutes=1))
    owned.clock.go(minutes=10)
    watch(owned.ctx)

    first, *others = told(owned).tasks.lines

    assert first == DigestLine("", "", task=TaskKind.MACHINERY)
    assert {(line.client, line.what, line.task) for line in others} == {
        ("Ada bounces", "INV-2026-0001", TaskKind.MAIL),
        ("", "Session nowhere", TaskKind.BILL),
    }


def test_of_many_the_first_are_named_and_all_are_counted(owned: Studio) -> None:
    for number in range(8):
        owned.session(f"j{number}")
    owned.bill()

    drafts = told(owned).drafts
    assert (drafts.count, len(drafts.lines), drafts.amounts) == (8, 5, (Money(400_000, "EUR"),))


def test_every_item_with_which_stories_end_is_of_a_kind_that_has_words() -> None:
    snapshots = Path(__file__).with_name("ledger_snapshots").glob("*.txt")
    lines = [line for one in snapshots for line in one.read_text("utf-8").splitlines() if "; code=" in line]
    codes = {line.partition("; code=")[2].partition(";")[0] for line in lines}

    assert len(codes) > 15
    assert {code for code in codes if kind_of_task(code) is TaskKind.OTHER} == set()


def test_what_went_out_yesterday_is_found_without_reading_what_went_out_before(studio: Studio) -> None:
    if studio.ledger.engine.dialect.name != "sqlite":
        pytest.skip("the plan in SQLite's words")
    query = (
        "explain query plan select * from effects where kind = 'mail' and state = 'done'"
        " and settled_at >= '2026-03-01' and settled_at < '2026-03-02' order by intended_seq"
    )
    with studio.ledger.engine.connect() as connection:
        plan = " ".join(str(row) for row in connection.execute(text(query)))

    assert "ix_effects_ended (state=? AND kind=? AND settled_at>? AND settled_at<?)" in plan
