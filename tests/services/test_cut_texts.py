"""What is longer in the booking system than on paper is billed all the same, and told once."""

from __future__ import annotations

from dataclasses import replace

from studio import Studio

TEXTS = tuple(f"Text {number} is used in part." for number in range(5))
ITEM = ("vsco:j1", "text_cut")


def with_cut(studio: Studio, *cut: str) -> None:
    studio.source.put(replace(studio.session(), cut=cut))


def test_a_session_whose_texts_were_cut_is_billed_and_a_person_is_told(studio: Studio) -> None:
    with_cut(studio, *TEXTS)
    studio.round()

    assert studio.state_of() == "billed"
    assert studio.open_items()[ITEM] == (
        "Text 0 is used in part. Text 1 is used in part. Text 2 is used in part. So it is with 2 more. Write less there"
        " if clients are to read all of it; else close this."
    )


def test_who_has_closed_it_is_not_asked_again_and_it_closes_when_it_is_mended(studio: Studio) -> None:
    with_cut(studio, TEXTS[0])
    studio.round()
    studio.ask("resolve", subject=ITEM[0], code=ITEM[1])
    studio.tomorrow()
    studio.round()
    assert studio.codes() == []

    with_cut(studio, TEXTS[1])
    studio.round()
    assert studio.codes() == ["text_cut"]

    with_cut(studio)
    studio.tomorrow()
    studio.round()
    assert studio.codes() == []


def test_no_sentence_is_longer_than_anybody_reads(studio: Studio) -> None:
    with studio.ledger.write() as uow:
        uow.tasks.raise_task("x", "y", "z" * 200_000, studio.clock.now())

    assert len(studio.open_items()["x", "y"]) == 4_000
