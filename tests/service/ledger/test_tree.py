"""The tree is RFC 6962's: by its own recursion, and by published vectors."""

import hashlib
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.ledger.tree import (
    EMPTY_ROOT,
    Tree,
    verify_consistency,
    verify_inclusion,
)

# The leaves and heads that Certificate Transparency's reference tests publish.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaf_of(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def head(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 2.1, word by word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + head(leaves[:k]) + head(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), head(leaves[k:])]
    return [*path(m - k, leaves[k:]), head(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 2.1.2."""
    if m == len(leaves):
        return [] if whole else [head(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), head(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), head(leaves[:k])]


def split(size: int) -> int:
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def some_leaves(size: int, seed: int = 1) -> list[bytes]:
    chance = random.Random(seed)
    return [chance.randbytes(32) for _ in range(size)]


def test_the_published_vectors() -> None:
    tree = Tree()
    assert tree.root() == EMPTY_ROOT == hashlib.sha256(b"").digest()
    for data, root in zip(INPUTS, ROOTS, strict=True):
        tree.append(leaf_of(data))
        assert tree.root().hex() == root
    # (leaf from 1, size) -> path; (first, second) -> path
    assert [one.hex() for one in tree.inclusion(0, 8)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [one.hex() for one in tree.consistency(6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", range(1, 34))
def test_every_proof_is_the_recursions_and_verifies(size: int) -> None:
    leaves = some_leaves(size)
    tree = Tree(leaves)
    for part in range(1, size + 1):
        root = head(leaves[:part])
        assert tree.root(part) == root
        for index in range(part):
            proof = tree.inclusion(index, part)
            assert proof == path(index, leaves[:part])
            assert verify_inclusion(leaves[index], index, part, proof, root)
        proof = tree.consistency(part)
        assert proof == subproof(part, leaves, whole=True)
        assert verify_consistency(part, size, root, tree.root(), proof)


@settings(max_examples=200)
@given(st.data())
def test_no_changed_proof_verifies(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    leaves = some_leaves(size)
    tree = Tree(leaves)
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size - 1))
    inclusion, consistency = tree.inclusion(index), tree.consistency(first)

    def included(proof: list[bytes]) -> bool:
        return verify_inclusion(leaves[index], index, size, proof, tree.root())

    def consistent(proof: list[bytes]) -> bool:
        roots = (tree.root(first), tree.root())
        return verify_consistency(first, size, *roots, proof)

    for proof, holds in ((inclusion, included), (consistency, consistent)):
        assert holds(proof)
        assert not holds([*proof, bytes(32)])
        if proof:
            at = data.draw(st.integers(0, len(proof) - 1))
            flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
            assert not holds([*proof[:at], flipped, *proof[at + 1 :]])
            assert not holds([*proof[:at], *proof[at + 1 :]])
    other = (index + 1) % size
    assert not verify_inclusion(leaves[other], index, size, inclusion, tree.root())
    assert not verify_inclusion(leaves[index], other, size, inclusion, tree.root())
    assert not verify_consistency(
        first, size, leaves[0][::-1], tree.root(), consistency
    )


def test_a_proof_of_a_million_records_is_short() -> None:
    tree = Tree(index.to_bytes(32, "big") for index in range(1_000_000))
    proof = tree.inclusion(777_777)
    assert len(proof) <= 20
    leaf = (777_777).to_bytes(32, "big")
    assert verify_inclusion(leaf, 777_777, 1_000_000, proof, tree.root())


def test_impossible_sizes_are_refused() -> None:
    tree = Tree(some_leaves(5))
    for wrong in (
        lambda: tree.root(6),
        lambda: tree.inclusion(5),
        lambda: tree.inclusion(-1),
        lambda: tree.consistency(0),
        lambda: tree.consistency(6),
        lambda: tree.append(b"short"),
    ):
        with pytest.raises(ValueError, match=r"leaf|leaves|size"):
            wrong()
    assert not verify_inclusion(bytes(32), 0, 0, [], bytes(32))
    assert not verify_consistency(0, 1, bytes(32), bytes(32), [])
