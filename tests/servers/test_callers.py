"""Who is answered, as tables: what a browser sends from where, what a program sends, and what stands between."""

from __future__ import annotations

import pytest

from billing.servers.callers import WEB_SOCKET, Caller, Rules, host_name, is_forwarded, is_loopback, refusal

HERE = {"Host": "127.0.0.1:3000"}
OWN = {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-origin"}
EVIL = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
JSON = {"Content-Type": "application/json"}
VISIT = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
LOCAL = Rules("BILLING_DAGSTER_HOSTS", programs_send_json=True)
LISTED = Rules("BILLING_DAGSTER_HOSTS", ("dagster.studio.example", "stüdio.example"))


def status(rules: Rules, method: str, headers: dict[str, str], version: str = "1.1") -> int:
    return status_of(Caller.of(method, headers.items(), version), rules)


def status_of(caller: Caller, rules: Rules) -> int:
    refused = refusal(caller, rules)
    return refused.status if refused else 200


@pytest.mark.parametrize(
    ("method", "headers", "wanted"),
    [
        # pages of our own, in browsers of today, and in one that says nothing of where a request comes from
        ("GET", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("POST", {**OWN, **JSON}, 200),
        ("POST", {"Origin": "http://127.0.0.1:3000"}, 200),
        ("POST", {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),  # a form of a page under no-referrer
        (WEB_SOCKET, OWN, 200),
        ("GET", {"Sec-Fetch-Site": "none", **VISIT}, 200),  # typed
        ("GET", {"Sec-Fetch-Site": "cross-site", **VISIT}, 200),  # a link in a mail
        # pages of others
        ("GET", EVIL, 403),
        ("GET", {"Origin": "http://evil.example"}, 403),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),  # a picture, a script
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ("POST", {**EVIL, "Content-Type": "text/plain"}, 403),
        ("POST", {"Origin": "http://evil.example", **JSON}, 403),
        ("POST", {"Sec-Fetch-Site": "cross-site", **VISIT}, 403),  # a form that is sent here
        ("POST", {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", {"Origin": "null"}, 403),
        ("POST", {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ("OPTIONS", EVIL, 403),
        (WEB_SOCKET, {"Origin": "http://evil.example"}, 403),
        (WEB_SOCKET, {"Origin": "null"}, 403),
        # another server of this machine is another site
        ("POST", {"Origin": "http://127.0.0.1:8501", "Sec-Fetch-Site": "same-site", **JSON}, 403),
        ("POST", {"Origin": "http://127.0.0.1", **JSON}, 403),
        ("POST", {"Origin": "http://localhost:3000", **JSON}, 403),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
        (WEB_SOCKET, {"Origin": "http://127.0.0.1:8501"}, 403),
        # origins that are none
        *(("POST", {"Origin": origin, **JSON}, 403) for origin in (
            "", "127.0.0.1:3000", "http://127.0.0.1:3000/", "http://me@127.0.0.1:3000", "file://", "http://", "http://[",
            "http://127.0.0.1:3000:3000", "http://127.0.0.1:99999999", "ftp://127.0.0.1:3000",
        )),
        # programs: neither header, and JSON where something changes
        ("GET", {}, 200),
        ("POST", JSON, 200),
        ("POST", {"Content-Type": "Application/JSON; charset=utf-8"}, 200),
        (WEB_SOCKET, {}, 200),
        ("POST", {}, 415),
        ("POST", {"Content-Type": "text/plain"}, 415),
        ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("DELETE", {}, 415),
    ],
)  # fmt: skip
def test_a_server_of_this_machine_answers_its_own_pages_and_programs(
    method: str, headers: dict[str, str], wanted: int
) -> None:
    assert status(LOCAL, method, HERE | headers) == wanted


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("127.0.0.1:3000", 200), ("localhost:3000", 200), ("LOCALHOST", 200), ("[::1]:3000", 200), ("127.1.2.3", 200),
        ("evil.example", 400), ("evil.example:3000", 400), ("localhost.evil.example", 400), ("0.0.0.0", 400), ("", 400),
        ("127.0.0.1:3000@evil.example", 400), ("127.0.0.1 evil.example", 400), ("localhost/evil.example", 400),
        ("192.168.1.5", 400), ("[::2]", 400), ("localhost:", 400), ("foo.localhost", 400),
    ],
)  # fmt: skip
def test_a_name_that_leads_here_and_is_not_ours_is_refused(host: str, wanted: int) -> None:
    """DNS rebinding: the page and its server have one name, so the browser calls them one origin."""
    assert status(LOCAL, "GET", {"Host": host, "Sec-Fetch-Site": "same-origin"}) == wanted


def test_no_host_and_two_hosts_are_refused() -> None:
    twice = Caller.of("GET", [("host", "127.0.0.1"), ("Host", "127.0.0.1")])

    assert status(LOCAL, "GET", {}) == 400
    assert status_of(twice, LOCAL) == 400


@pytest.mark.parametrize("name", ["origin", "sec-fetch-site"])
def test_what_comes_twice_is_not_believed(name: str) -> None:
    values = {"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-origin"}
    headers = [("host", "127.0.0.1:3000"), *values.items(), (name, values[name])]

    assert status_of(Caller.of("POST", headers), LOCAL) == 403


@pytest.mark.parametrize(
    "header",
    [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-IP",
        "Via",
        "CF-Connecting-IP", "CF-Ray", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "Fastly-Client-IP",
        "X-Original-URL", "X-Original-Forwarded-For", "X-Envoy-External-Address", "Tailscale-User-Login", "CDN-Loop",
        "Fly-Client-IP", "X-Azure-ClientIP", "X-Vercel-Forwarded-For", "X-Appengine-User-IP", "X-Amzn-Trace-Id",
    ],
)  # fmt: skip
def test_any_sign_of_a_proxy_is_a_proxy(header: str) -> None:
    headers = HERE | {header: "1"}

    assert status(LOCAL, "GET", headers) == 403
    assert status(LISTED, "GET", headers) == 200
    assert status(Rules(is_public=True), "GET", headers) == 200


def test_the_version_that_nginx_speaks_by_itself_is_a_sign_of_a_proxy() -> None:
    assert status(LOCAL, "GET", HERE, version="1.0") == 403
    assert status(LISTED, "GET", HERE, version="1.0") == 200


def test_a_browser_and_a_program_show_no_sign_of_a_proxy() -> None:
    plain = (
        "Accept",
        "Accept-Encoding",
        "Cookie",
        "User-Agent",
        "X-Requested-With",
        "Proxy-Connection",
        "Referer",
        "DNT",
    )

    assert not is_forwarded(Caller.of("GET", [(name, "1") for name in plain]))


@pytest.mark.parametrize(
    ("host", "origin", "wanted"),
    [
        ("dagster.studio.example", "https://dagster.studio.example", 200),
        ("DAGSTER.studio.example:443", "https://dagster.studio.example", 200),
        ("dagster.studio.example:8443", "https://dagster.studio.example:8443", 200),
        ("127.0.0.1:3000", "https://dagster.studio.example", 200),  # its proxy asks by our own address
        ("xn--stdio-lva.example", "https://xn--stdio-lva.example", 200),
        ("dagster.studio.example", "https://evil.example", 403),
        ("dagster.studio.example", "https://dagster.studio.example:8443", 403),
        ("dagster.studio.example", "https://www.dagster.studio.example", 403),
        ("www.dagster.studio.example", "https://www.dagster.studio.example", 400),
    ],
)
def test_behind_a_proxy_the_listed_names_are_its_own(host: str, origin: str, wanted: int) -> None:
    assert status(LISTED, "POST", {"Host": host, "Origin": origin, "X-Forwarded-For": "203.0.113.9"}) == wanted


def test_a_refusal_says_which_setting_lists_a_name_and_repeats_nothing() -> None:
    asked = Caller.of("GET", [("host", "<b>evil.example")])
    refused = [refusal(asked, rules) for rules in (LOCAL, Rules())]

    said = [one.sentence for one in refused if one]
    assert ["BILLING_DAGSTER_HOSTS" in sentence for sentence in said] == [True, False]
    assert "evil" not in "".join(said)


def test_what_is_loopback() -> None:
    assert [
        address for address in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "LOCALHOST") if not is_loopback(address)
    ] == []
    assert [
        address for address in ("0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", "") if is_loopback(address)
    ] == []
    assert host_name("[::1]:8501") == "[::1]"
