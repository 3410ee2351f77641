"""When a sensor starts a job again; without Dagster."""

from __future__ import annotations

from sensors.patience import LONGEST_WAIT_SECONDS, Patience


def test_work_that_stays_is_tried_ever_later_and_new_work_at_once():
    table = """
        second | work | started
             0 | a    | yes
             5 | a    | no
            10 | a    | yes
            20 | a    | no
            30 | a    | yes
            31 | b    | yes
            32 | a    | yes
            33 | a    | no
    """
    patience = Patience()
    for line in table.strip().splitlines()[1:]:
        second, work, expected = (cell.strip() for cell in line.split("|"))

        started = patience.start(work, float(second))

        assert (started is not None) == (expected == "yes"), line
        patience = started or patience


def test_the_wait_ends_growing():
    assert Patience("a", 50, 0.0).wait_seconds == LONGEST_WAIT_SECONDS


def test_after_the_clock_was_set_back_nothing_waits_for_what_it_had_shown():
    waiting = Patience().start("a", 25_200.0)

    assert waiting is not None
    assert waiting.start("a", 25_201.0) is None
    assert waiting.start("a", 1.0) is not None
