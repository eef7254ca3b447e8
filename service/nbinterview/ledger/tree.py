"""The Merkle tree over a journal: RFC 6962 section 2.1, RFC 9162 section 2.1.

A leaf is a record's hash, already with the zero byte that RFC 6962 puts before it;
a node is SHA-256 over a one byte and its two children. All whole levels are kept
(64 bytes a record), so that a proof is looked up and not computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return _sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree; places are counted from 0, sizes from 1."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        # _levels[k] has the hashes of all whole subtrees of 2**k leaves, in a row.
        self._levels: list[bytearray] = [bytearray()]
        self._size = 0
        self.extend(leaves)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Add a record's hash (32 bytes)."""
        if len(leaf) != HASH_BYTES:
            raise ValueError(f"a leaf has {HASH_BYTES} bytes")
        levels, at = self._levels, 0
        levels[0] += leaf
        self._size = size = self._size + 1
        while not size & 1:
            pair = levels[at][-2 * HASH_BYTES :]
            at += 1
            if at == len(levels):
                levels.append(bytearray())
            levels[at] += _sha256(b"\x01" + pair).digest()
            size >>= 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add several."""
        append = self.append
        for leaf in leaves:
            append(leaf)

    def leaf(self, index0: int) -> bytes:
        """Return the leaf at a place."""
        if not 0 <= index0 < self._size:
            raise ValueError(f"there is no leaf {index0} of {self._size}")
        return self._whole(0, index0)

    def root(self, size: int | None = None) -> bytes:
        """Return the head of the first `size` leaves (all when None)."""
        size = self._checked(size)
        return self._head(0, size) if size else EMPTY_ROOT

    def inclusion(self, index0: int, size: int | None = None) -> list[bytes]:
        """Return PATH(index0, D[size]): the proof that a leaf is in the tree."""
        size = self._checked(size)
        if not 0 <= index0 < size:
            raise ValueError(f"there is no leaf {index0} of {size}")
        path: list[bytes] = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _split(high - low)
            if index0 < middle:
                path.append(self._head(middle, high))
                high = middle
            else:
                path.append(self._head(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, first: int, second: int | None = None) -> list[bytes]:
        """Return PROOF(first, D[second]): the earlier tree is this one's beginning."""
        second = self._checked(second)
        if not 0 < first <= second:
            raise ValueError(f"{first} is no earlier size than {second}")
        path: list[bytes] = []
        low, high, whole = 0, second, True
        while first != high:
            middle = low + _split(high - low)
            if first <= middle:
                path.append(self._head(middle, high))
                high = middle
            else:
                path.append(self._head(low, middle))
                low, whole = middle, False
        if not whole:
            path.append(self._head(low, high))
        return path[::-1]

    def _checked(self, size: int | None) -> int:
        if size is None:
            return self._size
        if not 0 <= size <= self._size:
            raise ValueError(f"the tree has {self._size} leaves, not {size}")
        return size

    def _whole(self, level: int, index0: int) -> bytes:
        start = HASH_BYTES * index0
        return bytes(self._levels[level][start : start + HASH_BYTES])

    def _head(self, low: int, high: int) -> bytes:
        """MTH(D[low:high]); low is a multiple of the power of two that covers it."""
        parts: list[bytes] = []
        while low < high:
            level = (high - low).bit_length() - 1
            parts.append(self._whole(level, low >> level))
            low += 1 << level
        head = parts.pop()
        while parts:
            head = node(parts.pop(), head)
        return head


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(
    leaf: bytes, index0: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Say whether a proof shows a leaf in a tree: RFC 9162 section 2.1.3.2."""
    if not 0 <= index0 < size:
        return False
    at, last, head = index0, size - 1, leaf
    for other in path:
        if not last:
            return False
        if at & 1 or at == last:
            head = node(other, head)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            head = node(head, other)
        at >>= 1
        last >>= 1
    return not last and head == root


def verify_consistency(
    first: int,
    second: int,
    first_root: bytes,
    second_root: bytes,
    path: Sequence[bytes],
) -> bool:
    """Say whether a proof shows that a tree goes on another: RFC 9162 2.1.4.2."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    steps = list(path)
    if not first & (first - 1):  # a power of two: its head is no part of the proof
        steps.insert(0, first_root)
    if not steps:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at >>= 1
        last >>= 1
    old = new = steps[0]
    for other in steps[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            old, new = node(other, old), node(other, new)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            new = node(new, other)
        at >>= 1
        last >>= 1
    return not last and old == first_root and new == second_root
