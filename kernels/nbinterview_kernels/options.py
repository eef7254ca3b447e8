"""What the command lines of this package have in common."""

from __future__ import annotations

import argparse

from nbinterview_kernels.settings import LAYERS


def add_require(parser: argparse.ArgumentParser) -> None:
    """Add `--require`: the layers without which nothing starts, as a tuple of names."""
    parser.add_argument(
        "--require", type=_layers, default=(), help=f"of {', '.join(LAYERS)}"
    )


def _layers(text: str) -> tuple[str, ...]:
    names = tuple(name for name in text.split(",") if name)
    if unknown := set(names) - set(LAYERS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return names
