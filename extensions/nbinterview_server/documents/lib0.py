"""lib0's encoding of numbers, texts and values, which Yjs updates are made of.

Reading takes time in proportion to the bytes, holds no more than limits allow, and
never recurses before the depth is known.
"""

from __future__ import annotations

from struct import unpack
from typing import Any, NamedTuple, NoReturn

from nbinterview.errors import Invalid, TooLarge

MAX_INTEGER = 2**53 - 1
"""What a number of JavaScript holds exactly."""
MAX_VAR_BYTES = 8


class Limits(NamedTuple):
    """How much one update may hold."""

    structs: int = 20_000
    """More would keep the room busy for a second; a pasted cell has about 8."""
    deletions: int = 20_000
    values: int = 300_000
    """JSON-like values, those inside of others counted too."""
    depth: int = 100
    """Of nested values; pycrdt reads them by recursion, and 100,000 end the process."""


PERSONS = Limits()
"""For what a person's page sends."""
OWN = Limits(*[2**31] * 4)
"""For what this server wrote itself, or took before."""


def malformed(what: str) -> NoReturn:
    """Refuse bytes that no Yjs can read."""
    raise Invalid(f"This is not a Yjs update: {what}.")


_FIXED_BYTES = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}
_CONSTANTS = {127: None, 126: None, 121: False, 120: True}
_FORMS = {124: ">f", 123: ">d", 122: ">q"}
_INTEGER, _TEXT, _OBJECT, _ARRAY, _BYTES = 125, 119, 118, 117, 116


class Reader:
    """Reads it. `IndexError` where the bytes end."""

    __slots__ = ("at", "data", "limits", "values_left")

    def __init__(self, data: bytes, at: int = 0, limits: Limits = OWN) -> None:
        self.data = data
        self.at = at
        self.limits = limits
        self.values_left = limits.values

    def byte(self) -> int:
        found = self.data[self.at]
        self.at += 1
        return found

    def uint(self) -> int:
        data, at = self.data, self.at
        byte = data[at]
        if byte < 0x80:
            self.at = at + 1
            return byte
        found, shift, first = byte & 0x7F, 7, at
        while byte >= 0x80:
            at += 1
            byte = data[at]
            found |= (byte & 0x7F) << shift
            shift += 7
            if at - first >= MAX_VAR_BYTES:
                malformed("a number is too long")
        if found > MAX_INTEGER:
            malformed("a number is too large")
        self.at = at + 1
        return found

    def skip(self, count: int) -> None:
        if count > len(self.data) - self.at:
            raise IndexError
        self.at += count

    def text(self) -> str:
        count = self.uint()
        start = self.at
        self.skip(count)
        try:
            return self.data[start : self.at].decode("utf-8")
        except UnicodeDecodeError:
            malformed("a text is not UTF-8")

    def count(self) -> int:
        """Return how many values follow, when so many may."""
        found = self.uint()
        self.values_left -= found
        if self.values_left < 0:
            raise TooLarge(f"An edit has at most {self.limits.values} values.")
        return found

    def skip_values(self, count: int) -> None:
        """Go past values, the nested ones with a stack of our own."""
        # Of each open array or object: how many values are left, and whether keyed.
        still_open = [(count, False)]
        while still_open:
            left, keyed = still_open.pop()
            if left == 0:
                continue
            still_open.append((left - 1, keyed))
            if keyed:
                self.text()
            tag = self.byte()
            if tag == _TEXT:
                self.text()
            elif tag == _INTEGER:
                self._integer()
            elif tag == _BYTES:
                self.skip(self.uint())
            elif tag in (_OBJECT, _ARRAY):
                still_open.append((self.count(), tag == _OBJECT))
                if len(still_open) > self.limits.depth:
                    raise TooLarge("A value in this edit is nested too deeply.")
            elif tag in _FIXED_BYTES:
                self.skip(_FIXED_BYTES[tag])
            else:
                malformed("a value is of no known kind")

    def _integer(self) -> int:
        first = self.byte()
        found, shift, start = first & 0x3F, 6, self.at
        byte = first
        while byte >= 0x80:
            byte = self.byte()
            found |= (byte & 0x7F) << shift
            shift += 7
            if self.at - start >= MAX_VAR_BYTES:
                malformed("a number is too long")
        if found > MAX_INTEGER:
            malformed("a number is too large")
        return -found if first & 0x40 else found

    def value(self) -> Any:
        """Return one value. Recursive: only after `skip_values` has checked it."""
        tag = self.byte()
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag == _TEXT:
            return self.text()
        if tag == _INTEGER:
            return self._integer()
        if tag == _ARRAY:
            return [self.value() for _ in range(self.uint())]
        if tag == _OBJECT:
            return {self.text(): self.value() for _ in range(self.uint())}
        size = self.uint() if tag == _BYTES else _FIXED_BYTES[tag]
        self.skip(size)
        raw = self.data[self.at - size : self.at]
        if tag == _BYTES:
            return raw
        return unpack(_FORMS[tag], raw)[0]
