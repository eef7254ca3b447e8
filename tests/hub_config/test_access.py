"""What people may do at the hub, asked of a running one."""

from __future__ import annotations

import os

import psutil
import pytest

from nbinterview.ids import room_name
from nbinterview.tokens import room_token
from tests.hub_config.browser import Browser, Page
from tests.hub_config.local_platform import Platform


def arrive(
    platform: Platform, role: str, name: str, room: str | None = None
) -> Browser:
    """Return a browser that came in by an invitation."""
    browser = Browser()
    link, record = platform.invite(role, name, room=room)
    browser.press_button(browser.open(link))
    browser.person = record["person"]["hub_name"]
    return browser


def call(platform: Platform, browser: Browser, method: str, path: str) -> Page:
    """Call the hub's API as a script in one of its pages would."""
    browser.open(f"{platform.addresses.public_url}/hub/login")
    return browser.send(
        method,
        f"{platform.addresses.public_url}/hub/api{path}",
        headers={
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Sec-Fetch-Mode": "cors",
            "X-XSRFToken": browser.cookie("_xsrf") or "",
        },
    )


@pytest.fixture(scope="module")
def candidate(platform: Platform) -> Browser:
    return arrive(platform, "candidate", "Ada Lovelace")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users"),
        ("POST", "/users/p-abcdefghij"),
        ("GET", "/groups"),
        ("GET", "/services"),
        ("GET", "/proxy"),
        ("GET", "/info"),
        ("POST", "/shutdown"),
        ("POST", "/users/{self}/server"),
        ("GET", "/users/{self}/tokens"),
        ("POST", "/users/{self}/tokens"),
        ("GET", "/users/{self}/shared"),
        ("POST", "/share-codes/{self}/"),
        ("GET", "/shares/{self}"),
        ("GET", "/users/{room}"),
        ("GET", "/users/{room}/server"),
        ("DELETE", "/users/{room}/server"),
        ("POST", "/users/{room}/tokens"),
        ("GET", "/shares/{room}/"),
        ("POST", "/share-codes/{room}/"),
    ],
)
def test_a_candidate_may_not(
    platform: Platform, candidate: Browser, room: str, method: str, path: str
) -> None:
    filled = path.format(self=candidate.person, room=room_name(room))
    page = call(platform, candidate, method, filled)
    assert page.status in {403, 404}, page.text
    assert platform.room_state(room)["ready"]


def test_a_candidate_knows_only_who_they_are(
    platform: Platform, candidate: Browser
) -> None:
    model = call(platform, candidate, "GET", "/user").response.json()
    assert model["name"] == candidate.person
    assert sorted(model["scopes"]) == [
        "access:services!service=nbinterview",
        *(
            f"{scope}!user={candidate.person}"
            for scope in (
                *("read:users:activity", "read:users:groups", "read:users:name"),
                "users:activity",
            )
        ),
    ]


@pytest.mark.parametrize(
    "path", ["spawn", "spawn/{self}", "spawn/{room}", "admin", "token"]
)
def test_stock_pages_are_closed(
    platform: Platform, candidate: Browser, room: str, path: str
) -> None:
    filled = path.format(self=candidate.person, room=room_name(room))
    page = candidate.open(f"{platform.addresses.public_url}/hub/{filled}")
    assert page.status in {403, 404}
    assert "open the link in your invitation again" in page.words()


def test_home_leads_to_the_interviews(platform: Platform, candidate: Browser) -> None:
    for path in ("/", "/hub/", "/hub/home", "/hub/login"):
        page = candidate.open(platform.addresses.public_url + path)
        assert page.url == platform.addresses.service_url


def test_home_is_kind_to_those_with_nothing_there(
    platform: Platform, browser: Browser
) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace")
    browser.press_button(browser.open(link))
    removed = platform.api(
        "DELETE",
        "/groups/candidates/users",
        json={"users": [record["person"]["hub_name"]]},
    )
    assert removed.is_success
    page = browser.open(f"{platform.addresses.public_url}/hub/home")
    assert page.status == 200
    assert "Hello, Ada Lovelace" in page.words()
    assert "server" not in page.words().lower()


def test_without_a_link_there_is_nothing_to_fill_in(
    platform: Platform, browser: Browser
) -> None:
    page = browser.open(f"{platform.addresses.public_url}/hub/home")
    assert "You need an invitation link" in page.words()
    assert "<form" not in page.text
    login = f"{platform.addresses.public_url}/hub/login"
    answer = browser.post(
        login, {"username": "p-abcdefghij", "_xsrf": browser.cookie("_xsrf") or ""}
    )
    assert answer.status == 405


@pytest.mark.parametrize("auth", ['{"username": "p-abcdefghij"}', '"p-abcdefghij"'])
def test_nobody_signs_in_through_the_token_api(
    platform: Platform, browser: Browser, auth: str
) -> None:
    answer = browser.send(
        "POST",
        f"{platform.addresses.public_url}/hub/api/users/p-abcdefghij/tokens",
        headers={"Content-Type": "application/json"},
        content=f'{{"auth": {auth}}}',
    )
    assert answer.status == 403


