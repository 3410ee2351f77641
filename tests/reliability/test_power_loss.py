"""A sample of the cuts of one day's log; `prove` in power_loss.py tries them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest
from film import cuts_of, world_around
from ledger_places import places
from power_loss import PowerLoss

PAGE = 4096


@pytest.fixture(scope="module")
def power() -> Iterator[PowerLoss]:
    with places() as place:
        yield PowerLoss(place)


def test_nothing_that_was_committed_is_lost_and_nothing_is_there_by_half(power: PowerLoss) -> None:
    cuts = list(cuts_of(power.film))

    wrong = [sentence for cut in cuts[:: len(cuts) // 60] for sentence in power.look_at(cut)]

    assert len(cuts) > 1000
    assert wrong == []


def test_after_a_cut_the_day_goes_on_to_the_same_end(power: PowerLoss) -> None:
    lost = [
        cut for cut in cuts_of(power.film) if cut.name.endswith("within the header") or "before frame 1 " in cut.name
    ]

    wrong = [sentence for cut in lost[3 :: len(lost) // 3] for sentence in power.go_on(cut)]

    assert wrong == []


def test_a_lost_commit_would_be_seen(power: PowerLoss) -> None:
    [cut] = islice((cut for cut in cuts_of(power.film) if "within frame 2" in cut.name), 40, 41)

    assert power.look_at(replace(cut, rows=cut.photo.rows)) == [f"{cut.name}: it does not say what was committed last"]


def test_a_damaged_database_would_be_seen(power: PowerLoss) -> None:
    *_, cut = cuts_of(power.film)
    database, _ = cut.files()

    def without_some_pages() -> tuple[bytes, bytes]:
        return database[: 8 * PAGE] + bytes(40 * PAGE) + database[48 * PAGE :], b""

    assert power.look_at(replace(cut, files=without_some_pages)) != []


def test_a_second_charge_would_be_seen(power: PowerLoss) -> None:
    paid = next(photo for photo in power.film.photos if photo.world.gateway.payments)
    cut = next(cut for cut in cuts_of(power.film) if cut.photo is paid)
    world = world_around(paid.world, paid.world.ledger)
    [charged] = world.gateway.payments.values()
    world.gateway.receive(str(charged.fact.invoice_id), charged.asked)

    wrong = power.go_on(replace(cut, photo=replace(paid, world=world)))

    assert f"{cut.name}, going on: captured amounts differ" in wrong
