"""What a browser's witness has to agree on with Python, as a file for its tests.

`python -m tests.lab.witness_vectors` writes it anew; a test holds it to the code.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.checkpoints import (
    Checkpoint,
    make_certificate,
    make_checkpoint,
)
from nbinterview.ledger.signing import Signer, signed_bytes
from nbinterview.ledger.tree import Tree

PATH = Path(__file__).parents[2] / "extensions/lab/test/vectors/ledger.json"
INTERVIEW = "abcdefghij"
TIME = "2026-11-23T16:00:00.000Z"
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 31, 32, 33, 64, 100, 1000)
VALUES: list[Any] = [
    {},
    {"b": 1, "a": [True, False, None]},
    {"size": 9007199254740991, "empty": "", "nested": {"z": [], "y": {}}},
    {"é": "ü", "\U0001f600": 1, "\uffff": 2, "\r": 3, "1": 4, "€": "\u2028"},
    {"text": 'quote " back \\ slash / tab \t line \n bell \u0007 del \u007f'},
    {"numbers": [0, -1, 1.5, 1e21, 1e-7, 1.2345678901234568e20, 0.1]},
]


def signer(seed: int) -> Signer:
    """Return a key that is the same in every run."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def tree(size: int) -> Tree:
    """Return a tree over leaves that anybody can make."""
    return Tree(hashlib.sha256(b"leaf %d" % at).digest() for at in range(size))


def vectors() -> dict[str, Any]:
    """Return everything: texts, proofs, signatures, and what must not hold."""
    whole = tree(max(SIZES))
    room, platform, other = signer(1), signer(2), signer(3)
    heads = {
        size: make_checkpoint(room, INTERVIEW, size, whole.root(size), TIME)
        for size in SIZES
    }
    certificate = make_certificate(platform, INTERVIEW, room.public, TIME)
    forged = make_checkpoint(other, INTERVIEW, 5, whole.root(5), TIME)
    return {
        "canonical": [
            {"value": value, "text": canonical(value).decode()} for value in VALUES
        ],
        "signed_bytes": signed_bytes("checkpoint", {"b": 1, "a": "ö"}).hex(),
        "key_id": {"public_key": room.public, "key_id": room.key_id},
        "certificate": certificate.wire(),
        "platform_key": platform.public,
        "checkpoints": [head.wire() for head in heads.values()],
        "forged": [
            _with(forged, key_id=room.key_id),
            _with(heads[5], size=6),
            _with(heads[5], root=whole.root(4).hex()),
            _with(heads[5], time="2026-11-23T16:00:00.001Z"),
            _with(heads[5], interview="jihgfedcba"),
        ],
        "consistency": [
            {
                "first": {"size": first, "root": heads[first].root},
                "second": {"size": second, "root": heads[second].root},
                "path": [one.hex() for one in whole.consistency(first, second)],
            }
            for first in SIZES
            for second in SIZES
            if first <= second
        ],
    }


def _with(checkpoint: Checkpoint, **changes: Any) -> dict[str, Any]:
    return {**checkpoint.wire(), **changes}


def text() -> str:
    """Return the file's text."""
    return json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="ascii")
