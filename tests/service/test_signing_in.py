"""Signing in through a real hub: OAuth with PKCE, sessions, and how they end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from nbinterview.service.settings import Settings
from nbinterview.service.signin import SESSION_COOKIE
from tests.service.stored import files_with
from tests.service.support import BROWSER, Running, eventually, person_of

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def _hub_browser(running: Running, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a browser that is signed in at the hub."""
    public_url = running.settings.addresses.public_url
    async with httpx.AsyncClient(base_url=public_url, trust_env=False) as browser:
        await browser.get("/hub/login")
        form = {"username": name, "password": "x", "_xsrf": browser.cookies["_xsrf"]}
        answer = await browser.post("/hub/login", data=form)
        assert answer.status_code == 302, answer.text
        yield browser


async def _through_the_hub(hub: httpx.AsyncClient, location: str) -> str:
    """Follow the hub's redirects until they lead back to the service."""
    while "oauth_callback" not in urlsplit(location).path:
        answer = await hub.get(location)
        assert answer.is_redirect, f"{answer.status_code} {answer.text}"
        location = answer.headers["location"]
    return location


async def test_a_page_leads_to_the_hub_and_back(running: Running) -> None:
    made = await running.create()
    ines = person_of(made, "interviewer")
    running.hub.ensure_user(ines, "interviewers")
    page = f"interviews/{made['interview']['id']}"
    browser = await running.client(Accept="text/html", **{"User-Agent": BROWSER})
    asked = await browser.get(page)
    assert asked.status_code == 303
    query = parse_qs(urlsplit(asked.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    async with _hub_browser(running, ines) as hub:
        callback = await _through_the_hub(hub, asked.headers["location"])
    back = await browser.get(callback)
    assert back.status_code == 303, back.text
    assert back.headers["location"] == f"{running.settings.prefix}{page}"
    session = next(
        value
        for value in back.headers.get_list("set-cookie")
        if value.startswith(SESSION_COOKIE)
    )
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert f"Path={running.settings.prefix};" in session
    assert "domain" not in session.lower()
    shown = await browser.get(page)
    assert shown.status_code == 200
    assert "Ines Interviewer" in shown.text


async def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    running: Running,
) -> None:
    made = await running.create()
    ines = person_of(made, "interviewer")
    running.hub.ensure_user(ines, "interviewers")
    attacker = await running.client(Accept="text/html")
    asked = await attacker.get("")
    async with _hub_browser(running, ines) as hub:
        callback = await _through_the_hub(hub, asked.headers["location"])
    victim = await running.client(Accept="text/html")
    answer = await victim.get(callback)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/hub/"]
)
async def test_signing_in_never_leads_elsewhere(running: Running, target: str) -> None:
    answer = running.state.sign_in.begin(target)
    [state] = parse_qs(urlsplit(answer.headers["location"]).query)["state"]
    kept = running.state.sign_in._oauth.get_next_url(state)
    assert kept == running.settings.prefix


async def test_a_session_that_was_altered_is_nobodys(running: Running) -> None:
    ines = person_of(await running.create(), "interviewer")
    browser = await running.person(ines, "interviewers")
    assert (await browser.get("")).status_code == 200
    good = browser.cookies[SESSION_COOKIE]
    browser.cookies.clear()
    # Not its last character: of that one not all bits count.
    altered = good[:-5] + ("a" if good[-5] != "a" else "b") + good[-4:]
    for bad in ("", "x", altered, good + "x"):
        answer = await browser.get("", headers={"Cookie": f"{SESSION_COOKIE}={bad}"})
        assert answer.status_code == 303, bad
        assert "oauth2/authorize" in answer.headers["location"]


async def test_a_session_ends_with_its_time(
    running: Running, settings: Settings
) -> None:
    ines = person_of(await running.create(), "interviewer")
    browser = await running.person(ines, "interviewers")
    running.clock.move(seconds=settings.session_lifetime_s - 1)
    assert (await browser.get("")).status_code == 200
    running.clock.move(seconds=1)
    assert "oauth2/authorize" in (await browser.get("")).headers["location"]


async def test_a_session_ends_when_the_hub_takes_the_right_away(
    running: Running,
) -> None:
    ines = person_of(await running.create(), "interviewer")
    browser = await running.person(ines, "interviewers")
    assert (await browser.get("")).status_code == 200
    running.hub.call("DELETE", "/groups/interviewers/users", {"users": [ines]})

    async def out() -> bool:
        return (await browser.get("")).status_code == 303

    # Within the time for which the hub's answers are kept (1 s in tests).
    await eventually("the session to end", out)


async def test_signing_out_ends_the_session_here_and_at_the_hub(
    running: Running,
) -> None:
    ines = person_of(await running.create(), "interviewer")
    browser = await running.person(ines, "interviewers")
    kept = browser.cookies[SESSION_COOKIE]
    answer = await browser.post("sign-out")
    public_url = running.settings.addresses.public_url
    assert answer.headers["location"] == f"{public_url}/hub/logout"
    browser.cookies.clear()
    # Not only forgotten by the browser: the old cookie is worth nothing.
    again = await browser.get("", headers={"Cookie": f"{SESSION_COOKIE}={kept}"})
    assert "oauth2/authorize" in again.headers["location"]


async def test_the_database_holds_no_session_id(
    running: Running, settings: Settings
) -> None:
    ines = person_of(await running.create(), "interviewer")
    browser = await running.person(ines, "interviewers")
    session_id = re.split(r"\.", browser.cookies[SESSION_COOKIE].strip('"'))[0]
    assert files_with(settings, ines) != []
    assert files_with(settings, session_id) == []
