"""What may pass between a page and the kernel, and in which form. Pure.

A page asks about code and moves widgets; it never runs code this way. A kernel
says what it likes, as the candidate's code runs in it: of every message only known
fields pass, and outputs do not pass at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview.errors import Forbidden, Invalid, TooLarge
from nbinterview.schemas import shortened
from nbinterview_kernels.outputs import encodable

Json = dict[str, Any]

CONTROL_TARGET = "jupyter.widget.control"
TARGETS = frozenset({"jupyter.widget", CONTROL_TARGET})
"""What a comm may be opened for: widgets."""

MAX_CODE_CHARS = 1_000_000
MAX_CONTENT_BYTES = 256 * 1024
"""Of what a page says about a widget, ..."""
MAX_KERNEL_BYTES = 4 * 1024 * 1024
"""... and of what a kernel says."""
MAX_BUFFERS = 64
MAX_PAGE_BUFFERS_BYTES = 1024 * 1024
MAX_KERNEL_BUFFERS_BYTES = 8 * 1024 * 1024
MAX_MATCHES = 1000
MAX_MATCH_CHARS = 1000
MAX_INSPECTION_CHARS = 100_000
MAX_WORDS_CHARS = 1000

STATES = frozenset({"busy", "idle", "starting"})
COMM_MESSAGES = frozenset({"comm_open", "comm_msg", "comm_close"})

_ID = re.compile(r"[\w-]{1,100}")
_VERSION = re.compile(r"[\w.]{1,20}")


def comm_id(content: Mapping[str, Any]) -> str:
    """Return which comm this is about; `Invalid` when it is none."""
    found = content.get("comm_id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise Invalid("a comm has an id of letters and digits", field="comm_id")
    return found


# ------------------------------------------------------------ from a page to the kernel


@dataclass(frozen=True)
class Asked:
    """A message of a page, as the kernel gets it."""

    kind: str
    content: Json
    metadata: Json

    @property
    def reply(self) -> str:
        """The one kind of message that may answer this."""
        return reply_kind(self.kind)


def reply_kind(kind: str) -> str:
    """Return the kind of a request's reply; empty for what gets none."""
    base = kind.removesuffix("_request")
    return f"{base}_reply" if base != kind else ""


def page_asks(
    channel: object,
    kind: object,
    content: object,
    metadata: object,
    buffers: Sequence[memoryview] = (),
) -> Asked:
    """Return what the kernel gets of a page's message.

    Raises:
        Forbidden: messages of this kind do not pass.
        Invalid: a field does not fit.
        TooLarge: it is larger than such a message may be.
    """
    if not isinstance(kind, str) or kind not in _ASKS:
        raise Forbidden(_why_not(kind), field="msg_type")
    if channel != "shell":
        raise Forbidden("Pages speak on the shell channel only.", field="channel")
    if not isinstance(content, Mapping):
        raise Invalid("a message has an object as its content", field="content")
    if len(buffers) > MAX_BUFFERS or (buffers and kind not in COMM_MESSAGES):
        raise Invalid("too many buffers", field="buffers")
    if sum(len(one) for one in buffers) > MAX_PAGE_BUFFERS_BYTES:
        words = f"at most {MAX_PAGE_BUFFERS_BYTES // 1024} KiB at a time"
        raise TooLarge(f"A widget sends {words}.", field="buffers")
    return Asked(kind, _ASKS[kind](content), _version(kind, metadata))


def _why_not(kind: object) -> str:
    if kind == "execute_request":
        return "Code is run through the room, which records it."
    if kind == "input_reply":
        return "Answers to input() go through the room, which records them."
    name = shortened(kind) if isinstance(kind, str) else "of no kind"
    return f"Messages {name!r} do not pass."


def _version(kind: str, metadata: object) -> Json:
    """Return what a widget manager says about itself when it opens a comm."""
    found = metadata.get("version") if isinstance(metadata, Mapping) else None
    if kind == "comm_open" and isinstance(found, str) and _VERSION.fullmatch(found):
        return {"version": found}
    return {}


