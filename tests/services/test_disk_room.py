"""A disk that runs full: a person is told while the ledger can still be written, once a day, and not for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest
from studio import Studio

from billing.domain.effects import EffectKind
from billing.ports.disks import MEGABYTE, Place
from billing.services.safety.disk_room import trouble_with, watch_disks

ROOMY = Place("the ledger and the figures", "/srv/billing", 9_000 * MEGABYTE, 500 * MEGABYTE)
SHORT = replace(ROOMY, free_bytes=499 * MEGABYTE)
FULL = replace(ROOMY, free_bytes=0, refused="No space left on device")


@pytest.fixture
def owned(studio: Studio) -> Studio:
    studio.policy = replace(studio.policy, owner_email="owner@northlight.example")
    return studio


def test_room_enough_is_nothing_to_tell_of() -> None:
    assert trouble_with([ROOMY, replace(ROOMY, free_bytes=500 * MEGABYTE)]) == []


def test_a_disk_that_runs_full_is_told_with_what_is_free_and_what_is_kept() -> None:
    assert trouble_with([SHORT]) == [
        "Only 499 MB are free for the ledger and the figures at /srv/billing; 500 MB are to stay free for the ledger"
        " (BILLING_DISK_RESERVE_MB). Make room; until then no new figures are made."
    ]


def test_a_full_disk_is_told_with_what_stands_still_and_that_nothing_is_lost() -> None:
    assert trouble_with([FULL]) == [
        "Nothing can be written to the ledger at /srv/billing: its disk is full (No space left on device). Make room"
        " there. Until then nothing is billed, booked or mailed; nothing is lost by that."
    ]


def test_the_owner_is_told_once_a_day_and_the_item_ends_when_there_is_room(owned: Studio) -> None:
    for _ in range(3):
        assert watch_disks(owned.ctx, [SHORT]) == trouble_with([SHORT])
        owned.do(EffectKind.MAIL)
    [mail] = owned.mailer.sent
    assert mail.letter.subject == "OwnerAlert The disk runs full"
    plain, _, technical = mail.letter.text.partition("technical=")
    assert "has little room left" in plain
    assert not any(word in plain for word in ("BILLING_", "/srv", "MB"))
    assert "BILLING_DISK_RESERVE_MB" in technical
    assert owned.codes() == ["disk_short"]

    owned.clock.go(days=1)
    watch_disks(owned.ctx, [SHORT])
    owned.do(EffectKind.MAIL)
    assert len(owned.mailer.sent) == 2

    assert watch_disks(owned.ctx, [ROOMY]) == []
    assert owned.codes() == []


def test_room_enough_writes_nothing(owned: Studio) -> None:
    with owned.ledger.read() as uow:
        before = uow.journal.position()

    assert watch_disks(owned.ctx, [ROOMY]) == []
    with owned.ledger.read() as uow:
        assert uow.journal.position() == before
    assert owned.effects(EffectKind.MAIL) == []
