"""The browser's witness is tested with what Python's ledger says today."""

from __future__ import annotations

from tests.lab import witness_vectors


def test_the_browser_is_tested_with_what_the_ledger_says() -> None:
    assert witness_vectors.PATH.read_text("ascii") == witness_vectors.text(), (
        "write it anew: python -m tests.lab.witness_vectors"
    )
