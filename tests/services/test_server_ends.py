"""Servers that died: counted, told of when it happens again and again, and taken back when they run well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from studio import Studio

from billing.domain.effects import EffectKind
from billing.ports.operations import ServerEnd
from billing.services.safety.server_ends import how, in_words, note_server_end, server_is_steady

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def end(server: str = "dashboard", minutes: float = 0, **way: int | None) -> ServerEnd:
    plain: dict[str, int | None] = {"exit_code": None, "signal": 9}
    return ServerEnd(server, NOON + timedelta(minutes=minutes), **(plain | way), lived_seconds=7)  # type: ignore[arg-type]


@pytest.fixture
def owned(studio: Studio) -> Studio:
    studio.policy = replace(studio.policy, owner_email="owner@northlight.example")
    return studio


def told(studio: Studio, *ends: ServerEnd) -> list[bool]:
    return [note_server_end(studio.ctx, one) for one in ends]


def subjects(studio: Studio) -> list[str]:
    studio.do(EffectKind.MAIL)
    return [mail.letter.subject for mail in studio.mailer.sent]


def open_items(studio: Studio) -> list[tuple[str, str]]:
    with studio.ctx.ledger.read() as uow:
        return [(item.subject_id, item.code) for item in uow.tasks.open_tasks()]


def test_each_is_counted_and_the_third_in_ten_minutes_is_told(owned: Studio) -> None:
    assert told(owned, end(minutes=0), end(minutes=1), end(minutes=2)) == [False, False, True]

    assert open_items(owned) == [("server:dashboard", "server_dies")]
    assert subjects(owned) == ["OwnerAlert The dashboard stops again and again"]
    with owned.ctx.ledger.read() as uow:
        assert [one.ended_at.minute for one in uow.operations.server_ends(NOON)] == [0, 1, 2]
        assert [one.ended_at.minute for one in uow.operations.server_ends(NOON + timedelta(minutes=2))] == [2]


def test_what_happens_now_and_then_or_to_different_servers_is_told_nobody(owned: Studio) -> None:
    assert (
        told(owned, end(minutes=0), end(minutes=1), end(minutes=20), end("daemon", 20), end("portal", 20))
        == [False] * 5
    )
    assert subjects(owned) == []


def test_one_mail_a_day_and_one_item_that_says_the_newest_count(owned: Studio) -> None:
    told(owned, *(end(minutes=minute / 10) for minute in range(9)))

    assert len(subjects(owned)) == 1
    with owned.ctx.ledger.read() as uow:
        (item,) = uow.tasks.open_tasks()
    assert "ended 9 times in ten minutes" in item.sentence


def test_when_it_runs_well_again_the_item_ends_by_itself(owned: Studio) -> None:
    told(owned, *(end(minutes=minute) for minute in range(3)))

    assert server_is_steady(owned.ctx, "dashboard")
    assert open_items(owned) == []
    assert not server_is_steady(owned.ctx, "dashboard")


def test_how_it_ended_is_in_words() -> None:
    assert how(end()) == "was ended by signal 9 (Killed)"
    assert how(end(signal=None, exit_code=3)) == "ended by itself with code 3"
    assert how(end(signal=None)) == "could not be started"
    assert in_words([end(), end(minutes=5), end("daemon", 1, signal=15)]) == [
        "daemon once, last on 2026-11-30 12:01 UTC: was ended by signal 15 (Terminated)",
        "dashboard 2 times, last on 2026-11-30 12:05 UTC: was ended by signal 9 (Killed)",
    ]
