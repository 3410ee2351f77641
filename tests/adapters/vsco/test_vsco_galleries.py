"""Opening and closing galleries that are kept in VSCO Workspace."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest
from vsco_records import GALLERY, gallery, workspace

from billing.adapters.vsco import VscoGalleries
from billing.domain.errors import NeedsAttention, PermanentError, TemporaryError, UnknownOutcomeError
from billing.ports.outside import GalleryAccess

UNTIL = date(2026, 6, 1)
URL = "https://galleries.example/ann"


class Wall:
    """One gallery. `break_put` answers a PUT in its own way, after the change was made if it says so."""

    def __init__(self, break_put: Callable[[Wall, dict], httpx.Response | None] | None = None, **fields: Any) -> None:
        self.gallery, self.puts, self.gets = gallery(**fields), [], 0
        self._break_put = break_put

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self.gets += 1
            return httpx.Response(200, json=self.gallery)
        body = json.loads(request.content)
        self.puts.append(body)
        answer = self._break_put(self, body) if self._break_put else None
        if answer is not None:
            return answer
        self.gallery.update(body)
        return httpx.Response(200, json=self.gallery)

    def host(self) -> VscoGalleries:
        return VscoGalleries(workspace(self).client)


def test_opening_makes_the_gallery_active_and_keeps_the_rest():
    wall = Wall(category="Portrait", coverPhoto={"remoteUrl": "https://x"}, photoCount=12, links={}, hidden=False)

    access = wall.host().open_gallery(GALLERY, UNTIL)

    assert access == GalleryAccess(URL, "open-sesame", None, UNTIL)
    (sent,) = wall.puts
    assert (sent["status"], sent["expirationDate"]) == ("active", "2026-06-01")
    assert (sent["name"], sent["category"], sent["photoCount"], sent["password"]) == (
        "Ann",
        "Portrait",
        12,
        "open-sesame",
    )
    assert not {"id", "created", "modified", "links", "hidden", "coverPhoto", "externalMappings"} & set(sent)


@pytest.mark.parametrize("fields", [{"name": None}, {"name": None, "newer": {"than": [1.50, None]}}])
def test_a_gallery_without_a_name_is_opened_and_closed_and_goes_back_as_it_came(fields):
    wall = Wall(**fields)

    wall.host().open_gallery(GALLERY, UNTIL)
    wall.host().close_gallery(GALLERY)

    assert [sent["status"] for sent in wall.puts] == ["active", "inactive"]
    for sent in wall.puts:
        assert {name: sent[name] for name in fields} == fields


def test_a_name_that_was_not_sent_is_sent_as_null_because_a_change_must_have_one():
    wall = Wall()
    del wall.gallery["name"]

    wall.host().open_gallery(GALLERY, UNTIL)

    assert wall.puts[0]["name"] is None


def test_a_number_with_a_fraction_goes_back_as_it_came():
    wall = Wall(score=0.1)

    wall.host().open_gallery(GALLERY, UNTIL)

    assert wall.puts[0]["score"] == 0.1


def test_opening_an_open_gallery_changes_nothing():
    wall = Wall(status="active", expirationDate="2026-06-01")

    assert wall.host().open_gallery(GALLERY, UNTIL).expires_on == UNTIL
    assert wall.host().open_gallery(GALLERY, None).expires_on == UNTIL
    assert wall.puts == []


def test_opening_an_open_gallery_again_moves_its_expiry():
    wall = Wall(status="active", expirationDate="2026-01-01")

    assert wall.host().open_gallery(GALLERY, UNTIL).expires_on == UNTIL
    assert len(wall.puts) == 1


def test_no_expiry_leaves_the_one_that_it_has():
    wall = Wall(expirationDate="2026-01-01")

    assert wall.host().open_gallery(GALLERY, None).expires_on == date(2026, 1, 1)
    assert Wall().host().open_gallery(GALLERY, None).expires_on is None


@pytest.mark.parametrize(
    ("requires", "password", "told"), [(True, "x", "x"), (None, "x", "x"), (False, "x", None), (True, None, None)]
)
def test_the_password_is_told_only_if_it_is_asked_for(requires, password, told):
    assert Wall(requiresPassword=requires, password=password).host().open_gallery(GALLERY, UNTIL).password == told


def test_closing_makes_it_inactive_once():
    wall = Wall(status="active")

    wall.host().close_gallery(GALLERY)
    wall.host().close_gallery(GALLERY)

    assert [body["status"] for body in wall.puts] == ["inactive"]


def test_an_archived_gallery_stays_closed_and_is_opened_by_a_person():
    wall = Wall(status="archived")

    wall.host().close_gallery(GALLERY)
    with pytest.raises(NeedsAttention, match="archived"):
        wall.host().open_gallery(GALLERY, UNTIL)

    assert wall.puts == []


@pytest.mark.parametrize("fields", [{"adminUrl": ""}, {"clientUrl": "javascript:alert(1)"}, {"expirationDate": "soon"}])
def test_what_could_not_be_handed_on_is_not_opened(fields):
    wall = Wall(**fields)

    with pytest.raises(PermanentError) as caught:
        wall.host().open_gallery(GALLERY, None)

    assert caught.value.code == "malformed_record"
    assert wall.puts == []


def failing(status: int, *, after: bool) -> Callable[[Wall, dict], httpx.Response]:
    def answer(wall: Wall, body: dict) -> httpx.Response:
        if after:
            wall.gallery.update(body)
        return httpx.Response(status, json={"detail": "Something went wrong."})

    return answer


def test_a_change_that_shows_has_happened_whatever_the_answer_was():
    assert Wall(failing(500, after=True)).host().open_gallery(GALLERY, UNTIL).expires_on == UNTIL


def test_a_change_that_does_not_show_is_unknown():
    with pytest.raises(UnknownOutcomeError):
        Wall(failing(500, after=False)).host().open_gallery(GALLERY, UNTIL)


def test_a_change_that_cannot_be_looked_at_is_unknown():
    wall = Wall(failing(500, after=True))

    def down_at_the_second_look(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if wall.gets else wall(request)

    def line(request: httpx.Request) -> httpx.Response:
        return wall(request) if request.method == "PUT" else down_at_the_second_look(request)

    with pytest.raises(UnknownOutcomeError):
        VscoGalleries(workspace(line).client).open_gallery(GALLERY, UNTIL)


def test_a_refused_change_is_a_refusal():
    with pytest.raises(PermanentError) as caught:
        Wall(failing(400, after=False)).host().open_gallery(GALLERY, UNTIL)

    assert caught.value.code == "vsco_refused"


def test_too_many_calls_are_tried_later():
    with pytest.raises(TemporaryError):
        Wall(failing(429, after=False)).host().open_gallery(GALLERY, UNTIL)


def test_a_change_that_was_taken_and_not_made_needs_a_person():
    def ignore(wall: Wall, body: dict) -> httpx.Response:
        return httpx.Response(200, json=wall.gallery)

    with pytest.raises(NeedsAttention) as caught:
        Wall(ignore).host().open_gallery(GALLERY, UNTIL)

    assert caught.value.code == "gallery_not_changed"