def _code(content: Mapping[str, Any]) -> str:
    code = content.get("code")
    if not isinstance(code, str):
        raise Invalid("code is a text", field="code")
    if len(code) > MAX_CODE_CHARS:
        raise TooLarge(f"Code has at most {MAX_CODE_CHARS} characters.", field="code")
    return encodable(code)


def _number(content: Mapping[str, Any], name: str, at_most: int) -> int:
    found = content.get(name, 0)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Invalid(f"{name} is a number", field=name)
    return min(max(found, 0), at_most)


def _ask_about_place(content: Mapping[str, Any]) -> Json:
    code = _code(content)
    return {"code": code, "cursor_pos": _number(content, "cursor_pos", len(code))}


def _inspect(content: Mapping[str, Any]) -> Json:
    level = _number(content, "detail_level", 1)
    return {**_ask_about_place(content), "detail_level": level}


def _target(content: Mapping[str, Any]) -> str:
    found = content.get("target_name")
    if not isinstance(found, str) or found not in TARGETS:
        raise Forbidden("Only widgets have comms here.", field="target_name")
    return found


def _comm_info(content: Mapping[str, Any]) -> Json:
    return {"target_name": _target({"target_name": "jupyter.widget", **content})}


def _data(content: Mapping[str, Any]) -> Json:
    found = content.get("data", {})
    if not isinstance(found, dict):
        raise Invalid("a comm's data is an object", field="data")
    return found


def _comm_open(content: Mapping[str, Any]) -> Json:
    target = {"target_name": _target(content)}
    return {"comm_id": comm_id(content), **target, "data": _data(content)}


def _comm_says(content: Mapping[str, Any]) -> Json:
    return {"comm_id": comm_id(content), "data": _data(content)}


_ASKS: Mapping[str, Callable[[Mapping[str, Any]], Json]] = {
    "kernel_info_request": lambda _: {},
    "complete_request": _ask_about_place,
    "inspect_request": _inspect,
    "is_complete_request": lambda content: {"code": _code(content)},
    "comm_info_request": _comm_info,
    "comm_open": _comm_open,
    "comm_msg": _comm_says,
    "comm_close": _comm_says,
}
PAGE_MESSAGES = frozenset(_ASKS)

# ------------------------------------------------------------ from the kernel to a page


def kernel_says(
    kind: str, content: object, buffers: Sequence[memoryview] = ()
) -> Json | None:
    """Return what a page gets of a kernel's message; None when it gets nothing.

    Whether a reply answers something that the page asked is the caller's to know.
    """
    if kind not in _SAYS or not isinstance(content, Mapping):
        return None
    if buffers and kind not in COMM_MESSAGES:
        return None
    if len(buffers) > MAX_BUFFERS:
        return None
    if sum(len(one) for one in buffers) > MAX_KERNEL_BUFFERS_BYTES:
        return None
    if kind.endswith("_reply") and content.get("status") in ("error", "aborted"):
        return _failed(content)
    return _SAYS[kind](content)


def refused_reply(words: str) -> Json:
    """Return the content of a reply to what was not passed on."""
    return {
        "status": "error",
        "ename": "Refused",
        "evalue": words,
        "traceback": [],
    }


def _words(found: object, at_most: int = MAX_WORDS_CHARS) -> str:
    return encodable(found)[:at_most]


def _failed(content: Mapping[str, Any]) -> Json:
    return {
        "status": "error",
        "ename": _words(content.get("ename")),
        "evalue": _words(content.get("evalue")),
        "traceback": [],
    }


def _status(content: Mapping[str, Any]) -> Json | None:
    state = content.get("execution_state")
    known = isinstance(state, str) and state in STATES
    return {"execution_state": state} if known else None