def test_a_share_lets_in_under_the_platforms_name(
    platform: Platform, browser: Browser, room: str
) -> None:
    link, record = platform.invite("candidate", "Ada Lovelace", room=room)
    page = browser.press_button(browser.open(link))
    # No page in between asked to authorize anything.
    assert (page.status, page.url) == (200, record["next_url"]), page.words()
    me = browser.open(f"{page.url.removesuffix('lab')}api/me")
    identity = me.response.json()["identity"]
    person = record["person"]
    assert identity["username"] == person["hub_name"]
    assert identity["display_name"] == identity["name"] == "Ada Lovelace"
    assert (identity["initials"], identity["color"]) == ("AL", person["color"])


@pytest.mark.parametrize("role", ["candidate", "interviewer", "reviewer"])
def test_without_a_share_nobody_enters_a_room(
    platform: Platform, room: str, role: str
) -> None:
    browser = arrive(platform, role, "Mallory Doe")
    owner = room_name(room)
    page = browser.open(f"{platform.addresses.origin(owner)}/user/{owner}/lab")
    assert page.status == 403
    assert "You do not have access to this page" in page.words()


def test_the_room_is_entered_only_while_it_is_shared(
    platform: Platform, room: str
) -> None:
    browser = arrive(platform, "candidate", "Ada Lovelace", room)
    owner = room_name(room)
    revoked = platform.api(
        "PATCH",
        f"/shares/{owner}/",
        json={
            "user": browser.person,
            "scopes": [f"access:servers!server={owner}/"],
        },
    )
    assert revoked.is_success
    elsewhere = Browser(cookies={**browser.cookies})
    for key in [key for key in elsewhere.cookies if key[0].startswith("room-")]:
        del elsewhere.cookies[key]
    page = elsewhere.open(f"{platform.addresses.origin(owner)}/user/{owner}/lab")
    assert page.status == 403


def test_a_closed_room_leads_to_the_page_that_opens_rooms(platform: Platform) -> None:
    interview = platform.start_room()
    browser = arrive(platform, "candidate", "Ada Lovelace", interview)
    platform.stop_room(interview)
    owner = room_name(interview)
    page = browser.open(f"{platform.addresses.origin(owner)}/user/{owner}/lab")
    assert page.status == 424
    assert "The room is not open" in page.words()
    enter = f"{platform.addresses.service_url}interviews/{interview}/enter"
    assert page.leads_on_to() == enter
    assert f'href="{enter}"' in page.text
    pending = f"{platform.addresses.public_url}/hub/spawn-pending/{owner}"
    assert browser.open(pending).url == enter
    stranger = arrive(platform, "candidate", "Mallory Doe")
    assert stranger.open(pending).status == 404
    platform.api("POST", f"/users/{owner}/server", json={})
    assert browser.open(pending).url.startswith(platform.addresses.origin(owner))


def test_only_rooms_have_servers(platform: Platform) -> None:
    _, record = platform.invite("interviewer", "Grace Hopper")
    answer = platform.api("POST", f"/users/{record['person']['hub_name']}/server")
    assert answer.status_code == 403
    assert "Only interview rooms" in answer.json()["message"]


def test_a_room_gets_its_own_secret_and_no_other(platform: Platform, room: str) -> None:
    [process] = [
        each
        for each in psutil.Process(os.getpid()).children(recursive=True)
        if each.environ().get("NBINTERVIEW_INTERVIEW") == room
    ]
    env = process.environ()
    assert env["NBINTERVIEW_ROOM_TOKEN"] == room_token(
        platform.home.secret("room_key"), room
    )
    assert env["NBINTERVIEW_SERVICE_API"] == platform.addresses.service_api
    assert env["NBINTERVIEW_ROOM_DIR"] == env["HOME"] == process.cwd()
    assert platform.home.room(room).stat().st_mode & 0o777 == 0o700
    assert "LEFT_OVER_SECRET" not in env
    ours = {name for name in env if name.startswith("NBINTERVIEW_")}
    assert ours == {
        f"NBINTERVIEW_{name}"
        for name in (
            *("INTERVIEW", "ROOM_DIR", "SERVICE_API"),
            *("ROOM_TOKEN", "KERNEL_PYTHON", "BWRAP"),
        )
    }
    secrets = [path.read_text() for path in (platform.home.path / "secrets").iterdir()]
    assert len(secrets) == 11
    assert not [each for each in secrets if each in str(env)]
    everything = " ".join(
        word
        for each in psutil.Process(os.getpid()).children(recursive=True)
        for word in each.cmdline()
    )
    assert not [
        each for each in [*secrets, env["JUPYTERHUB_API_TOKEN"]] if each in everything
    ]
    assert env["NBINTERVIEW_ROOM_TOKEN"] not in everything
