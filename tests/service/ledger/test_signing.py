"""Keys: made safely, replaced without forgetting, and good for one purpose only."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nbinterview.errors import Invalid, Unavailable
from nbinterview.ledger.checkpoints import (
    Certificate,
    Checkpoint,
    Countersignature,
    PlatformKey,
    Receipt,
    certified,
    countersign,
    make_certificate,
    make_checkpoint,
)
from nbinterview.ledger.signing import (
    Signer,
    load,
    load_or_make,
    old_keys,
    rotate,
    verify_signature,
)

HERE, THERE = "aaaaaaaaaa", "bbbbbbbbbb"
NOON = "2026-11-23T12:00:00.000000Z"


def a_signer(seed: int = 1) -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def a_platform_key(signer: Signer) -> PlatformKey:
    return PlatformKey(signer.public, signer.key_id, NOON)


def test_the_signature_of_rfc_8032s_first_key() -> None:
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    signer = Signer(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))
    assert signer.public == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert signer.key_id == "21fe31dfa154a261"


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.key"
    made = load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_or_make(path).public == made.public
    assert [one.name for one in path.parent.iterdir()] == ["signing.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "signing.key"
    load_or_make(path)
    path.chmod(mode)
    with pytest.raises(Unavailable, match="chmod 600"):
        load_or_make(path)


def test_a_damaged_key_is_said(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    path.write_bytes(b"no key")
    path.chmod(0o600)
    with pytest.raises(Unavailable, match="damaged"):
        load_or_make(path)


def test_rotation_keeps_the_old_public_key_and_destroys_the_private(
    tmp_path: Path,
) -> None:
    path = tmp_path / "platform.key"
    old = load_or_make(path)
    with path.open("rb") as still_open:
        new = rotate(path, datetime(2026, 11, 23, 12, tzinfo=UTC))
        still_open.seek(0)
        assert set(still_open.read()) == {0}
    assert new.public != old.public
    assert load(path).public == new.public
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (kept,) = old_keys(path)
    assert PlatformKey.from_wire(kept).public_key == old.public
    assert kept["until_time"] == NOON
    third = rotate(path, datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert [one["public_key"] for one in old_keys(path)] == [old.public, new.public]
    assert load(path).public == third.public


def test_an_old_key_under_a_wrong_name_is_said(tmp_path: Path) -> None:
    path = tmp_path / "platform.key"
    load_or_make(path)
    rotate(path, datetime(2026, 11, 23, 12, tzinfo=UTC))
    (kept,) = (tmp_path / "old").iterdir()
    wire = json.loads(kept.read_text())
    kept.write_text(json.dumps({**wire, "public_key": "00" * 32}))
    with pytest.raises(Unavailable, match="damaged"):
        old_keys(path)


def test_a_signature_is_good_for_its_purpose_only() -> None:
    signer, body = a_signer(), {"a": 1}
    signature = signer.sign("checkpoint", body)
    assert verify_signature(signer.public, "checkpoint", body, signature)
    assert not verify_signature(signer.public, "certificate", body, signature)
    assert not verify_signature(signer.public, "checkpoint", {"a": 2}, signature)
    assert not verify_signature(a_signer(2).public, "checkpoint", body, signature)
    for broken in ("", "zz", signature[:-2], "00" * 64):
        assert not verify_signature(signer.public, "checkpoint", body, broken)
    assert not verify_signature("00", "checkpoint", body, signature)


@pytest.mark.parametrize("other", ["{}\n", " {}", "{} "])
def test_a_signature_has_one_way_to_be_written(other: str) -> None:
    signer = a_signer()
    good = signer.sign("checkpoint", {"size": 1})
    assert verify_signature(signer.public, "checkpoint", {"size": 1}, good)
    for public, signature in (
        (signer.public, other.format(good)),
        (other.format(signer.public), good),
        (signer.public.upper(), good),
        (signer.public, good.upper()),
    ):
        assert not verify_signature(public, "checkpoint", {"size": 1}, signature)


def test_what_is_signed_survives_the_wire() -> None:
    room, platform = a_signer(), a_signer(2)
    checkpoint = make_checkpoint(room, HERE, 5, b"\x01" * 32, NOON)
    certificate = make_certificate(platform, HERE, room.public, NOON)
    seen = countersign(platform, checkpoint, NOON)
    key = a_platform_key(platform)
    assert Checkpoint.from_wire(checkpoint.wire()).verify(room.public)
    assert Certificate.from_wire(certificate.wire()).verify(platform.public)
    assert Countersignature.from_wire(seen.wire()).verify(platform.public)
    for receipt in (
        Receipt(HERE, checkpoint, certificate, seen, (key,)),
        Receipt(HERE, checkpoint, None, None, ()),
    ):
        assert Receipt.from_wire(json.loads(json.dumps(receipt.wire()))) == receipt


def test_a_key_certified_for_one_interview_signs_no_others_head() -> None:
    room, platform = a_signer(), a_signer(2)
    certificate = make_certificate(platform, HERE, room.public, NOON)
    keys = [a_platform_key(platform)]
    own = make_checkpoint(room, HERE, 5, bytes(32), NOON)
    others = make_checkpoint(room, THERE, 5, bytes(32), NOON)
    assert certified(own, [certificate], keys) == certificate
    assert certified(others, [certificate], keys) is None
    assert certified(own, [certificate], [a_platform_key(room)]) is None
    by_itself = make_certificate(room, HERE, room.public, NOON)
    assert certified(own, [by_itself], keys) is None


def test_a_receipt_of_mixed_interviews_is_refused() -> None:
    room, platform = a_signer(), a_signer(2)
    checkpoint = make_checkpoint(room, HERE, 5, bytes(32), NOON)
    certificate = make_certificate(platform, THERE, room.public, NOON)
    with pytest.raises(Invalid):
        Receipt.from_wire(Receipt(HERE, checkpoint, certificate, None, ()).wire())


def test_a_platform_key_with_anothers_id_is_refused() -> None:
    wire = a_platform_key(a_signer()).wire()
    with pytest.raises(Invalid):
        PlatformKey.from_wire({**wire, "key_id": a_signer(2).key_id})
