"""Inputs that are nearly right: bytes and JSON, changed a little, from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

MAX_BYTES = 4096
_BYTES = (0, 1, 2, 3, 4, 7, 8, 0x1F, 0x7F, 0x80, 0x81, 0xC0, 0xFE, 0xFF)
_RUNS = (
    b"\xff" * 9 + b"\x01",  # an integer of 64 bits
    b"\xff\xff\xff\xff\x0f",
    b"\xed\xa0\x80",  # half a character
    b"\xf4\x90\x80\x80",
    b"\x80" * 12,
    b"[" * 1200,
    b'{"a":' * 300,
    b"\\ud800",
    b"1e999",
    b"-9007199254740993",
    b"NaN",
    b"\x00" * 16,
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, "", 0, -1, 2**53, 2**63, 10**400, -0.0, 1e308),
    *("\ud800", "\x00", "\U0010ffff", "a" * 70_000, "__proto__", "../../x"),
    *([], {}, [[]], {"": {}}, [None] * 300, {"a" * 300: 1}),
)


def mutated(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Return one seed after one to six changes; some as JSON, if it is that."""
    data = random.choice(seeds)
    if data[:1] in (b"{", b"[") and random.random() < 0.6:
        data = _json_mutated(random, data)
    for _ in range(random.choice((0, 1, 1, 2, 3, 6))):
        data = random.choice(_CHANGES)(random, data, seeds)
    return data[:MAX_BYTES] if len(data) < 60_000 else data


def _flip(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    place = random.randrange(len(data) + 1)
    flipped = bytes(one ^ 1 << random.randrange(8) for one in data[place : place + 1])
    return data[:place] + flipped + data[place + 1 :]


def _set(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + bytes([random.choice(_BYTES)]) + data[place + 1 :]


def _insert(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.choice(_RUNS) + data[place:]


def _cut(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:start] + data[end:]


def _end(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _repeat(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[start:]


def _splice(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = random.choice(seeds)
    return (
        data[: random.randrange(len(data) + 1)]
        + other[random.randrange(len(other) + 1) :]
    )


_CHANGES: tuple[Callable[[Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip,
    _set,
    _set,
    _insert,
    _cut,
    _end,
    _repeat,
    _splice,
)


def _json_mutated(random: Random, data: bytes) -> bytes:
    try:
        whole = [json.loads(data)]
    except ValueError:
        return data
    node: Any = whole
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        key = random.choice(keys)
        below = node[key]
        if isinstance(below, dict | list) and below and random.random() < 0.8:
            node = below
            continue
        break
    change = random.random()
    if change < 0.2 and node is not whole:
        del node[key]
    elif change < 0.3 and isinstance(node, dict):
        node[random.choice(("", "x" * 70, "\ud800", "hash"))] = below
    else:
        node[key] = random.choice(_VALUES)
    return json.dumps(whole[0]).encode() if whole else b""
