"""The options of `nbinterview evaluate`; the standard library only.

The command's help must work where the evaluate environment is missing.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

DESCRIPTION = """\
Measure recorded clips as a room would: the same geometry, engine and policy.
A CLIP is a video file or a folder of pictures. Nothing leaves this computer.
"""
EPILOG = """\
labels of clips, a CSV file:     clip,start_s,end_s,rule[,subject,condition]
labels of pictures, a CSV file:  file,faces[,subject,condition]

A clip without a row is honest. See docs/howto/evaluate.md.
"""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.description = DESCRIPTION
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "clips", nargs="+", type=Path, metavar="CLIP", help="video or folder"
    )
    truth = parser.add_mutually_exclusive_group()
    truth.add_argument(
        "--labels", type=Path, metavar="L.csv", help="what is true in the clips"
    )
    truth.add_argument(
        "--honest", action="store_true", help="nobody cheats in these clips"
    )
    parser.add_argument(
        "--policy",
        default="standard",
        metavar="P",
        help="name of a policy, or a file (default: standard)",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write all of it as JSON; - for stdout"
    )
    parser.add_argument(
        "--rate-hz",
        type=_rate,
        default=10.0,
        metavar="HZ",
        help="pictures measured a second (default: 10)",
    )
    parser.add_argument(
        "--fps",
        type=_rate,
        metavar="HZ",
        help="pictures a second of clips that do not say it: folders, raw .mjpeg",
    )
    parser.add_argument(
        "--plots",
        type=Path,
        metavar="DIR",
        help="draw timelines, and findings over thresholds",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="of the bootstrap's draws (default: 1)"
    )


def _rate(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 0 < value <= 1000):
        raise argparse.ArgumentTypeError("a number of pictures a second above 0")
    return value
