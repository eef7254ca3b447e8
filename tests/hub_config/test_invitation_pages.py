"""Invitation links: what opening shows, what the button does, what is refused."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from nbinterview.home import REPORT_PREFIX, SERVICE_PREFIX
from nbinterview.ids import room_name
from nbinterview.service.signin import SESSION_COOKIE as SESSION_COOKIE_OF_SERVICE
from tests.hub_config.browser import Browser
from tests.hub_config.local_platform import Platform

HUB_COOKIE = "jupyterhub-hub-login"
SESSION_COOKIE = "jupyterhub-session-id"


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


def signed_in_as(platform: Platform, browser: Browser) -> str | None:
    """Return the hub user of a browser, asked of the hub itself."""
    answer = browser.send(
        "GET",
        f"{platform.addresses.public_url}/hub/api/user",
        headers={
            "Accept": "application/json",
            "Sec-Fetch-Mode": "cors",
            "X-XSRFToken": browser.cookie("_xsrf") or "",
        },
    )
    return answer.response.json()["name"] if answer.status == 200 else None


def room_tokens(platform: Platform, record: dict[str, Any]) -> list[str]:
    """Return the ids of the tokens by which rooms know this person's browsers."""
    database = platform.home.path / "hub" / "jupyterhub.sqlite"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "select t.prefix from api_tokens t join users u on u.id = t.user_id"
            " where u.name = ? and t.client_id like 'jupyterhub-user-room-%'",
            (record["person"]["hub_name"],),
        )
        return [prefix for (prefix,) in rows]


def who_am_i(platform: Platform, browser: Browser, room: str) -> str:
    """Return the name under which a room knows this browser."""
    owner = room_name(room)
    me = browser.open(f"{platform.addresses.origin(owner)}/user/{owner}/api/me")
    return str(me.response.json()["identity"]["display_name"])


def test_opening_shows_interview_person_and_role(
    platform: Platform, browser: Browser
) -> None:
    link, _ = platform.invite("candidate", "Ada <b>Lovelace</b>")
    page = browser.open(link)
    assert page.status == 200
    for words in ("Exploring churn", "Ada <b>Lovelace</b>", "as candidate", "2 Nov"):
        assert words in page.words()
    assert "<b>" not in page.text
    assert "<script" not in page.text


def test_pages_are_not_kept_and_tell_nobody_their_address(
    platform: Platform, browser: Browser
) -> None:
    link, _ = platform.invite("candidate", "Ada Lovelace")
    for page in (browser.open(link), browser.open(link[:-3])):
        headers = page.response.headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_changes_nothing(
    platform: Platform, browser: Browser, method: str
) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace")
    for _ in range(3):
        assert browser.send(method, link).status == 200
    assert browser.cookie(HUB_COOKIE) is None
    assert browser.cookie(SESSION_COOKIE) is None
    assert signed_in_as(platform, browser) is None
    assert record["id"] not in [arrived for arrived, _ in platform.desk.arrivals]


def test_the_button_signs_in_and_leads_on(platform: Platform, browser: Browser) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace")
    page = browser.press_button(browser.open(link))
    assert page.url == record["next_url"]
    assert signed_in_as(platform, browser) == record["person"]["hub_name"]
    [(_, arrival)] = [a for a in platform.desk.arrivals if a[0] == record["id"]]
    assert arrival["fresh"] is True
    assert re.fullmatch(r"Firefox on Linux \([a-z2-7]{10}\)", arrival["browser"])


def test_the_same_link_works_again_and_in_a_second_browser(
    platform: Platform, browser: Browser
) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace")
    second = Browser()
    for each in (browser, browser, second):
        page = each.press_button(each.open(link))
        assert page.url == record["next_url"]
    arrivals = [
        told for told_id, told in platform.desk.arrivals if told_id == record["id"]
    ]
    assert [told["fresh"] for told in arrivals] == [True, False, True]
    assert arrivals[0]["browser"] == arrivals[1]["browser"] != arrivals[2]["browser"]


