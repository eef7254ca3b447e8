"""Browsers in words: a claim, shortened for people."""

from __future__ import annotations

import pytest

from nbinterview.browsers import describe_browser


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "Firefox on Linux"),
        ("(Windows NT 10.0) Chrome/140 Safari/537.36 Edg/140", "Edge on Windows"),
        ("(Macintosh) Version/26.0 Safari/605.1.15", "Safari on macOS"),
        ("(Linux; Android 15) Chrome/140 Mobile Safari/537.36", "Chrome on Android"),
        ("(iPhone; like Mac OS X) CriOS/140 Safari/604.1", "Chrome on iOS"),
        ("curl/8", "a browser on an unknown system"),
        ("", "a browser on an unknown system"),
    ],
)
def test_browsers_are_said_in_words(agent: str, words: str) -> None:
    assert describe_browser(agent) == words
