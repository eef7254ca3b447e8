"""Ed25519 keys of an interview and of the platform, and what they sign.

A signature is over a line that names what is signed, and its canonical JSON: so
no signature can be passed off as one over something else. Keys are made by the
operating system's randomness or by who is passed in; nothing here reads a clock.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from nbinterview.errors import Invalid, Unavailable
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.records import format_time

KEY_ID_CHARS = 16
OLD_KEYS = "old"

_PUBLIC = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


class Signer:
    """A private key in memory."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        raw = private.public_key().public_bytes_raw()
        self.public = raw.hex()
        self.key_id = key_id_of(self.public)

    def sign(self, domain: str, body: Mapping[str, Any]) -> str:
        """Return the signature (128 hex digits) over a body, for one purpose."""
        return self._private.sign(signed_bytes(domain, body)).hex()

    def private_pem(self) -> bytes:
        """Return the key as it is kept: PKCS 8, PEM."""
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def make_key() -> Ed25519PrivateKey:
    """Return a new key by the operating system's randomness."""
    return Ed25519PrivateKey.generate()


def key_id_of(public: str) -> str:
    """Return the short name of a public key: 16 hex digits of its SHA-256."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:KEY_ID_CHARS]


def signed_bytes(domain: str, body: Mapping[str, Any]) -> bytes:
    """Return what is signed."""
    return b"nbinterview " + domain.encode("ascii") + b"\n" + canonical(dict(body))


def verify_signature(
    public: str, domain: str, body: Mapping[str, Any], signature: str
) -> bool:
    """Say whether a signature is one of this key over this body."""
    if not _PUBLIC.fullmatch(public) or not _SIGNATURE.fullmatch(signature):
        return False  # `fromhex` would pass over white space
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), signed_bytes(domain, body))
    except (InvalidSignature, ValueError, Invalid):
        return False
    return True


def load_or_make(
    path: Path, make: Callable[[], Ed25519PrivateKey] = make_key
) -> Signer:
    """Return the key in a file; make it and the file (0600) when there is none.

    Raises `Unavailable`, in words, for a file that others may read or that is no
    key: what was signed by it stays good, but nobody knows by whom.
    """
    while True:
        try:
            return load(path)
        except FileNotFoundError:
            signer = Signer(make())
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _written(path, signer.private_pem(), replace=False):
                return signer
            # Another process was quicker: its key counts.


def load(path: Path) -> Signer:
    """Return the key in a file. Raises `FileNotFoundError`, and `Unavailable`."""
    about = path.stat()
    if stat.S_IMODE(about.st_mode) & 0o077 or about.st_uid != os.geteuid():
        raise Unavailable(
            f"The key {path} may be read by others, so it proves nothing any more. "
            "Replace it (nbinterview key rotate), or, when nobody else can have read "
            "it: chmod 600."
        )
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise Unavailable(f"{path} is damaged: it is no private key.") from error
    except OSError as error:
        raise Unavailable(f"The key {path} can't be read: {error.strerror}.") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise Unavailable(f"{path} is no Ed25519 key.")
    return Signer(private)


def rotate(
    path: Path, now: datetime, make: Callable[[], Ed25519PrivateKey] = make_key
) -> Signer:
    """Replace the key in a file by a new one, and return the new one.

    The old public key is kept for ever in `old/<key_id>.pub` beside it, with the
    time until which it signed; the old private key is destroyed. A key that can't
    be loaded is replaced too; of it nothing can be kept.
    """
    try:
        old: Signer | None = load(path)
    except (FileNotFoundError, Unavailable):
        old = None
    new = Signer(make())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if old is not None:
        _keep(path, old, format_time(now))
    try:
        before = path.open("r+b")
    except FileNotFoundError:
        _written(path, new.private_pem(), replace=True)
        return new
    with before:
        _written(path, new.private_pem(), replace=True)
        _overwrite(before)  # only now: a crash leaves one whole key, old or new
    return new


def keep_public(path: Path, signer: Signer) -> None:
    """Keep the public half of the key in use in `old`, before it can be lost.

    What it signed verifies for as long as somebody knows its public half.
    """
    if not _kept_as(path, signer).exists():
        _keep(path, signer, None)


def _keep(path: Path, signer: Signer, until_time: str | None) -> None:
    kept = {
        "public_key": signer.public,
        "key_id": signer.key_id,
        "from_time": since(path),
        "until_time": until_time,
    }
    target = _kept_as(path, signer)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    _written(target, (json.dumps(kept, indent=2) + "\n").encode(), replace=True)


def _kept_as(path: Path, signer: Signer) -> Path:
    return path.parent / OLD_KEYS / f"{signer.key_id}.pub"


def since(path: Path) -> str:
    """Return when the key in a file was made: the file's time."""
    made = path.stat().st_mtime
    return format_time(datetime.fromtimestamp(made, UTC))


def published(path: Path, current: Signer) -> list[dict[str, Any]]:
    """Return `PlatformKey`s of ledger.schema.yaml, the one in use last.

    One that was lost and not rotated signed until the present one was made.
    """
    kept = {str(one["key_id"]): one for one in old_keys(path)}
    # The one in use is kept, too; where it could not be, its file says since when.
    own = kept.pop(current.key_id, None)
    made = since(path) if own is None else own["from_time"]
    before = [{**one, "until_time": one["until_time"] or made} for one in kept.values()]
    now = {"public_key": current.public, "key_id": current.key_id}
    return [*before, {**now, "from_time": made, "until_time": None}]


def old_keys(path: Path) -> list[dict[str, Any]]:
    """Return the public keys that are kept beside this file, oldest first.

    `until_time` is None for one that is in use, or was lost while it was.
    """
    found: list[dict[str, Any]] = []
    for one in (path.parent / OLD_KEYS).glob("*.pub"):
        try:
            kept = json.loads(one.read_text("utf-8"))
            whole = key_id_of(kept["public_key"]) == one.stem
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise Unavailable(f"The old public key {one} is damaged.")
        found.append(kept)
    return sorted(found, key=lambda kept: str(kept["until_time"]))


def _overwrite(file: BinaryIO) -> None:
    """Write zeros over a private key whose file was replaced.

    A journalling or copying disk may still have it: rotation is no cure for a thief.
    """
    file.write(bytes(os.fstat(file.fileno()).st_size))
    file.flush()
    os.fsync(file.fileno())


def _written(path: Path, content: bytes, *, replace: bool) -> bool:
    """Write a file (0600) whole or not at all; False when it is there already."""
    partly = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partly, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            partly.replace(path)
        else:
            try:
                path.hardlink_to(partly)
            except FileExistsError:
                return False
    finally:
        partly.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
