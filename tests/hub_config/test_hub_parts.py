"""The hub's pure parts: roles, environments, ports, words and authenticator."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_connection as connect_socket
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader
from jupyterhub.auth import DummyAuthenticator
from jupyterhub.scopes import _check_scopes_exist, expand_scopes
from traitlets import TraitError

from nbinterview.errors import Unavailable
from nbinterview.home import Addresses, Home
from nbinterview.tokens import room_token
from nbinterview_hub import leaving, parts, ports, roles, supervisor
from nbinterview_hub.authenticator import Accepted, InvitedOnly, in_front_of
from nbinterview_hub.invitations import (
    Invitation,
    InvitationWithdrawn,
    Person,
    expiry_words,
    is_own_url,
    is_secure,
    read_answer,
)
from nbinterview_hub.processes import restart_delay_s
from nbinterview_hub.settings import TEMPLATES
from nbinterview_hub.spawner import interview_of_room, room_env
from tests.hub_config.local_platform import setup, wait_until
from tests.ports import free_port

ADDRESSES = Addresses(8000, 1001, 1002, 1003, 1004)
ROOM = "room-abcdefghij"


# ------------------------------------------------------------------------- roles


def scopes_of(name: str) -> set[str]:
    [role] = [role for role in roles.roles() if role["name"] == name]
    return set(role["scopes"])


def test_every_scope_exists_and_every_group_has_its_role() -> None:
    for role in roles.roles():
        _check_scopes_exist(set(role["scopes"]))
    given = {group: role for role in roles.roles() for group in role.get("groups", [])}
    assert given.keys() == roles.groups().keys() == set(roles.GROUPS)


def test_people_hold_nothing_but_doors() -> None:
    assert scopes_of("user") == {
        "read:users:name!user",
        "read:users:groups!user",
        "users:activity!user",
    }
    assert scopes_of("candidates") == {"access:services!service=nbinterview"}
    for name in ("interviewers", "reviewers"):
        assert scopes_of(name) == {
            "access:services!service=nbinterview",
            "access:services!service=report",
        }


def test_services_hold_what_they_use_and_no_more() -> None:
    service = expand_scopes(scopes_of("interview-service"))
    for needed in ("admin:users", "start:servers", "delete:servers", "shares"):
        assert needed in service
    for foreign in ("shutdown", "proxy", "tokens", "admin:groups", "admin:services"):
        assert foreign not in service
    assert expand_scopes(scopes_of("platform-supervisor")) == {"shutdown", "proxy"}
    assert not [role for role in roles.roles() if "report" in role.get("services", [])]


# ------------------------------------------------------------------------- rooms


@pytest.mark.parametrize(
    "name",
    ["room-abcdefghi", "room-abcdefghij2", "room-ABCDEFGHIJ", "p-abcdefghij", ""],
)
def test_what_is_not_a_room(name: str) -> None:
    assert interview_of_room(name) is None


def test_a_rooms_environment_keeps_nothing_unknown() -> None:
    env = room_env(
        {
            "PATH": "/usr/bin",
            "JUPYTERHUB_API_TOKEN": "its own",
            "JPY_API_TOKEN": "the same under an old name",
            "NBINTERVIEW_HOME": "/secret",
            "AWS_SECRET_ACCESS_KEY": "x",
        },
        interview_id="abcdefghij",
        room_dir=Path("/rooms/abcdefghij"),
        service_api=ADDRESSES.service_api,
        room_key="key",
        kernel_python="/kernel/python",
        bwrap="/usr/bin/bwrap",
    )
    assert env == {
        "PATH": "/usr/bin",
        "JUPYTERHUB_API_TOKEN": "its own",
        "NBINTERVIEW_INTERVIEW": "abcdefghij",
        "NBINTERVIEW_ROOM_DIR": "/rooms/abcdefghij",
        "NBINTERVIEW_SERVICE_API": ADDRESSES.service_api,
        "NBINTERVIEW_ROOM_TOKEN": room_token("key", "abcdefghij"),
        "NBINTERVIEW_KERNEL_PYTHON": "/kernel/python",
        "NBINTERVIEW_BWRAP": "/usr/bin/bwrap",
    }


# ------------------------------------------------------------------- invitations


def answer(**changes: Any) -> dict[str, Any]:
    return {
        "id": "a",
        "state": "valid",
        "expires_at": "2026-11-22T15:00:00.000000Z",
        "role": "reviewer",
        "person": {
            "hub_name": "p-abcdefghij",
            "display_name": "Ada",
            "initials": "A",
            "color": "#123456",
        },
        "interview": None,
        "policy_words": [],
        "next_url": "http://localhost:8000/hub/home",
        **changes,
    }


def test_an_answer_becomes_an_invitation_or_the_reason_why_not() -> None:
    invitation = read_answer(answer())
    assert (invitation.title, invitation.interview_id) == (None, None)
    assert invitation.person.user_info()["display_name"] == "Ada"
    with pytest.raises(InvitationWithdrawn):
        read_answer(answer(state="withdrawn"))
    assert not invitation.ended
    over = read_answer(answer(state="ended", policy_words=["A person decides."]))
    assert over.ended
    assert over.policy_words == ("A person decides.",)
    with pytest.raises(Unavailable, match="surprising"):
        read_answer(answer(state="surprising"))


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://localhost:8000/hub/home", True),
        ("http://room-x.localhost:8000/user/room-x/lab", True),
        ("https://localhost:8000/", False),
        ("http://localhost:8001/", False),
        ("http://evil-localhost:8000/", False),
        ("http://localhost:8000@example.org/", False),
        ("//localhost:8000/", False),
        ("/hub/home", False),
        ("javascript:alert(1)", False),
    ],
)
def test_which_addresses_are_ours(url: str, own: bool) -> None:
    assert is_own_url(url, "http://localhost:8000") is own


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("http://localhost:8000", True),
        ("http://nbi.localhost", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("https://interviews.example.org", True),
        ("http://interviews.example.org", False),
        ("http://localhost.example.org", False),
        ("http://10.0.0.7:8000", False),
        ("http://127.0.0.1.example.org", False),
    ],
)
def test_the_hub_refuses_an_address_at_which_browsers_give_pages_no_keys(
    url: str, *, secure: bool
) -> None:
    assert is_secure(url) is secure
    if secure:
        assert in_front_of(InvitedOnly)(public_url=url).public_url == url
    else:
        with pytest.raises(TraitError, match=r"https:// \(or http://localhost"):
            in_front_of(InvitedOnly)(public_url=url)


def test_times_are_said_in_words() -> None:
    for wire in ("2026-11-22T15:00:00.000000Z", "2026-11-22T16:00:00+01:00"):
        assert expiry_words(wire) == "Sunday 22 November, 15:00 UTC"


def test_each_host_forgets_its_own_cookie_only() -> None:
    assert leaving.cookie_of(ROOM) == (f"jupyterhub-user-{ROOM}", f"/user/{ROOM}/")
    assert leaving.cookie_of("report--service") == (
        "service-report",
        "/services/report/",
    )
    assert leaving.cookie_of("localhost") is None
    assert leaving.cookie_of(ROOM, secure=True) == (
        f"__Host-jupyterhub-user-{ROOM}",
        "/",
    )
    assert leaving.cookie_of("localhost", secure=True) is None


def test_cookies_belong_to_one_host_where_people_come_by_https() -> None:
    clients = [f"jupyterhub-user-{ROOM}", "service-report", "jupyterhub-user-p-x"]
    assert leaving.rooms_of(clients) == {ROOM}
    plan = leaving.Round(("a", "b"), "http://localhost/")
    assert leaving.Round.loads(plan.dumps()).rest().hosts == ("b",)


# ----------------------------------------------------------------- authenticator


def authenticate(authenticator: Any, data: Any) -> Any:
    return asyncio.run(authenticator.get_authenticated_user(None, data))


def accepted(hub_name: str) -> Accepted:
    person = Person(hub_name, "Ada", "A", "#123456")
    return Accepted(Invitation("a", "candidate", person, None, None, "", ""))


def test_others_are_handed_to_the_inner_authenticator() -> None:
    authenticator = in_front_of(DummyAuthenticator)(allow_all=True)
    assert authenticate(authenticator, {"username": "Grace"})["name"] == "grace"
    for reserved in ("p-abcdefghij", "P-ABCDEFGHIJ", ROOM):
        assert authenticate(authenticator, {"username": reserved}) is None


def test_an_invitation_needs_no_leave_of_the_inner_authenticator() -> None:
    authenticator = in_front_of(DummyAuthenticator)(allowed_users={"grace"})
    model = authenticate(authenticator, accepted("p-abcdefghij"))
    assert (model["name"], model["admin"]) == ("p-abcdefghij", False)
    assert model["user_info"]["display_name"] == "Ada"
    assert authenticate(authenticator, {"username": "mallory"}) is None
    blocked = in_front_of(InvitedOnly)(blocked_users={"p-abcdefghij"})
    assert authenticate(blocked, accepted("p-abcdefghij")) is None


@pytest.mark.parametrize(
    "forged",
    [
        {"invitation": "a", "username": "p-abcdefghij"},
        {"username": ROOM},
        "p-abcdefghij",
        None,
    ],
)
def test_without_an_invitation_nobody_signs_in(forged: Any) -> None:
    assert authenticate(in_front_of(InvitedOnly)(), forged) is None


def test_the_login_page_has_a_form_only_where_somebody_reads_it() -> None:
    env = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    page = env.get_template("login.html")
    closed = page.render(authenticator=in_front_of(InvitedOnly)())
    assert "<form" not in closed
    assert "You need an invitation link" in closed
    form = page.render(authenticator=in_front_of(DummyAuthenticator)(), xsrf="X")
    assert 'name="password"' in form
    assert 'name="_xsrf" value="X"' in form
    oidc = page.render(
        authenticator=in_front_of(DummyAuthenticator)(), login_service="OIDC"
    )
    assert "sign in with OIDC" in oidc


# ---------------------------------------------------------------------- supervisor


def test_ports_of_a_broken_off_run_are_taken_again() -> None:
    assert ports.choose(8000, ADDRESSES, free=lambda _: True) == ADDRESSES
    for taken in (ADDRESSES.hub_port, ADDRESSES.report_port):
        fresh = ports.choose(8000, ADDRESSES, free=taken.__ne__)
        assert fresh.port == 8000
        assert taken not in {fresh.hub_port, fresh.report_port}
    assert ports.choose(8001, ADDRESSES, free=lambda _: True).port == 8001
    with pytest.raises(Unavailable, match="Port 8000 is taken"):
        ports.choose(8000, ADDRESSES, free=lambda port: port != 8000)


def test_inner_ports_differ() -> None:
    found = ports.choose(8000, None, free=lambda _: True)
    assert len({*found.env().values()}) == 5


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "65536", "٨٠٠٠", "80 "])
def test_a_public_port_that_is_none(text: str) -> None:
    with pytest.raises(Unavailable, match="must be a port number"):
        ports.public_port({"NBINTERVIEW_PORT": text})


def test_restarts_wait_longer_and_longer() -> None:
    delays = [restart_delay_s(failures) for failures in range(1, 9)]
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_children_get_addresses_but_no_secret_and_nothing_of_the_callers(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    home.make()
    env = {
        "PATH": "/usr/bin",
        "NBINTERVIEW_SETUP": "/setup.json",
        "JUPYTERHUB_API_TOKEN": "of somebody else",
        "HTTP_PROXY": "http://proxy.invalid",
    }
    programs = parts.programs(home, ADDRESSES, setup(), env)
    assert [program.name for program in programs] == [
        "proxy",
        "service",
        "report",
        "hub",
    ]
    secrets = {path.name: path.read_text() for path in tmp_path.glob("secrets/*")}
    for program in programs:
        expected = {*ADDRESSES.env(), "PATH", "NBINTERVIEW_HOME", "NBINTERVIEW_SETUP"}
        expected.add("PYTHONUNBUFFERED")
        if program.name == "proxy":
            expected.add("CONFIGPROXY_AUTH_TOKEN")
        assert program.env.keys() == expected
        words = " ".join(program.argv)
        assert not [name for name, secret in secrets.items() if secret in words]


class _NothingHere(BaseHTTPRequestHandler):
    """A hub that knows no page at all."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_an_upgrade_before_the_proxy_has_routes_is_refused_properly_and_at_once(
    tmp_path: Path,
) -> None:
    """By itself the proxy says no reason and leaves the connection open for ever."""
    home = Home(tmp_path)
    home.make()
    env = {"PATH": os.environ["PATH"], "NBINTERVIEW_SETUP": "/setup.json"}
    with ThreadingHTTPServer(("127.0.0.1", 0), _NothingHere) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        addresses = Addresses(
            free_port(), hub.server_port, free_port(), free_port(), free_port()
        )
        [proxy, *_] = parts.programs(home, addresses, setup(), env)
        with subprocess.Popen(proxy.argv, env=dict(proxy.env)) as process:
            try:
                wait_until(lambda: not ports.is_free(addresses.port))
                with connect_socket(("127.0.0.1", addresses.port), timeout=5) as line:
                    line.sendall(
                        b"GET /user/room-x/live HTTP/1.1\r\nHost: room-x.localhost\r\n"
                        b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
                        b"Sec-WebSocket-Version: 13\r\n"
                        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                    )
                    said = b"".join(iter(lambda: line.recv(4096), b""))
            finally:
                process.terminate()
                hub.shutdown()
    assert said.startswith(b"HTTP/1.1 404 Not Found\r\n")


def test_logs_of_earlier_runs_are_numbered_and_few(tmp_path: Path) -> None:
    for run in range(1, 7):
        supervisor.rotate_logs(tmp_path)
        (tmp_path / "hub.log").write_text(str(run))
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {
        "hub.log": "6",
        "hub.log.1": "5",
        "hub.log.2": "4",
        "hub.log.3": "3",
    }
