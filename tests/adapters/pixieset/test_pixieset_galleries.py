"""Pixieset's web application, as far as it is known, and everything in which it may surprise."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from billing.adapters.pixieset import PixiesetGalleries
from billing.domain.errors import BillingError, NeedsAttention, PermanentError, TemporaryError, UnknownOutcomeError
from billing.ports.outside import GalleryAccess
from billing.sandbox import faults
from billing.sandbox.pixieset import DEFAULT_CSRF, DEFAULT_SESSION, KIND, add_collection
from billing.sandbox.server import RunningSandbox, running_sandbox

BASE = "https://galleries.pixieset.example/api/v1"
COOKIE, TOKEN = "canary-cookie-123", "canary-token-456"
UNTIL = date(2026, 6, 1)
ID = "40000001"


def collection(**fields: Any) -> dict[str, Any]:
    known = {"id": 40_000_001, "name": "Ann", "photo_count": 12, "password_protected": True, "password": "north0001"}
    state = {"downloadable": False, "download_pin": "1234", "expiry_date": None, "status": "hidden"}
    return {**known, **state, "url": "https://northlight.pixieset.com/ann/", **fields}


class Web:
    """One collection behind the web application. `on_put` may answer in its own way; `gets` answers reads in turn."""

    def __init__(
        self,
        on_put: Callable[[Web, dict[str, Any]], httpx.Response | None] | None = None,
        gets: list[httpx.Response | type[httpx.HTTPError] | None] | None = None,
        **fields: Any,
    ) -> None:
        self.collection, self.puts, self.headers = collection(**fields), [], httpx.Headers()
        self._on_put, self._gets = on_put, list(gets or [])

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.headers = request.headers
        if request.method == "GET":
            answer = self._gets.pop(0) if self._gets else None
            if isinstance(answer, type):
                raise answer("broken", request=request)
            return answer or httpx.Response(200, json={"data": self.collection})
        self.puts.append(json.loads(request.content))
        answer = self._on_put(self, self.puts[-1]) if self._on_put else None
        if answer is not None:
            return answer
        self.collection.update(self.puts[-1])
        return httpx.Response(200, json={"data": self.collection})

    def host(self) -> PixiesetGalleries:
        return PixiesetGalleries(BASE, COOKIE, TOKEN, transport=httpx.MockTransport(self))


def answering(status: int, *, after: bool = False, **headers: str) -> Callable[[Web, dict[str, Any]], httpx.Response]:
    def on_put(web: Web, body: dict[str, Any]) -> httpx.Response:
        if after:
            web.collection.update(body)
        return httpx.Response(status, json={"message": "?"}, headers=headers)

    return on_put


def opening(web: Web, gallery_id: str = ID) -> BillingError:
    with pytest.raises(BillingError) as caught:
        web.host().open_gallery(gallery_id, UNTIL)
    return caught.value


def assert_by_hand(error: BillingError) -> None:
    assert isinstance(error, NeedsAttention)
    assert error.code == "pixieset_needs_person"
    assert f"https://galleries.pixieset.example/collections/{ID}" in error.sentence


def test_opening_publishes_allows_downloads_and_hands_on_what_the_client_needs():
    web = Web()

    access = web.host().open_gallery(ID, UNTIL)

    assert access == GalleryAccess("https://northlight.pixieset.com/ann/", "north0001", "1234", UNTIL)
    (sent,) = web.puts
    assert (sent["status"], sent["downloadable"], sent["expiry_date"]) == ("published", True, "2026-06-01")
    assert (sent["name"], sent["password"]) == ("Ann", "north0001")
    assert not {"id", "url", "photo_count"} & set(sent)


def test_cookie_and_token_go_out_as_a_browser_sends_them():
    web = Web()
    web.host().open_gallery(ID, None)

    assert (web.headers["cookie"], web.headers["x-csrf-token"]) == (f"pixieset_session={COOKIE}", TOKEN)


def test_a_whole_cookie_header_is_sent_as_it_is():
    web = Web()
    PixiesetGalleries(BASE, "a=1; b=2==", TOKEN, transport=httpx.MockTransport(web)).open_gallery(ID, None)

    assert web.headers["cookie"] == "a=1; b=2=="


def test_opening_an_open_collection_changes_nothing():
    web = Web(status="published", downloadable=True, expiry_date="2026-06-01T23:59:00Z")

    assert web.host().open_gallery(ID, UNTIL).expires_on == UNTIL
    assert web.host().open_gallery(ID, None).expires_on == UNTIL
    assert web.puts == []


def test_a_collection_without_password_and_pin_needs_none():
    access = Web(password_protected=False, download_pin=None).host().open_gallery(ID, None)

    assert (access.password, access.pin, access.expires_on) == (None, None, None)


def test_closing_hides_it_and_stops_downloads_once():
    web = Web(status="published", downloadable=True)
    host = web.host()

    host.close_gallery(ID)
    host.close_gallery(ID)

    assert [(body["status"], body["downloadable"]) for body in web.puts] == [("hidden", False)]


def test_it_warns_once_that_it_is_unofficial(caplog):
    host = Web().host()
    host.open_gallery(ID, None)
    host.close_gallery(ID)

    assert [record.levelname for record in caplog.records if "no public API" in record.message] == ["WARNING"]


@pytest.mark.parametrize("status", [401, 403, 419])
def test_an_ended_session_becomes_a_task(status):
    error = opening(Web(gets=[httpx.Response(status)]))

    assert_by_hand(error)
    assert "sign in anew" in error.sentence
    assert_by_hand(opening(Web(answering(status))))


@pytest.mark.parametrize("status", [204, 302, 404, 409, 422])
def test_an_unexpected_answer_becomes_a_task(status):
    assert_by_hand(opening(Web(gets=[httpx.Response(status)])))
    assert_by_hand(opening(Web(answering(status))))


@pytest.mark.parametrize(
    "answer",
    [
        *("", "<html>", "[]", "null", "[" * 100_000, '{"data": [1]}', '{"collection": {}}', '{"data": {}}'),
        *(json.dumps(collection()), json.dumps({"data": {**collection(), "id": 7}})),
    ],
)
def test_another_shape_becomes_a_task(answer):
    assert_by_hand(opening(Web(gets=[httpx.Response(200, text=answer)])))


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "archived"},
        {"status": None},
        {"downloadable": 1},
        {"password_protected": "yes"},
        {"expiry_date": 20260601},
        {"url": None},
        {"name": 7},
    ],
)
def test_a_field_of_another_kind_becomes_a_task_and_nothing_is_changed(fields):
    web = Web(**fields)

    assert_by_hand(opening(web))
    assert web.puts == []


@pytest.mark.parametrize("name", ["name", "password_protected", "downloadable", "expiry_date", "status", "url"])
def test_a_missing_field_becomes_a_task(name):
    web = Web()
    del web.collection[name]

    error = opening(web)

    assert_by_hand(error)
    assert name in error.sentence


@pytest.mark.parametrize(
    "fields", [{"url": "http://x.example"}, {"url": "javascript:x"}, {"password": None}, {"password": ""}]
)
def test_what_the_client_could_not_use_becomes_a_task(fields):
    assert_by_hand(opening(Web(**fields)))


def test_an_expiry_that_is_no_date_becomes_a_task():
    web = Web(status="published", downloadable=True, expiry_date="next week")

    with pytest.raises(NeedsAttention, match="no date"):
        web.host().open_gallery(ID, None)


@pytest.mark.parametrize("gallery_id", ["", "../../account", "1?x", "x" * 65, "１２"])
def test_an_id_that_is_none_never_becomes_a_path(gallery_id):
    web = Web()

    assert opening(web, gallery_id).code == "pixieset_needs_person"
    assert web.headers == {}


def test_a_change_that_was_taken_and_not_made_becomes_a_task():
    assert_by_hand(opening(Web(lambda web, body: httpx.Response(200, json={"data": web.collection}))))


def test_a_change_that_shows_has_happened_whatever_the_answer_was():
    assert Web(answering(500, after=True)).host().open_gallery(ID, UNTIL).expires_on == UNTIL


@pytest.mark.parametrize("gets", [[], [None, httpx.ReadTimeout], [None, httpx.Response(401)]])
def test_a_change_that_does_not_show_is_unknown(gets):
    assert isinstance(opening(Web(answering(500), gets=gets)), UnknownOutcomeError)


def test_a_change_that_cannot_be_made_sure_of_is_unknown():
    assert isinstance(opening(Web(gets=[None, httpx.ReadTimeout])), UnknownOutcomeError)


def test_a_session_that_ends_between_change_and_look_becomes_a_task():
    assert_by_hand(opening(Web(gets=[None, httpx.Response(419)])))


@pytest.mark.parametrize(
    "answer", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.Response(500), httpx.Response(503)]
)
def test_a_read_that_fails_is_tried_later(answer):
    assert isinstance(opening(Web(gets=[answer])), TemporaryError)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_when_pixieset_is_down_nothing_has_happened(error):
    assert opening(Web(gets=[error])).code == "pixieset_unreachable"


@pytest.mark.parametrize(
    ("header", "seconds"), [({"Retry-After": "30"}, 30), ({"Retry-After": "soon"}, None), ({}, None)]
)
def test_too_many_calls_wait_as_told(header, seconds):
    error = opening(Web(answering(429, **header)))

    assert isinstance(error, TemporaryError)
    assert error.retry_after_seconds == seconds


def test_an_address_that_is_none_becomes_a_task():
    with pytest.raises(NeedsAttention, match="pixieset_url"):
        PixiesetGalleries("galleries", COOKIE, TOKEN).open_gallery(ID, UNTIL)


@pytest.mark.parametrize(("cookie", "token"), [("", TOKEN), (COOKIE, " "), ("a\nb", TOKEN), (COOKIE, "ü")])
def test_mistyped_secrets_are_refused_without_being_shown(cookie, token):
    with pytest.raises(PermanentError) as caught:
        PixiesetGalleries(BASE, cookie, token)

    assert caught.value.code == "pixieset_session_malformed"
    assert "a\nb" not in caught.value.sentence


@pytest.mark.parametrize(
    "web",
    [
        *(Web(gets=[httpx.ReadTimeout]), Web(gets=[httpx.ConnectError]), Web(answering(500)), Web(answering(403))),
        Web(gets=[httpx.Response(200, text=f"{COOKIE} {TOKEN}")]),
    ],
)
def test_cookie_and_token_are_in_no_error_and_no_log(web, caplog):
    caplog.set_level(logging.DEBUG)

    error = opening(web)

    told = "".join(traceback.format_exception(error)) + repr(vars(error)) + caplog.text + repr(web.host()._web)
    assert COOKIE not in told
    assert TOKEN not in told
    assert not hasattr(error.__context__, "request")


def test_closing_the_host_closes_the_line():
    host = Web().host()
    host.close()

    with pytest.raises(RuntimeError, match="closed"):
        host.open_gallery(ID, None)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox") / "state.db") as running:
        yield running


def at(sandbox: RunningSandbox, token: str = DEFAULT_CSRF, session: str = DEFAULT_SESSION) -> PixiesetGalleries:
    return PixiesetGalleries(f"{sandbox.url}/pixieset/galleries/api/v1", session, token)


def test_at_the_wire_a_collection_opens_and_closes(sandbox: RunningSandbox):
    made = add_collection(sandbox.store, sandbox.clock, "Ann", 12, "https://northlight.pixieset.com/ann/")
    host = at(sandbox)

    access = host.open_gallery(str(made["id"]), UNTIL)
    host.open_gallery(str(made["id"]), UNTIL)
    host.close_gallery(str(made["id"]))

    assert access == GalleryAccess(made["url"], made["password"], made["download_pin"], UNTIL)
    kinds = [effect["kind"] for effect in sandbox.store.effects() if effect["subject"] == str(made["id"])]
    assert kinds == ["pixieset.access_opened", "pixieset.access_closed"]
    assert (sandbox.store.get(KIND, str(made["id"])) or {})["downloadable"] is False


@pytest.mark.parametrize(("token", "session"), [("wrong", DEFAULT_SESSION), (DEFAULT_CSRF, "wrong")])
def test_at_the_wire_a_wrong_session_becomes_a_task(sandbox: RunningSandbox, token: str, session: str):
    with pytest.raises(NeedsAttention) as caught:
        at(sandbox, token, session).open_gallery(ID, UNTIL)

    assert caught.value.code == "pixieset_needs_person"


@pytest.mark.parametrize("kind", ["500_after", "truncate", "reset_after"])
def test_at_the_wire_a_lost_answer_is_looked_up(sandbox: RunningSandbox, kind: str):
    made = add_collection(sandbox.store, sandbox.clock, kind, 12, "https://northlight.pixieset.com/b/")
    faults.add(sandbox.store, "pixieset", {"kind": kind, "method": "PUT"})

    assert at(sandbox).open_gallery(str(made["id"]), UNTIL).expires_on == UNTIL


@pytest.mark.parametrize(("status", "is_open"), [("published", True), ("hidden", False)])
def test_a_collection_is_open_while_it_is_published(status, is_open):
    web = Web(status=status)

    assert web.host().is_open(ID) is is_open
    assert web.puts == []