def _kernel_info(content: Mapping[str, Any]) -> Json:
    """Say what this kernel is. No links: a page would put them into its menu."""
    found = content.get("language_info")
    version = found.get("version") if isinstance(found, Mapping) else ""
    return {
        "status": "ok",
        "protocol_version": "5.3",
        "implementation": "ipython",
        "implementation_version": _words(content.get("implementation_version"), 20),
        "banner": _words(content.get("banner")),
        "help_links": [],
        "language_info": {
            "name": "python",
            "version": _words(version, 20),
            "mimetype": "text/x-python",
            "file_extension": ".py",
            "pygments_lexer": "ipython3",
            "codemirror_mode": {"name": "ipython", "version": 3},
            "nbconvert_exporter": "python",
        },
    }


def _place(found: object) -> int:
    known = isinstance(found, int) and not isinstance(found, bool)
    return min(max(int(found), 0), MAX_CODE_CHARS) if known else 0  # type: ignore[call-overload]  # a number


def _complete(content: Mapping[str, Any]) -> Json:
    matches = content.get("matches")
    listed = matches if isinstance(matches, list) else []
    return {
        "status": "ok",
        "matches": [_words(one, MAX_MATCH_CHARS) for one in listed[:MAX_MATCHES]],
        "cursor_start": _place(content.get("cursor_start")),
        "cursor_end": _place(content.get("cursor_end")),
        "metadata": _types(content.get("metadata")),
    }


def _types(metadata: object) -> Json:
    name = "_jupyter_types_experimental"
    found = metadata.get(name) if isinstance(metadata, Mapping) else None
    if not isinstance(found, list):
        return {}
    kept = [one for one in found[:MAX_MATCHES] if isinstance(one, Mapping)]
    return {name: [_one_type(one) for one in kept]}


def _one_type(found: Mapping[str, Any]) -> Json:
    words = {
        name: _words(found.get(name), MAX_MATCH_CHARS)
        for name in ("text", "type", "signature")
    }
    places = {name: _place(found.get(name)) for name in ("start", "end")}
    return {**words, **places}


def _inspected(content: Mapping[str, Any]) -> Json:
    """Return what is said about a name, as plain text: the page itself shows it."""
    data = content.get("data")
    plain = data.get("text/plain") if isinstance(data, Mapping) else None
    text = _words(plain, MAX_INSPECTION_CHARS)
    return {
        "status": "ok",
        "found": content.get("found") is True and bool(text),
        "data": {"text/plain": text} if text else {},
        "metadata": {},
    }


def _is_complete(content: Mapping[str, Any]) -> Json:
    status = content.get("status")
    known = status in ("complete", "incomplete", "invalid", "unknown")
    indent = _words(content.get("indent"), 100)
    return {"status": status if known else "unknown", "indent": indent}


def _comms(content: Mapping[str, Any]) -> Json:
    found = content.get("comms")
    comms: Json = {}
    for name, one in found.items() if isinstance(found, Mapping) else ():
        target = one.get("target_name") if isinstance(one, Mapping) else None
        if _ID.fullmatch(name) and target == "jupyter.widget":
            comms[name] = {"target_name": target}
        if len(comms) >= MAX_MATCHES:
            break
    return {"status": "ok", "comms": comms}


def _comm_said(content: Mapping[str, Any]) -> Json | None:
    try:
        return _comm_says(content)
    except Invalid:
        return None


def _comm_opened(content: Mapping[str, Any]) -> Json | None:
    said = _comm_said(content)
    if said is None or content.get("target_name") != "jupyter.widget":
        return None
    return {**said, "target_name": "jupyter.widget"}


_SAYS: Mapping[str, Callable[[Mapping[str, Any]], Json | None]] = {
    "status": _status,
    "kernel_info_reply": _kernel_info,
    "complete_reply": _complete,
    "inspect_reply": _inspected,
    "is_complete_reply": _is_complete,
    "comm_info_reply": _comms,
    "comm_open": _comm_opened,
    "comm_msg": _comm_said,
    "comm_close": _comm_said,
}
KERNEL_MESSAGES = frozenset(_SAYS)