def test_each_sign_in_makes_the_session_anew(
    platform: Platform, browser: Browser
) -> None:
    link, _ = platform.invite("candidate", "Ada Lovelace")
    fixed = "0123456789abcdef0123456789abcdef"
    host = urlsplit(link).netloc
    browser.cookies[host, "/", SESSION_COOKIE] = fixed
    browser.press_button(browser.open(link))
    first = browser.cookie(SESSION_COOKIE)
    assert first != fixed
    browser.received.clear()
    browser.press_button(browser.open(link))
    assert browser.cookie(SESSION_COOKIE) not in {first, fixed}
    assert HUB_COOKIE in browser.received


def test_a_new_session_keeps_ones_own_open_room_and_ends_anothers(
    platform: Platform, browser: Browser, room: str
) -> None:
    link, ada = platform.invite("candidate", "Ada Lovelace", room=room)
    browser.press_button(browser.open(link))
    browser.press_button(browser.open(link))
    assert len(room_tokens(platform, ada)) == 1
    other, grace = platform.invite("interviewer", "Grace Hopper", room=room)
    page = browser.press_button(browser.open(other))
    assert page.url == grace["next_url"]
    assert room_tokens(platform, ada) == []
    assert who_am_i(platform, browser, room) == "Grace Hopper"


def test_a_browser_that_signed_out_in_between_is_the_new_person_everywhere(
    platform: Platform, browser: Browser, room: str
) -> None:
    hosts = (
        ("nbinterview--service", SESSION_COOKIE_OF_SERVICE, SERVICE_PREFIX),
        ("report--service", "service-report", REPORT_PREFIX),
    )
    link, _ = platform.invite("candidate", "Ada Lovelace", room=room)
    browser.press_button(browser.open(link))
    for host, name, path in hosts:
        netloc = urlsplit(platform.addresses.origin(host)).netloc
        browser.cookies[netloc, path, name] = "Ada's"
    browser.open(f"{platform.addresses.public_url}/hub/logout")
    link, _ = platform.invite(
        "interviewer",
        "Grace Hopper",
        room=room,
        interview={"id": room, "title": "Exploring churn", "state": "open"},
    )
    browser.press_button(browser.open(link))
    assert who_am_i(platform, browser, room) == "Grace Hopper"
    assert [browser.cookie(name) for _, name, _ in hosts] == [None, None]


def test_nobody_is_sent_round_by_an_unsigned_plan(
    platform: Platform, browser: Browser, room: str
) -> None:
    origin = platform.addresses.origin(room_name(room))
    for plan in ("", "x", '{"hosts": [], "next_url": "http://example.org/"}'):
        page = browser.send("GET", f"{origin}/hub/leave?{urlencode({'plan': plan})}")
        assert page.status == 404


def test_another_identity_is_not_replaced_without_saying_so(
    platform: Platform, browser: Browser
) -> None:
    grace_link, grace = platform.invite("interviewer", "Grace Hopper")
    browser.press_button(browser.open(grace_link))
    link, ada = platform.invite("candidate", "Ada Lovelace")
    page = browser.open(link)
    assert "signed in as Grace Hopper" in page.words()
    assert "private window" in page.words()

    silent = {**page.fields()}
    del silent["replace"]
    refused = browser.post(page.url.partition("?")[0], silent)
    assert refused.status == 409
    assert signed_in_as(platform, browser) == grace["person"]["hub_name"]

    browser.press_button(refused)
    assert signed_in_as(platform, browser) == ada["person"]["hub_name"]


def test_a_page_opened_before_somebody_else_signed_in_replaces_nobody(
    platform: Platform, browser: Browser
) -> None:
    link, _ = platform.invite("candidate", "Ada Lovelace")
    stale = browser.open(link)
    grace_link, grace = platform.invite("interviewer", "Grace Hopper")
    browser.press_button(browser.open(grace_link))
    page = browser.press_button(stale)
    assert page.status == 403
    assert "signed in as Grace Hopper" in page.words()
    assert signed_in_as(platform, browser) == grace["person"]["hub_name"]


