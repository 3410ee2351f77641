"""The sandbox's store: all of a request or nothing of it, and lists that can be asked for in pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing.sandbox.store import Store


@pytest.fixture
def store() -> Store:
    return Store(":memory:")


def test_a_failed_transaction_leaves_nothing_of_its_inner_ones(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.put("thing", "a", {"id": "a"})
            with store.transaction():
                store.record_effect("made", "a", "now")
                raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert store.get("thing", "a") is None
    assert store.effect_counts() == {}
    store.put("thing", "b", {"id": "b"})
    assert store.count("thing") == 1


def test_lists_are_newest_first_and_can_be_cut(store: Store) -> None:
    for number in range(5):
        store.put("thing", str(number), {"id": str(number), "colour": "red" if number % 2 else "blue"}, "p")
    store.put("thing", "1", {"id": "1", "colour": "green"})

    assert [row["id"] for row in store.newest("thing")] == ["4", "3", "2", "1", "0"]
    assert [row["id"] for row in store.newest("thing", "p", limit=2, offset=1)] == ["3", "2"]
    assert store.newest("thing", "other") == []
    rows, total = store.select("thing", equal={"colour": "blue"}, order_by="id", descending=True, limit=2)
    assert ([row["id"] for row in rows], total) == (["4", "2"], 3)
    rows, total = store.select("thing", parent="p", order_by="colour")
    assert ([row["colour"] for row in rows][:4], total) == (["blue", "blue", "blue", "green"], 5)


def test_counters_settings_and_objects_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "sandbox.db"
    first = Store(path)
    assert [first.next_number("x") for _ in range(3)] == [1, 2, 3]
    first.set_setting("name", "value")
    first.close()

    second = Store(path)

    assert second.next_number("x") == 4
    assert second.setting("name") == "value"
    second.close()
