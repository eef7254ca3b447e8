"""Appends to pymerkle's SqliteTree for a while; run by the peers' own interpreter."""

from __future__ import annotations

import json
import os
import sys
import time

from pymerkle import SqliteTree  # type: ignore[import-not-found]


def main(path: str, seconds: str, size_bytes: str) -> None:
    """Append entries of random bytes; print how many, and how long it took."""
    until_s = float(seconds)
    entries = 0
    with SqliteTree(path, algorithm="sha256") as tree:
        began_s = time.perf_counter()
        while (took_s := time.perf_counter() - began_s) < until_s:
            tree.append_entry(os.urandom(int(size_bytes)))
            entries += 1
    print(json.dumps({"entries": entries, "took_s": took_s}))


main(*sys.argv[1:])