@pytest.mark.parametrize("forged", ["", "2|abc|def"])
def test_a_form_of_another_site_signs_nobody_in(
    platform: Platform, browser: Browser, forged: str
) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace")
    browser.open(link)
    page = browser.post(
        link.partition("?")[0], {"token": token_of(link), "_xsrf": forged}
    )
    assert page.status == 403
    assert "press the button once more" in page.words()
    assert signed_in_as(platform, browser) is None
    assert record["id"] not in [arrived for arrived, _ in platform.desk.arrivals]
    assert browser.press_button(page).url == record["next_url"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Origin": "null"}, 303),
    ],
)
def test_a_known_token_does_not_help_another_site(
    platform: Platform, browser: Browser, said: dict[str, str], status: int
) -> None:
    link, _ = platform.invite("candidate", "Ada Lovelace")
    page = browser.open(link)
    answer = browser.send(
        "POST", link.partition("?")[0], data=page.fields(), headers=said
    )
    assert answer.status == status
    assert (signed_in_as(platform, browser) is not None) == (status == 303)


def test_a_withdrawn_link_holds_no_more(platform: Platform, browser: Browser) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace")
    page = browser.open(link)
    platform.desk.invitations[record["id"]]["state"] = "withdrawn"
    for refused in (browser.press_button(page), browser.open(link)):
        assert refused.status == 403
        assert "This invitation was withdrawn" in refused.words()
    assert signed_in_as(platform, browser) is None


def test_a_candidate_reads_what_is_noticed_before_anything_else(
    platform: Platform, browser: Browser
) -> None:
    told = ["No camera is used.", "Pasting <b>is</b> noted."]
    link, _ = platform.invite("candidate", "Ada Lovelace", policy_words=told)
    page = browser.open(link)
    assert all(sentence in page.words() for sentence in told)
    assert "<b>is</b>" not in page.text
    assert "the people who judge your work are not told" in page.words()
    assert page.text.index("No camera is used.") < page.text.index("<form")
    other, _ = platform.invite("interviewer", "Grace Hopper")
    assert "What is noticed" not in browser.open(other).words()


def test_an_ended_interviews_link_leads_to_the_own_record(
    platform: Platform, browser: Browser
) -> None:
    own = f"{platform.addresses.service_url}interviews/aaaaaaaaaa/my-record"
    link, record = platform.invite(
        "candidate",
        "Ada Lovelace",
        state="ended",
        next_url=own,
        policy_words=["No camera is used."],
    )
    page = browser.open(link)
    assert page.status == 200
    assert "This interview has ended" in page.words()
    assert "Open my record" in page.words()
    assert "What is noticed" not in page.words()
    assert browser.press_button(page).url == own
    assert signed_in_as(platform, browser) == record["person"]["hub_name"]


def test_expired_and_altered_links_are_refused_without_asking_the_service(
    platform: Platform, browser: Browser
) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace")
    token = token_of(link)
    base = link.partition("?")[0]
    expired = browser.open(platform.link(record["id"], expires_s=1_700_000_000))
    assert expired.status == 403
    assert "This link has expired" in expired.words()
    for altered in (f"{base}?token={token[:-1]}", f"{base}?token=x", base):
        page = browser.open(altered)
        assert page.status == 400
        assert "This link is not complete" in page.words()
    assert record["id"] not in platform.desk.asked


def test_a_link_of_an_older_platform_is_unknown(
    platform: Platform, browser: Browser
) -> None:
    page = browser.open(platform.link("a234567bcd"))
    assert page.status == 404
    assert "not known here" in page.words()


def test_a_silent_service_is_not_the_links_fault(
    platform: Platform, browser: Browser
) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace")
    page = browser.open(link)
    platform.desk.down = True
    try:
        for refused in (browser.press_button(page), browser.open(link)):
            assert refused.status == 503
            assert "Your link is fine" in refused.words()
        assert signed_in_as(platform, browser) is None
    finally:
        platform.desk.down = False
    assert browser.press_button(page).url == record["next_url"]


def test_an_invitation_never_leads_away(platform: Platform, browser: Browser) -> None:
    link, _ = platform.invite(
        "candidate", "Ada Lovelace", next_url="http://example.org/"
    )
    assert browser.press_button(browser.open(link)).status == 500
    assert signed_in_as(platform, browser) is None


def test_a_room_is_nobody_to_sign_in_as(
    platform: Platform, browser: Browser, room: str
) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace")
    record["person"]["hub_name"] = f"room-{room}"
    assert browser.press_button(browser.open(link)).status == 500
    assert signed_in_as(platform, browser) is None
