"""The report's small parts: words and times, tickets, the kernel's environment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.errors import (
    Forbidden,
    NBInterviewError,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from nbinterview.home import REPORT_PREFIX, Addresses, Home
from nbinterview.report import app, evidence, handlers, text
from nbinterview.report.client import Service, ask_ticket
from nbinterview.report.identity import hub_oauth
from nbinterview.report.visit import Visit, kernel_environment

API = "http://127.0.0.1:1/services/nbinterview/api/v1"
ADDRESSES = Addresses(8000, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (65.4, "1:05"), (3661, "1:01:01"), (-12, "-0:12"), (-0.2, "0:00")],
)
def test_clock(seconds: float, shown: str) -> None:
    assert text.clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.12, "120 ms"),
        (4.25, "4.2 s"),
        (42, "42 s"),
        (60, "1 min"),
        (61, "1 min 01 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_duration(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


@given(st.text())
def test_plain_text_holds_nothing_invisible(value: str) -> None:
    shown = text.plain(value)
    assert not set(shown) & set("\x00\x1b\x7f\u202e\u2066\u200f\ufeff")
    shown.encode()


def test_plain_text_is_cut() -> None:
    assert text.plain("x" * 400, 300) == "x" * 300 + "…"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("duration_s", 6.04, ("seen for", "6.0 s")),
        ("yaw_deg", 35.25, ("head turned sideways, at most", "35.2°")),
        ("measured_share", 0.5, ("of the time, could be measured", "50%")),
        ("closed_by", "silence", ("ended because", "the page fell silent")),
        ("new_thing_px", 12, ("new thing", "12\N{NO-BREAK SPACE}px")),
        ("seen", True, ("seen", "yes")),
        ("doing", "running", ("the notebook then", "code was running")),
        ("chars", 420, ("characters", "420")),
    ],
)
def test_evidence_reads_as_words_and_units(
    name: str, value: object, shown: tuple[str, str]
) -> None:
    assert evidence.evidence_rows({name: value, "claimed_by": "browser"}) == [shown]


def test_evidence_says_who_claims_it() -> None:
    assert evidence.source_of({"claimed_by": "server"}) == "seen by the server"
    assert evidence.source_of({}) == "claimed by the browser"


# --------------------------------------------------------------------- requests


@pytest.mark.parametrize(
    ("arguments", "found"), [([], None), (["abcdefghij"], "abcdefghij")]
)
def test_the_query_names_an_interview_or_the_list(
    arguments: list[str], found: str | None
) -> None:
    assert handlers.requested_interview(arguments) == found


@pytest.mark.parametrize(
    "arguments", [[""], ["ABCDEFGHIJ"], ["abcdefghij/.."], ["abcdefghij"] * 2]
)
def test_any_other_query_is_not_found(arguments: list[str]) -> None:
    with pytest.raises(NotFound):
        handlers.requested_interview(arguments)


def answering(status: int, body: object) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, json=body)


@pytest.mark.asyncio
async def test_a_ticket_is_asked_with_the_key_for_one_person_and_interview() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"ticket": "t", "expires_at": "x"})

    ticket = await ask_ticket(
        API,
        "key",
        hub_name="p-abcdefghij",
        interview="abcdefghij",
        transport=httpx.MockTransport(answer),
    )
    assert ticket == "t"
    assert seen[0].url == f"{API}/tickets"
    assert seen[0].headers["authorization"] == "Bearer key"
    assert json.loads(seen[0].content) == {
        "hub_name": "p-abcdefghij",
        "interview": "abcdefghij",
    }


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Unauthenticated), (403, Forbidden), (404, NotFound), (500, Unavailable)],
)
@pytest.mark.asyncio
async def test_a_refused_ticket_is_the_error_of_its_status(
    status: int, error: type[NBInterviewError]
) -> None:
    transport = httpx.MockTransport(answering(status, {"detail": "why"}))
    with pytest.raises(error, match="why"):
        await ask_ticket(API, "k", hub_name="p", interview=None, transport=transport)


def test_no_answer_is_unavailable() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with (
        Service(API, "t", transport=httpx.MockTransport(refuse)) as service,
        pytest.raises(Unavailable),
    ):
        service.interviews()


def test_an_answer_that_is_no_json_is_unavailable() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>"))
    with Service(API, "t", transport=transport) as service, pytest.raises(Unavailable):
        service.interviews()


def test_records_are_read_page_by_page_to_the_end() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["after"])
        assert request.headers["authorization"] == "Bearer t"
        after = int(request.url.params["after"])
        records = [{"seq": seq} for seq in range(after + 1, min(after + 3, 6))]
        return httpx.Response(200, json={"records": records})

    with Service(API, "t", transport=httpx.MockTransport(answer)) as service:
        found = [r["seq"] for page in service.records("abcdefghij") for r in page]
    assert found == [1, 2, 3, 4, 5]
    assert asked == ["0", "2", "4", "5"]


def test_a_notebook_that_was_never_opened_is_none() -> None:
    transport = httpx.MockTransport(answering(404, {"detail": "not opened"}))
    with Service(API, "t", transport=transport) as service:
        assert service.notebook("abcdefghij") is None


# ----------------------------------------------------------------- the server


def test_the_kernel_inherits_a_short_list_only() -> None:
    server = {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "HOME": "/home/operator",
        "NBINTERVIEW_HOME": "/var/lib/nbinterview",
        "JUPYTERHUB_API_TOKEN": "secret",
        "HTTP_PROXY": "http://user:secret@proxy.invalid",
        "PYTHONPATH": "/elsewhere",
    }
    visit = Visit("ticket", "abcdefghij", API, "http://service.invalid/")
    assert kernel_environment(server, visit, "/scratch") == {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "HOME": "/scratch",
        "IPYTHONDIR": "/scratch/ipython",
        "PYTHONNOUSERSITE": "1",
        "NBINTERVIEW_REPORT_TICKET": "ticket",
        "NBINTERVIEW_REPORT_INTERVIEW": "abcdefghij",
        "NBINTERVIEW_SERVICE_API": API,
        "NBINTERVIEW_SERVICE_URL": "http://service.invalid/",
    }


def test_a_ticket_is_not_in_the_visits_words() -> None:
    assert "ticket-text" not in repr(Visit("ticket-text", None, API, ""))


def test_the_policy_names_style_and_script_by_hash_and_nothing_else() -> None:
    policy = app.content_security_policy(app.Inline("body{}", "'use strict'", "1"))
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    sources = [directives["style-src"], *directives["script-src"].split(" ")]
    assert len(set(sources)) == 3
    assert all(source.startswith("'sha256-") for source in sources)
    assert "unsafe" not in policy
    assert "http" not in policy


def test_sign_in_is_the_hubs_with_pkce_and_without_tokens_in_addresses() -> None:
    auth = hub_oauth(ADDRESSES, "token")
    assert auth.pkce_enabled
    assert not auth.allow_token_in_url
    assert auth.oauth_client_id == "service-report"
    assert auth.oauth_redirect_uri == (
        f"http://report--service.localhost:8000{REPORT_PREFIX}oauth_callback"
    )
    assert auth.login_url.startswith("http://localhost:8000/hub/api/oauth2/authorize?")
    assert auth.access_scopes == {"access:services", "access:services!service=report"}


def test_cookies_are_this_hosts_alone_where_people_come_by_https() -> None:
    class Public(Addresses):
        @property
        def public_url(self) -> str:
            return "https://interviews.example.org"

    assert hub_oauth(Public(8000, 1, 2, 3, 4), "token").cookie_host_prefix_enabled
    assert not hub_oauth(ADDRESSES, "token").cookie_host_prefix_enabled


def test_cookies_stay_good_over_a_restart_and_differ_by_token() -> None:
    assert app.cookie_secret("a") == app.cookie_secret("a")
    assert app.cookie_secret("a") != app.cookie_secret("b")


def test_without_a_platform_the_start_says_what_to_do(tmp_path: object) -> None:
    with pytest.raises(Unavailable, match="Start it with"):
        app.make_app(Home.from_env({"NBINTERVIEW_HOME": f"{tmp_path}/none"}), ADDRESSES)


def test_the_report_needs_none_of_the_services_packages() -> None:
    script = (
        "import sys, nbinterview.report.app, nbinterview.report.page; "
        "print({'fastapi', 'nbinterview.service', 'pycrdt', 'pandas'} & {*sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.strip() == "set()"
