"""`python -m nbinterview_kernels.check [PYTHON]`: can kernels be sandboxed here?

Prints the answer for people. Exit code 0: yes. 1: no, with what to do.
`--require landlock,cgroup` asks for what a policy's `sandbox.require` names.
"""

from __future__ import annotations

import argparse
import sys

from nbinterview_kernels.diagnose import Ready, diagnose
from nbinterview_kernels.options import add_require
from nbinterview_kernels.refusal import Refusal


def words(found: Ready | Refusal) -> str:
    """Return the answer as text."""
    if isinstance(found, Refusal):
        return str(found)
    layers = found.layers
    group = layers["cgroup"]
    lines = [
        "Kernels run in a sandbox on this machine.",
        f"  bubblewrap     {layers['bwrap_version']} ({layers['bwrap']})",
        f"  kernel python  {found.python}",
        f"  user           uid {layers['uid']}",
        "  system calls   filtered (seccomp)",
        f"  Landlock       {layers['landlock_abi'] or 'not there'}",
        f"  control group  {'not there' if group == 'none' else group}",
        *(f"  weaker here: {what}" for what in layers["weaker"]),
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Diagnose, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="nbinterview_kernels.check")
    parser.add_argument("python", nargs="?", help="the candidates' interpreter")
    add_require(parser)
    asked = parser.parse_args(arguments)
    found = diagnose(asked.python, required=asked.require)
    refused = isinstance(found, Refusal)
    print(words(found), file=sys.stderr if refused else sys.stdout)
    return int(refused)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
