"""A kernel's messages as jupyter-server-nbmodel has them, with what is kept of each.

What gets past here ends in a record, and a record has to reach the service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbinterview_kernels import outputs
from nbinterview_kernels.outputs import Content, Kept

Hook = Callable[[dict[str, Any]], None]

MAX_QUESTION_CHARS = 4000
STATUSES = frozenset({"ok", "error", "aborted"})


def message_type(message: Mapping[str, Any]) -> str:
    """Return what kind of message this is; empty when the kernel does not say."""
    found = message["header"].get("msg_type")
    return found if isinstance(found, str) else ""


def tidy_reply(content: object) -> dict[str, Any]:
    """Return how a run ended, from a kernel's reply of whatever form."""
    found = content if isinstance(content, Mapping) else {}
    status = found.get("status")
    known = isinstance(status, str) and status in STATUSES
    return {
        "status": status if known else "error",
        "execution_count": outputs.count(found.get("execution_count")),
    }


def tidy_question(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kernel's question with nothing in it but its text."""
    prompt = str(message["content"].get("prompt", ""))[:MAX_QUESTION_CHARS]
    password = message["content"].get("password") is True
    return {
        **message,
        "content": {"prompt": outputs.encodable(prompt), "password": password},
    }


def content_bytes(message: Mapping[str, Any]) -> int:
    """Return how much an output says: as it came, or the JSON of its fields."""
    if isinstance(known := message.get("size_bytes"), int):
        return known
    return outputs.content_bytes(message["content"])


class Outputs:
    """Hands on to `hook` what of one run's messages is kept."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._kept = Kept(self._tell)
        self.charge = self._kept.charge

    def take(self, message: Mapping[str, Any]) -> None:
        """Hand on one message, as far as it fits."""
        cut = message.get("cut") is True
        self._kept.take(message_type(message), message["content"], cut=cut)

    def _tell(self, kind: str, content: Content) -> None:
        self._hook({"header": {"msg_type": kind}, "content": content})
