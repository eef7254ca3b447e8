"""A word in every form in which it could have slipped out."""

from __future__ import annotations

import base64
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

_MAX_BYTES = 64 * 1024 * 1024
# Of gzip, and of zlib with its usual levels.
_PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")


def forms(word: str) -> dict[str, bytes]:
    """Return the word as it is, in base64 at each place of three, reversed, in hex."""
    raw = word.encode()
    found = {
        "raw": raw,
        "reversed": raw[::-1],
        "hex": raw.hex().encode(),
        "UTF-16": word.encode("utf-16-le"),
        "URL": quote(word, safe="").encode(),
        "URL, every byte": "".join(f"%{byte:02X}" for byte in raw).encode(),
    }
    for place in range(3):
        # A character at either end may have bits of what stands beside the word.
        start, end = (0, 2, 3)[place], 8 * (place + len(raw)) // 6
        found[f"base64, {place}"] = base64.b64encode(b"\0" * place + raw)[start:end]
    return found


def hits(
    canaries: Mapping[str, str], blobs: Iterable[tuple[str, bytes]]
) -> Iterator[tuple[str, str, str]]:
    """Return (which, in what form, where) for each word that is in one of the blobs."""
    wanted = _by_shared_part(
        (name, form, data)
        for name, word in canaries.items()
        for form, data in forms(word).items()
    )
    for where, blob in blobs:
        for depth, data in enumerate((blob, *_unpacked(blob))):
            packed = " in gzip" if depth else ""
            for part, words in wanted.items():
                if part not in data:
                    continue
                for name, form, sought in words:
                    if sought in data:
                        yield name, f"{form}{packed}", where


Wanted = tuple[str, str, bytes]


def _by_shared_part(wanted: Iterable[Wanted]) -> dict[bytes, list[Wanted]]:
    """Group what is sought by its first or last bytes, whichever more have in common.

    All canaries begin alike, so a blob without that is looked through once a form.
    """
    every = list(wanted)
    counts = Counter(end for *_, data in every for end in (data[:6], data[-6:]))
    found: dict[bytes, list[Wanted]] = {}
    for one in every:
        part = max(one[2][:6], one[2][-6:], key=counts.__getitem__)
        found.setdefault(part, []).append(one)
    return found


def _unpacked(blob: bytes) -> Iterator[bytes]:
    whole = memoryview(blob)
    for found in _PACKED.finditer(blob):
        try:
            unpacked = zlib.decompressobj(zlib.MAX_WBITS | 32)
            data = unpacked.decompress(whole[found.start() :], _MAX_BYTES)
        except zlib.error:
            continue
        if data:
            yield data
