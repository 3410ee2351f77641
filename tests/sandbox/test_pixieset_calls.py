"""Pixieset's web calls: a session and a token, or nothing; and a count of who opened and closed what."""

from __future__ import annotations

from typing import Any

import pytest

from billing.sandbox import pixieset


@pytest.fixture
def collection(world: Any) -> Any:
    return pixieset.add_collection(world.store, world.clock, "Wedding Anna", 420, "https://x.example/anna/")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Cookie": ""}, 401),
        ({"Cookie": "pixieset_session=ä"}, 401),
        ({"X-CSRF-Token": "old"}, 419),
    ],
)
def test_a_stale_session_or_token_is_refused(world: Any, collection: Any, headers: Any, status: int) -> None:
    path = f"/collections/{collection['id']}"
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}

    assert world.pixieset("GET", path, headers=encoded).status_code == status
    assert world.pixieset("PUT", path, headers=encoded, json={"status": "published"}).status_code == status
    assert world.store.effects() == []


def test_a_call_without_a_token_is_forbidden(world: Any) -> None:
    cookie = {"Cookie": "pixieset_session=sandbox-session"}

    assert world.http.get("/pixieset/galleries/api/v1/collections", headers=cookie).status_code == 403


def test_a_new_session_makes_the_old_one_stale(world: Any) -> None:
    world.control("/settings", {"pixieset_session": "next", "pixieset_csrf": "next"})

    assert world.pixieset("GET", "/collections").status_code == 401
    fresh = {"Cookie": "pixieset_session=next", "X-CSRF-Token": "next"}
    assert world.pixieset("GET", "/collections", headers=fresh).status_code == 200


def test_publishing_opens_and_hiding_closes(world: Any, collection: Any) -> None:
    path = f"/collections/{collection['id']}"

    opened = world.pixieset(
        "PUT", path, json={"status": "published", "downloadable": True, "expiry_date": "2026-06-01"}
    )
    world.pixieset("PUT", path, json={"status": "published", "download_pin": "4821"})
    world.pixieset("PUT", path, json={"status": "hidden", "expiry_date": None})

    assert opened.json()["data"]["downloadable"] is True
    assert [row["kind"] for row in world.store.effects()] == [
        "pixieset.access_opened",
        "pixieset.updated",
        "pixieset.access_closed",
    ]
    grants = world.http.get("/sandbox/oracle").json()["grants"]
    assert (grants["opened"], grants["closed"], grants["open_now"]) == (1, 1, [])


def test_the_list_and_one_collection_agree(world: Any, collection: Any) -> None:
    listed = world.pixieset("GET", "/collections").json()

    assert listed["meta"]["total"] == len(listed["data"])
    assert listed["data"][0] == world.pixieset("GET", f"/collections/{collection['id']}").json()["data"]
    assert listed["data"][0]["status"] == "hidden"
    assert {"name", "photo_count", "password_protected", "downloadable", "expiry_date"} <= set(listed["data"][0])


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "open"},
        {"status": 1},
        {"downloadable": "yes"},
        {"photo_count": True},
        {"expiry_date": "soon"},
        ["status"],
        "nonsense",
    ],
)
def test_a_change_that_makes_no_sense_is_refused(world: Any, collection: Any, changes: Any) -> None:
    answer = world.pixieset("PUT", f"/collections/{collection['id']}", json=changes)

    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert world.store.effects() == []


def test_a_body_that_is_no_json_is_refused(world: Any, collection: Any) -> None:
    assert world.pixieset("PUT", f"/collections/{collection['id']}", content="{").status_code == 422


def test_an_unknown_collection_is_a_404(world: Any) -> None:
    assert world.pixieset("GET", "/collections/1").status_code == 404
    assert world.pixieset("PUT", "/collections/1", json={"status": "hidden"}).status_code == 404


def test_the_studio_host_knows_the_account(world: Any) -> None:
    headers = {"Cookie": "pixieset_session=sandbox-session", "X-CSRF-Token": "sandbox-csrf"}

    answer = world.http.get("/pixieset/studio/api/v1/account", headers=headers)

    assert answer.json()["data"]["name"] == "North Light"
