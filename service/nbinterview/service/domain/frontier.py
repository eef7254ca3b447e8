"""The edge of a Merkle tree (RFC 6962): enough to go on, without its leaves.

A tree of n leaves is a row of whole subtrees, one for each bit of n that is set, the
largest first. Their heads are all that a new leaf and the root need, so that a batch
of records costs the same at a thousand records and at a million.
"""

from __future__ import annotations

from collections.abc import Iterable

from nbinterview.ledger.tree import EMPTY_ROOT, HASH_BYTES, node


class Frontier:
    """A tree that can only grow; `size` counts its leaves."""

    def __init__(self, size: int = 0, nodes: bytes = b"") -> None:
        """Take up a frontier again, as `nodes` gave it.

        Raises `ValueError` when it is none of a tree of that size.
        """
        if size < 0 or len(nodes) != HASH_BYTES * size.bit_count():
            raise ValueError(f"this is no frontier of {size} leaves")
        self.size = size
        self._heads = [
            nodes[start : start + HASH_BYTES]
            for start in range(0, len(nodes), HASH_BYTES)
        ]

    @property
    def nodes(self) -> bytes:
        """The heads of the whole subtrees, the largest first."""
        return b"".join(self._heads)

    def append(self, leaf: bytes) -> None:
        """Add a record's hash (32 bytes)."""
        self._heads.append(leaf)
        self.size += 1
        size = self.size
        while not size & 1:
            right = self._heads.pop()
            self._heads[-1] = node(self._heads[-1], right)
            size >>= 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add several."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Return the head of the tree."""
        if not self._heads:
            return EMPTY_ROOT
        *others, head = self._heads
        for left in reversed(others):
            head = node(left, head)
        return head


def frontier_of(leaves: Iterable[bytes]) -> Frontier:
    """Return the edge of a tree with these leaves."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier
