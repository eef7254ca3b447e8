"""No secret stands in a log: one function over every line before it is written.

Two ways lead through it. The supervisor puts it between each of its parts and the
part's log; a room, which outlives the hub that started it, puts it before its own
standard streams. Secrets are found by their values, where we know them, and by the
places where secrets stand: addresses, headers, cookies, signed tokens.

    redact = Redaction(["a-known-secret"])
    redact("GET /?token=abcdefgh1234") == "GET /?token=[redacted]"
"""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, TextIO

WORD = "[redacted]"
SHORTEST = 8
"""Characters; what is shorter is no secret, and replacing it would eat words."""

# `=` as it is, and as it is inside of an address inside of an address.
_IS = r"(?:=|%3D|%253D)"
_VALUE = r"[^\s&;,\"'<>]"
# Each pattern keeps group 1, which says what stood there.
# Every repetition has an end: a line that a candidate wrote must not cost seconds.
_PLACES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Cookie and Set-Cookie, in a header or in a printed dictionary.
        r"(cookie[\"']?\s{0,2}[:=,]\s{0,2}[\"']?)[^\r\n\"']{2,}",
        r"(authorization[\"']?\s{0,2}[:=,]\s{0,2}[\"']?)[^\r\n\"',)]{2,}",
        # A cookie by itself.
        rf"((?:jupyterhub-|nbinterview-|service-)[\w-]{{1,64}}=){_VALUE}{{{SHORTEST},}}",
        r"(\b(?:bearer|basic|token)\s{1,2})(?=\S{0,200}\d)[\w.~+/=-]{16,}",
        (
            r"((?:token|secret|password|ticket|api_key|session_id|_xsrf)"
            rf"[\"']?\s{{0,2}}(?:{_IS}|:)\s{{0,2}}[\"']?){_VALUE}{{{SHORTEST},}}"
        ),
        # JupyterHub says whose anti-forgery cookie it sets, by the session's id.
        r"(xsrf cookie for b?[\"'])[^\"']{2,}",
        # An authorisation on its way back from the hub.
        rf"((?:[?&]|%3F|%26)(?:code|state|code_verifier){_IS}){_VALUE}{{{SHORTEST},}}",
        # A cookie that tornado signed; a token that itsdangerous signed.
        r"()\b2\|1:0\|[^\s\"';]+",
        r"()\beyJ[\w-]{6,1000}\.[\w-]{6,1000}(?:\.[\w-]{1,1000})?",
    )
)
_KEPT = rf"\g<1>{WORD}"


class Redaction:
    """Takes secrets out of text; calling it twice changes nothing more."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Know these values wherever they stand, besides the usual places."""
        known = sorted({one for one in secrets if len(one) >= SHORTEST}, key=len)
        # The longest first: one may be a part of another.
        self._known = (
            re.compile("|".join(map(re.escape, reversed(known)))) if known else None
        )

    def __call__(self, text: str) -> str:
        """Return the text without its secrets."""
        if self._known is not None:
            text = self._known.sub(WORD, text)
        for place in _PLACES:
            text = place.sub(_KEPT, text)
        return text


def secrets_in(environ: Mapping[str, str]) -> list[str]:
    """Return the values of the variables that hold secrets, by their names."""
    return [
        value
        for name, value in environ.items()
        if re.search(r"TOKEN|SECRET|PASSWORD|_KEY$", name)
    ]


class RedactedStream(io.TextIOBase):
    """A text stream before another: whole lines come out, without secrets."""

    def __init__(self, target: TextIO, redact: Redaction) -> None:
        """Write to `target`."""
        self._target = target
        self._redact = redact
        self._started = ""
        self._lock = threading.RLock()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute there
        """The encoding of what is behind."""
        return self._target.encoding

    def fileno(self) -> int:
        """Return what a child would write to, past this."""
        return self._target.fileno()

    def isatty(self) -> bool:
        """Say whether people read along."""
        return self._target.isatty()

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, text: str) -> int:
        """Keep the text until its line is whole: a secret may come in two parts."""
        with self._lock:
            whole, newline, rest = (self._started + text).rpartition("\n")
            self._started = rest
            if newline:
                self._target.write(self._redact(whole) + newline)
        return len(text)

    def flush(self) -> None:
        """Flush the lines that are whole."""
        with self._lock:
            self._target.flush()

    def finish(self) -> None:
        """Write what has no end of line; nothing comes after it."""
        with self._lock:
            self._target.write(self._redact(self._started))
            self._started = ""
            self._target.flush()


def redact_own_streams(secrets: Iterable[str]) -> None:
    """Put the filter before this process's standard output and errors.

    To be called before anything keeps `sys.stderr`, as log handlers do.
    """
    import atexit

    redact = Redaction(secrets)
    sys.stdout = RedactedStream(sys.stdout, redact)
    sys.stderr = RedactedStream(sys.stderr, redact)
    for stream in (sys.stdout, sys.stderr):
        atexit.register(stream.finish)


class RedactedLog:
    """A log file that another process writes through a pipe: `fileno` is its end."""

    def __init__(self, path: Path, redact: Redaction) -> None:
        """Append to the file at `path`; nobody else may read it."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        read_end, self._write_end = os.pipe()
        self._thread = threading.Thread(
            target=_pump,
            args=(open(read_end, "rb"), open(descriptor, "wb"), redact),  # noqa: PTH123, SIM115  # descriptors; `_pump` closes them
            daemon=True,
        )
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor to hand to the process."""
        return self._write_end

    def close(self, *, timeout_s: float) -> None:
        """Wait until what was written is in the file, unless a child holds it open."""
        os.close(self._write_end)
        self._thread.join(timeout_s)


MAX_LINE_BYTES = 65_536
"""A longer line is written in parts; no secret of ours is as long."""


def _pump(source: BinaryIO, target: BinaryIO, redact: Redaction) -> None:
    with source, target:
        while line := source.readline(MAX_LINE_BYTES):
            target.write(redact(line.decode("utf-8", "replace")).encode())
            target.flush()
