"""What stands in a log, and what does not."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.redaction import WORD, RedactedLog, RedactedStream, Redaction
from nbinterview.tokens import InvitationToken, sign_invitation

SECRET = "q7Zk3mXw9Lr2Tn5Vb8Yd"
INVITATION = sign_invitation("k" * 64, InvitationToken("abcdefghij", 1_900_000_000))
PLACES = [
    "GET /hub/invitation?token={} 200",
    "302 GET /x?next=%2Fhub%2Finvitation%3Ftoken%3D{} (p-x@127.0.0.1)",
    "GET /oauth_callback?code={}&state=x",
    "GET /user/room-x/oauth_callback?a=1&state={}",
    "Authorization: Bearer {}",
    "{{'Authorization': 'token {}', 'Accept': '*/*'}}",
    "('authorization', 'Basic {}')",
    "401 with token {} from 127.0.0.1",
    "Cookie: jupyterhub-hub-login={}; other=1",
    "{{'Set-Cookie': '_xsrf={}; Path=/'}}",
    "wrote nbinterview-session={} to the jar",
    "wrote __Host-jupyterhub-user-room-abc={} to the jar",
    'problem: {{"detail": "wrong", "access_token": "{}"}}',
    "JUPYTERHUB_API_TOKEN={}",
    "ticket = '{}'",
    "wss://x/api/events?token={}&x=1",
    "http://x.localhost:8000/path?_xsrf={}",
    "Setting new xsrf cookie for b'{}:0a1b' {{'samesite': 'Lax'}}",
]


@pytest.mark.parametrize("place", PLACES)
def test_secrets_are_found_where_they_stand(place: str) -> None:
    line = place.format(SECRET)
    assert SECRET in line
    found = Redaction()(line)
    assert SECRET not in found
    assert WORD in found


def test_signed_tokens_are_found_anywhere() -> None:
    cookie = "2|1:0|10:1700000000|5:login|44:ZmFrZQ==|0a1b2c3d"
    found = Redaction()(f"odd: {INVITATION} and {cookie}")
    assert found == f"odd: {WORD} and {WORD}"


def test_known_secrets_are_found_anywhere() -> None:
    known = ["abcdefghij", "abcdefghijklmno", "short"]
    found = Redaction(known)("xxabcdefghijklmnoyy abcdefghij short")
    assert found == f"xx{WORD}yy {WORD} short"


@pytest.mark.parametrize(
    "line",
    [
        "[I 2026-11-22 ServerApp] 200 GET /user/room-x/api (@127.0.0.1) 1.08ms",
        "The hub stopped (exit code 1); starting it again in 0.5 s.",
        "token bucket refilled; the state: scheduled",
        "GET /lab/tree/interview.ipynb?reset=1&view=narrow",
        "room 4mfa2q did not report its end in time",
    ],
)
def test_other_words_stay(line: str) -> None:
    assert Redaction([SECRET])(line) == line


@given(st.text(max_size=200))
def test_twice_changes_nothing_more(text: str) -> None:
    redact = Redaction()
    once = redact(f"GET /?token={text}")
    assert redact(once) == once


@pytest.mark.parametrize(
    "part",
    ["a", "token", "eyJ", "-eyJ", "jupyterhub-", "cookie ", "token\n", "bearer 1"],
)
def test_a_line_made_to_cost_time_does_not(part: str) -> None:
    line = (part * 65_536)[:65_536]
    began_s = time.monotonic()
    Redaction([SECRET])(line)
    assert time.monotonic() - began_s < 1


def test_a_stream_waits_for_the_line() -> None:
    target = io.StringIO()
    stream = RedactedStream(target, Redaction())
    stream.write(f"one\nGET /?token={SECRET[:9]}")
    assert target.getvalue() == "one\n"
    stream.write(f"{SECRET[9:]}\nlast token={SECRET}")
    stream.finish()
    assert target.getvalue() == f"one\nGET /?token={WORD}\nlast token={WORD}"


def test_a_process_writes_to_a_file_through_it(tmp_path: Path) -> None:
    path = tmp_path / "part.log"
    log = RedactedLog(path, Redaction([SECRET]))
    said = f"import os; os.write(1, b'said {SECRET}\\n\\xff end'); raise SystemExit"
    subprocess.run([sys.executable, "-c", said], stdout=log.fileno(), check=True)
    log.close(timeout_s=10)
    assert path.read_text("utf-8") == f"said {WORD}\n\N{REPLACEMENT CHARACTER} end"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_server_says_from_its_first_word_on() -> None:
    script = (
        "import os, logging; from nbinterview.redaction import *;"
        "redact_own_streams(secrets_in(os.environ)); logging.basicConfig();"
        "logging.warning(os.environ['ROOM_TOKEN']); raise KeyError('token ' + 'a1' * 9)"
    )
    env = {**os.environ, "ROOM_TOKEN": SECRET}
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"WARNING:root:{WORD}" in run.stderr
    assert f"KeyError: 'token {WORD}" in run.stderr
    assert "a1a1" not in run.stderr.split("KeyError: ")[-1]
