"""The secrets of one kernel, drawn: a signing key and a CurveZMQ pair.

A CurveZMQ pair is X25519 in Z85 text, so that the service needs no ZeroMQ.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from nbinterview.cluster.manifest import ConnectionKeys

_Z85 = string.digits + string.ascii_letters + ".-:+=^!/*?&<>()[]{}@%$#"
_SUFFIX = "abcdefghijklmnopqrstuvwxyz234567"


def new_keys(random: Callable[[int], bytes] = secrets.token_bytes) -> ConnectionKeys:
    """Return the secrets of a kernel that is to be made."""
    private = random(32)
    public = X25519PrivateKey.from_private_bytes(private).public_key()
    return ConnectionKeys(
        key=random(32).hex(),
        publickey=z85(public.public_bytes_raw()),
        secretkey=z85(private),
    )


def new_suffix() -> str:
    """Return the five letters that tell a kernel's pod from the one before."""
    return "".join(secrets.choice(_SUFFIX) for _ in range(5))


def z85(content: bytes) -> str:
    """Return bytes, a multiple of four of them, as ZeroMQ writes them in text."""
    text = []
    for start in range(0, len(content), 4):
        value = int.from_bytes(content[start : start + 4], "big")
        text += [_Z85[value // 85**power % 85] for power in (4, 3, 2, 1, 0)]
    return "".join(text)
