"""What is signed about a journal's tree: heads, certificates, countersignatures.

The interview's own key signs the tree's head (`Checkpoint`); the platform's key says
whose that key is (`Certificate`) and that the service saw the head, too
(`Countersignature`). A `Receipt` is what a candidate takes home of all that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nbinterview.errors import Invalid
from nbinterview.ledger.signing import Signer, key_id_of, verify_signature
from nbinterview.schemas import check

FORMAT = 1
CHECKPOINT, CERTIFICATE, COUNTERSIGNATURE = (
    "checkpoint",
    "certificate",
    "countersignature",
)


def _body(signed: Any) -> dict[str, Any]:
    body = asdict(signed)
    del body["signature"]
    return body


@dataclass(frozen=True)
class Checkpoint:
    """The head of an interview's tree after `size` records; `root` in hexadecimal."""

    interview: str
    size: int
    root: str
    time: str
    key_id: str
    signature: str
    format: int = FORMAT

    def verify(self, public: str) -> bool:
        """Say whether the holder of this public key signed it."""
        return key_id_of(public) == self.key_id and verify_signature(
            public, CHECKPOINT, _body(self), self.signature
        )

    def wire(self) -> dict[str, Any]:
        """Return `Checkpoint` of ledger.schema.yaml."""
        return asdict(self)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Checkpoint:
        """Return it, its form checked and not its signature."""
        check(dict(wire), "ledger", "Checkpoint")
        return cls(**wire)


@dataclass(frozen=True)
class Certificate:
    """The platform's word that a key is this interview's.

    `replaces` is the key's id that the room lost and had before.
    """

    interview: str
    public_key: str
    issued_at: str
    replaces: str | None
    platform_key_id: str
    signature: str
    format: int = FORMAT

    @property
    def key_id(self) -> str:
        """The short name of the certified key."""
        return key_id_of(self.public_key)

    def verify(self, platform_public: str) -> bool:
        """Say whether the holder of this platform key issued it."""
        return key_id_of(platform_public) == self.platform_key_id and verify_signature(
            platform_public, CERTIFICATE, _body(self), self.signature
        )

    def covers(self, checkpoint: Checkpoint) -> bool:
        """Say whether the certified key signed a head of the certified interview."""
        return checkpoint.interview == self.interview and checkpoint.verify(
            self.public_key
        )

    def wire(self) -> dict[str, Any]:
        """Return `Certificate` of ledger.schema.yaml."""
        return asdict(self)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Certificate:
        """Return it, its form checked and not its signature."""
        check(dict(wire), "ledger", "Certificate")
        return cls(**wire)


@dataclass(frozen=True)
class Countersignature:
    """The service's word that it saw this head; `time` by the service's clock."""

    interview: str
    size: int
    root: str
    time: str
    platform_key_id: str
    signature: str
    format: int = FORMAT

    def verify(self, platform_public: str) -> bool:
        """Say whether the holder of this platform key signed it."""
        return key_id_of(platform_public) == self.platform_key_id and verify_signature(
            platform_public, COUNTERSIGNATURE, _body(self), self.signature
        )

    def wire(self) -> dict[str, Any]:
        """Return `Countersignature` of ledger.schema.yaml."""
        return asdict(self)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Countersignature:
        """Return it, its form checked and not its signature."""
        check(dict(wire), "ledger", "Countersignature")
        return cls(**wire)


@dataclass(frozen=True)
class PlatformKey:
    """A public key of the platform, and from when until when it signed."""

    public_key: str
    key_id: str
    from_time: str
    until_time: str | None = None

    def wire(self) -> dict[str, Any]:
        """Return `PlatformKey` of ledger.schema.yaml."""
        return asdict(self)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> PlatformKey:
        """Return it; raises `Invalid` also when the id is not this key's."""
        check(dict(wire), "ledger", "PlatformKey")
        if key_id_of(wire["public_key"]) != wire["key_id"]:
            raise Invalid("key_id: it is not this key's", field="key_id")
        return cls(**wire)


@dataclass(frozen=True)
class Receipt:
    """What the candidate keeps. Without the service two of its parts are missing."""

    interview: str
    checkpoint: Checkpoint
    certificate: Certificate | None
    countersignature: Countersignature | None
    platform_keys: tuple[PlatformKey, ...]
    format: int = FORMAT

    def wire(self) -> dict[str, Any]:
        """Return `Receipt` of ledger.schema.yaml."""
        return {
            "format": self.format,
            "interview": self.interview,
            "checkpoint": self.checkpoint.wire(),
            "certificate": self.certificate and self.certificate.wire(),
            "countersignature": self.countersignature and self.countersignature.wire(),
            "platform_keys": [key.wire() for key in self.platform_keys],
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Receipt:
        """Return it, its form checked, and that its parts are of one interview."""
        check(dict(wire), "ledger", "Receipt")
        certified, countersigned = wire["certificate"], wire["countersignature"]
        receipt = cls(
            interview=wire["interview"],
            checkpoint=Checkpoint.from_wire(wire["checkpoint"]),
            certificate=certified and Certificate.from_wire(certified),
            countersignature=countersigned
            and Countersignature.from_wire(countersigned),
            platform_keys=tuple(map(PlatformKey.from_wire, wire["platform_keys"])),
        )
        parts = (receipt.checkpoint, receipt.certificate, receipt.countersignature)
        if any(part and part.interview != receipt.interview for part in parts):
            raise Invalid("A receipt's parts are of different interviews.")
        return receipt


def make_checkpoint(
    signer: Signer, interview: str, size: int, root: bytes, time: str
) -> Checkpoint:
    """Sign a tree's head with the interview's key; `time` as `format_time` writes."""
    body = {
        "format": FORMAT,
        "interview": interview,
        "size": size,
        "root": root.hex(),
        "time": time,
        "key_id": signer.key_id,
    }
    return Checkpoint(**body, signature=signer.sign(CHECKPOINT, body))  # type: ignore[arg-type]


def make_certificate(
    platform: Signer,
    interview: str,
    public_key: str,
    issued_at: str,
    replaces: str | None = None,
) -> Certificate:
    """Certify an interview's key with the platform's."""
    body = {
        "format": FORMAT,
        "interview": interview,
        "public_key": public_key,
        "issued_at": issued_at,
        "replaces": replaces,
        "platform_key_id": platform.key_id,
    }
    return Certificate(**body, signature=platform.sign(CERTIFICATE, body))  # type: ignore[arg-type]


def countersign(
    platform: Signer, checkpoint: Checkpoint, time: str
) -> Countersignature:
    """Sign a head that the service verified, with the platform's key."""
    root = bytes.fromhex(checkpoint.root)
    return countersign_head(platform, checkpoint.interview, checkpoint.size, root, time)


def countersign_head(
    platform: Signer, interview: str, size: int, root: bytes, time: str
) -> Countersignature:
    """Sign a head with the platform's key, also one that no room signed."""
    body = {
        "format": FORMAT,
        "interview": interview,
        "size": size,
        "root": root.hex(),
        "time": time,
        "platform_key_id": platform.key_id,
    }
    return Countersignature(**body, signature=platform.sign(COUNTERSIGNATURE, body))  # type: ignore[arg-type]


def certified(
    checkpoint: Checkpoint,
    certificates: Iterable[Certificate],
    platform_keys: Iterable[PlatformKey],
) -> Certificate | None:
    """Return the certificate under which a head is genuine; None when there is none."""
    publics = {key.key_id: key.public_key for key in platform_keys}
    for one in certificates:
        platform = publics.get(one.platform_key_id)
        if platform and one.verify(platform) and one.covers(checkpoint):
            return one
    return None
