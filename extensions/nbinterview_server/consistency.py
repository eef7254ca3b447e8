"""`nbinterview/api/v1/consistency`: that one head of the record's tree extends another.

For the panel's browsers, which keep the heads that they saw and check later ones.
"""

from __future__ import annotations

import json

import tornado.web
from jupyter_server.base.handlers import APIHandler

from nbinterview.errors import Invalid, NBInterviewError
from nbinterview.ledger.tree import Tree
from nbinterview_server.execution.sessions import answer
from nbinterview_server.journal import Journal

MAX_DIGITS = 15


def consistency(tree: Tree, first: str | None, second: str | None) -> list[str]:
    """Return the proof of RFC 9162 section 2.1.4 between two sizes, in hexadecimal.

    Raises `Invalid`, naming the field, when these are no sizes of this tree.
    """
    sizes = [_size(first, "first"), _size(second, "second")]
    try:
        return [one.hex() for one in tree.consistency(*sizes)]
    except ValueError as error:
        raise Invalid(
            f"This record has {tree.size} entries, and no proof from {sizes[0]} "
            f"to {sizes[1]}.",
            field="first",
        ) from error


def _size(text: str | None, field: str) -> int:
    if text is None or not (text.isascii() and text.isdigit()):
        raise Invalid("a number of records is needed", field=field)
    if len(text) > MAX_DIGITS:
        raise Invalid("there are not so many records", field=field)
    return int(text)


class ConsistencyHandler(APIHandler):
    """Gives a proof to the people who judge."""

    def initialize(self, journal: Journal) -> None:
        """Take the journal from the route."""
        self._journal = journal

    @tornado.web.authenticated
    async def get(self) -> None:
        """Answer `{path: [hex]}`."""
        first = self.get_query_argument("first", None)
        second = self.get_query_argument("second", None)
        try:
            path = consistency(self._journal.tree, first, second)
        except NBInterviewError as error:
            answer(self, error)
            return
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps({"path": path}), set_content_type="application/json")
