"""A second verifier, from docs/reference/bundle.md: no code of ours, no notebook."""

import hashlib
import json
import re
import zipfile
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEPT = {"room.started", "room.stopped", "interview.state", "key", "witness"}
Wire = dict[str, Any]
FIELDS = {"format", "interview", "seq", "time", "monotonic_ms", "kind", "author"}


def need(holds: object, words: str) -> None:
    if not holds:
        raise ValueError(words)


def number(value: float) -> str:
    """Number::toString of ECMAScript, from Python's shortest digits."""
    need(value - value == 0, "no number")
    mantissa, exponent = f"{abs(value)!r}e0".split("e")[:2]
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    point = len(whole) + int(exponent) - len(whole + part) + len(digits)
    digits = digits.rstrip("0") or "0"
    if 0 < point <= 21:
        digits = digits.ljust(point, "0")
        found = digits[:point] + "." * (len(digits) > point) + digits[point:]
    elif -6 < point <= 0:
        found = "0." + "0" * -point + digits
    else:
        dot = "." * (len(digits) > 1)
        found = f"{digits[0]}{dot}{digits[1:]}e{point - 1:+}"
    return ("-" * (value < 0) + found) if value else "0"


def canonical(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        pairs = (f"{canonical(name)}:{canonical(value[name])}" for name in names)
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        return number(value)
    need(type(value) is not int or abs(value) < 2**53, "a number beyond 2**53")
    return json.dumps(value, ensure_ascii=False)


def text(value: Any) -> bytes:
    return canonical(value).encode()


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def head(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01", head(leaves[:k]), head(leaves[k:]))


def key_id(public: str) -> str:
    return sha256(bytes.fromhex(public)).hex()[:16]


def signed(public: str | None, domain: str, wire: Wire) -> None:
    body = {name: wire[name] for name in wire if name != "signature"}
    need(not re.search("[^0-9a-f]", wire["signature"]) and public, f"nobody's {domain}")
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public or ""))
    message = f"nbinterview {domain}\n".encode() + text(body)
    key.verify(bytes.fromhex(wire["signature"]), message)


def leaf_of(wire: Wire, erasures: list[Wire]) -> bytes:
    body = {name: wire[name] for name in FIELDS}
    seq, kind, erased = wire["seq"], wire["kind"], wire["payload"] is None
    need(erased == (wire["salt"] is None), "half erased")
    if erased:
        spans = [one for one in erasures if one["from_seq"] <= seq <= one["to_seq"]]
        listed = any(kind in (one["kinds"] or [kind]) for one in spans)
        need(listed and kind not in KEPT, "erased, and nothing says why")
    if wire["format"] == 1:
        body |= {"payload": wire["payload"], "salt": wire["salt"]}
    else:
        need(wire["format"] == 2, "an unknown format")
        body["payload_hash"] = wire["payload_hash"]
        if not erased:
            made = sha256(bytes.fromhex(wire["salt"]), text(wire["payload"])).hex()
            need(made == wire["payload_hash"], "the payload was altered")
    need(set(wire) == {*body, "payload", "salt", "hash"}, "a strange field")
    leaf = sha256(b"\x00", text(body)).hex()
    need(leaf == wire["hash"] or (erased and wire["format"] == 1), "altered")
    return bytes.fromhex(wire["hash"])


def verify(path: Any, receipt: Wire | None = None, platform: Any = ()) -> None:
    """Raise something unless a bundle proves itself."""
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}

    def of(name: str) -> list[Any]:
        *lines, rest = members[name].split(b"\n")
        found = [json.loads(line) for line in lines]
        need(rest == b"" and list(map(text, found)) == lines, f"{name}: form")
        return found

    (manifest,), (erasures,) = of("manifest.json"), of("erasures.json")
    interview = manifest["interview"]
    publics = [one["public_key"] for one in of("platform_keys.json")[0]]
    platforms = {key_id(p): p for p in publics if not platform or p in platform}
    keys = dict(platforms) if interview == "auditlog22" else {}
    own = receipt or dict.fromkeys(("certificate", "checkpoint", "countersignature"))
    heads = of("checkpoints.jsonl")
    seen = [*of("countersignatures.jsonl"), own["countersignature"]]
    for one in filter(None, [*of("certificates.jsonl"), own["certificate"]]):
        need(one["interview"] == interview, "another interview's certificate")
        signed(platforms.get(one["platform_key_id"]), "certificate", one)
        keys[key_id(one["public_key"])] = one["public_key"]
    leaves: list[bytes] = []
    newest, ended, closed, policy = 1, False, False, None
    for wire in of("records.jsonl"):
        need(wire["interview"] == interview, "another interview's record")
        need(wire["seq"] == len(leaves) + 1, "a record is missing")
        late = closed and wire["format"] != 1
        need(wire["format"] >= newest and not late, "goes back, or after the end")
        leaves.append(leaf_of(wire, erasures))
        newest, payload = wire["format"], wire["payload"] or {}
        ended |= wire["kind"] == "interview.state" and payload.get("state") == "ended"
        closed |= ended and wire["kind"] == "room.stopped"
        policy = policy or (wire["kind"] == "room.started" and payload["policy"])
    need(manifest["records"] == len(leaves), "the end is missing")
    need(interview == "auditlog22" or of("policy.json")[0] == policy, "another policy")
    for one in filter(None, [*heads, own["checkpoint"], *seen]):
        need(one["interview"] == interview, "another interview's head")
        need(0 < one["size"] <= len(leaves), "the end was cut off")
        need(head(leaves[: one["size"]]).hex() == one["root"], "altered")
        if "key_id" in one:
            signed(keys.get(one["key_id"]), "checkpoint", one)
        else:
            signed(platforms.get(one["platform_key_id"]), "countersignature", one)
    covering = heads or filter(None, seen * (newest == 1))
    covered = max((one["size"] for one in covering), default=0)
    need(covered and (covered == len(leaves) or not closed), "signed by nobody")
