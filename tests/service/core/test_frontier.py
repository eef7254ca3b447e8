"""The service's edge of a tree is the tree's: same root at every size."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.ledger.tree import EMPTY_ROOT, Tree
from nbinterview.service.domain.frontier import Frontier, frontier_of


def _leaf(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(4, "big")).digest()


def test_its_root_is_the_trees_at_every_size() -> None:
    leaves = [_leaf(number) for number in range(300)]
    tree, frontier = Tree(leaves), Frontier()
    assert frontier.root() == EMPTY_ROOT
    for size, leaf in enumerate(leaves, start=1):
        frontier.append(leaf)
        assert frontier.root() == tree.root(size)
    assert frontier_of(leaves[:77]).root() == tree.root(77)


@given(st.integers(0, 200), st.integers(0, 60))
def test_it_goes_on_from_what_was_kept(before: int, more: int) -> None:
    first = Frontier()
    first.extend(map(_leaf, range(before)))
    again = Frontier(first.size, first.nodes)
    again.extend(map(_leaf, range(before, before + more)))
    assert again.size == before + more
    assert again.root() == frontier_of(map(_leaf, range(before + more))).root()


def test_it_stays_small() -> None:
    frontier = Frontier(2**20 - 1, b"\x01" * 32 * 20)
    assert len(frontier.nodes) == 640
    frontier.append(_leaf(1))
    assert len(frontier.nodes) == 32


@pytest.mark.parametrize(("size", "nodes"), [(1, b""), (2, b"x" * 64), (-1, b"")])
def test_a_damaged_one_is_refused(size: int, nodes: bytes) -> None:
    with pytest.raises(ValueError, match="no frontier"):
        Frontier(size, nodes)
