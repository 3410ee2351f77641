"""What can go wrong on the line, and into which of our errors it is turned."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
from datetime import UTC, date, datetime
from email.utils import format_datetime

import httpx
import pytest
from vsco_records import BASE, JOB, KEY, ORDER, PAYMENT, studio, workspace

from billing.adapters.vsco import VscoWorkspace
from billing.domain.errors import (
    BillingError,
    NoRight,
    PermanentError,
    RefusedAccess,
    TemporaryError,
    UnknownOutcomeError,
)
from billing.domain.money import Money

TEN_EUROS = Money(1_000, "EUR")


def answering(status: int = 200, text: str = "{}", **headers: str):
    """A line that knows the studio, so that money can be written, and answers all else with this."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/studio/me"):
            return httpx.Response(200, json=studio())
        return httpx.Response(
            status, text=text, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return handler


def breaking(error: type[httpx.HTTPError]):
    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and request.url.path.endswith("/studio/me"):
            return httpx.Response(200, json=studio())
        raise error("broken", request=request)

    return handler


def reading(handler) -> BillingError:
    with pytest.raises(BillingError) as caught:
        workspace(handler).related_records(JOB)
    return caught.value


def writing(handler) -> BillingError:
    with pytest.raises(BillingError) as caught:
        workspace(handler).record_payment(JOB, "pi_1", TEN_EUROS, date(2026, 3, 1), "Paid by card")
    return caught.value


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_when_vsco_is_down_nothing_has_happened(error):
    for found in (reading(breaking(error)), writing(breaking(error))):
        assert isinstance(found, TemporaryError)
        assert found.code == "vsco_unreachable"


@pytest.mark.parametrize(
    "error",
    [
        *(httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteTimeout, httpx.WriteError),
        *(httpx.CloseError, httpx.DecodingError),
    ],
)
def test_a_line_that_breaks_leaves_a_write_unknown_and_a_read_to_be_repeated(error):
    assert isinstance(reading(breaking(error)), TemporaryError)
    assert isinstance(writing(breaking(error)), UnknownOutcomeError)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_failing_server_leaves_a_write_unknown_and_a_read_to_be_repeated(status):
    assert isinstance(reading(answering(status)), TemporaryError)
    assert isinstance(writing(answering(status)), UnknownOutcomeError)


@pytest.mark.parametrize("text", ["", "<html>", '{"id": "01', '{"id": NaN}', "[]", '"x"', "null", "[" * 100_000])
def test_an_answer_that_is_no_json_object_is_doubtful(text):
    assert reading(answering(200, text)).code == "vsco_unavailable"
    assert writing(answering(201, text)).code == "vsco_outcome_unknown"


def test_a_refused_key_names_the_setting():
    for found in (reading(answering(401)), writing(answering(401))):
        assert isinstance(found, RefusedAccess)
        assert found.code == "vsco_unauthorized"
        assert "vsco_api_key" in found.sentence


def test_a_right_that_the_key_lacks_is_not_a_refused_key():
    for found, call in ((reading(answering(403)), f"GET /job/{JOB}"), (writing(answering(403)), "POST /payment")):
        assert isinstance(found, NoRight)
        assert f"does not let this API key {call} (403)" in found.sentence


def test_what_is_not_there_is_not_found():
    assert reading(answering(404)).code == "vsco_not_found"
    assert isinstance(reading(answering(404)), PermanentError)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed_with_the_key(status):
    found = reading(answering(status, "", Location="https://evil.example/"))

    assert (type(found), found.code) == (RefusedAccess, "vsco_url")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"detail": "Quota is full"}', "Quota is full"),
        (
            '{"detail": {"amount": ["is negative", "is odd"], "jobId": "is gone"}}',
            "amount: is negative, is odd; jobId: is gone",
        ),
        ('{"title": "Bad Request"}', "Bad Request"),
        ("plain\nwords", "plain words"),
        ("[1]", "[1]"),
        ("", "no reason given"),
    ],
)
def test_a_refusal_says_why_in_the_vendors_words(text, words):
    for found in (reading(answering(400, text)), writing(answering(422, text))):
        assert (type(found), found.code) == (PermanentError, "vsco_refused")
        assert found.sentence.endswith(words)


def test_a_long_refusal_is_cut():
    assert len(writing(answering(400, "x" * 5_000)).sentence) < 500


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def http_date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(NOW.timestamp() + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("99999999999999999999", 86_400),
        (http_date(90), 90),
        (http_date(-90), 0),
        (http_date(10**7), 86_400),
        (http_date(90).replace("GMT", "-0000"), 90),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_too_many_calls_wait_as_long_as_told(header, seconds):
    for found in (
        reading(answering(429, "{}", Retry_After=header, Date=http_date(0))),
        writing(answering(429, "{}", Retry_After=header, Date=http_date(0))),
    ):
        assert isinstance(found, TemporaryError)
        assert (found.code, found.retry_after_seconds) == ("vsco_rate_limited", seconds)


def test_a_date_to_wait_for_is_counted_from_our_clock_if_the_server_sends_none():
    ahead = format_datetime(datetime.fromtimestamp(datetime.now(UTC).timestamp() + 600, UTC), usegmt=True)

    found = reading(answering(429, "{}", Retry_After=ahead))

    assert isinstance(found, TemporaryError)
    assert 500 <= (found.retry_after_seconds or 0) <= 600


def test_too_many_calls_without_a_time_are_told_so():
    found = reading(answering(429))

    assert isinstance(found, TemporaryError)
    assert found.retry_after_seconds is None


@pytest.mark.parametrize("base", ["ftp://vsco.example", "vsco.example", "", "https://vsco.example:port"])
def test_a_base_url_that_is_none_names_the_setting(base):
    with pytest.raises(PermanentError, match="vsco_url") as caught:
        VscoWorkspace(base, KEY).account()

    assert caught.value.code == "vsco_url"


@pytest.mark.parametrize("key", ["", " ", "schlüssel", "a b", "a\nX-Other: b"])
def test_a_mistyped_key_is_refused_without_being_shown(key):
    with pytest.raises(PermanentError) as caught:
        VscoWorkspace(BASE, key)

    assert caught.value.code == "vsco_api_key_malformed"
    assert key.strip() == "" or key not in caught.value.sentence


def test_a_key_from_a_file_may_end_in_a_line_break():
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["X-API-KEY"])
        return httpx.Response(200, json=studio())

    VscoWorkspace(BASE + "/", f"{KEY}\n", transport=httpx.MockTransport(handler)).account()

    assert seen == [KEY]


@pytest.mark.parametrize(
    "handler",
    [
        *(breaking(httpx.ReadTimeout), breaking(httpx.ConnectError), breaking(httpx.RemoteProtocolError)),
        *(answering(401, f'{{"detail": "{KEY} is no key"}}'), answering(400, f'{{"detail": "{KEY} is no key"}}')),
        *(answering(500, KEY), answering(200, KEY), answering(429), answering(302, "", Location=f"https://x/{KEY}")),
    ],
)
def test_the_key_is_in_no_error_and_no_log(handler, caplog):
    caplog.set_level(logging.DEBUG)

    for error in (reading(handler), writing(handler)):
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)) + caplog.text
        assert KEY not in told
        chained = error.__cause__ or error.__context__
        assert chained is None or not hasattr(chained, "request")


def test_the_key_is_in_no_repr():
    found = workspace()

    assert KEY not in repr(found) + repr(found.client) + str(found.client)


def test_importing_the_adapter_does_not_import_httpx():
    code = "import sys, billing.adapters.vsco as _\nprint(sorted({'httpx', 'babel'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"


def test_closing_closes_the_line():
    found = workspace(answering())
    found.close()

    with pytest.raises(RuntimeError, match="closed"):
        found.account()


def test_applying_is_unknown_when_cut_off():
    with pytest.raises(UnknownOutcomeError):
        workspace(breaking(httpx.ReadError)).apply_payment(PAYMENT, ORDER, TEN_EUROS)


class _Counting:
    """A pace that lets everything through and keeps what it was asked."""

    def __init__(self) -> None:
        self.turns = 0
        self.pauses: list[int | None] = []

    def wait(self) -> None:
        self.turns += 1

    def slow_down(self, seconds: int | None) -> None:
        self.pauses.append(seconds)


def test_every_call_waits_for_its_turn_and_a_429_slows_everybody_down() -> None:
    answers = iter([httpx.Response(200, json=studio()), httpx.Response(429, headers={"Retry-After": "7"})])
    pace = _Counting()
    source = VscoWorkspace(BASE, KEY, transport=httpx.MockTransport(lambda _: next(answers)), pace=pace)

    source.account()
    with pytest.raises(TemporaryError, match="fewer calls"):
        source.account()

    assert pace.turns == 2
    assert pace.pauses == [7]
