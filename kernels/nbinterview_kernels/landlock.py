"""Landlock rules for each version of the kernel's interface.

The second lock on the file system: it narrows the connection directory to sockets
(no host disk can be filled through it), and puts process 1 out of reach.
"""

from __future__ import annotations

import ctypes
from typing import Any

from nbinterview_kernels.settings import CONNECTION_DIR, HOME

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REMOVE_DIR, REMOVE_FILE = 16, 32
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK = 64, 128, 256, 512
MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = 1024, 2048, 4096
REFER, TRUNCATE, IOCTL_DEV = 8192, 16384, 32768

_ABI_1 = (1 << 13) - 1
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2
_SYS_CREATE_RULESET, _VERSION_FLAG = 444, 1

_READ = EXECUTE | READ_FILE | READ_DIR
_DEVICE = READ_FILE | WRITE_FILE | IOCTL_DEV

RULES: tuple[tuple[str, int], ...] = (
    ("/", _READ),
    ("/tmp", ~(MAKE_CHAR | MAKE_BLOCK)),  # noqa: S108
    (HOME, ~(MAKE_CHAR | MAKE_BLOCK)),
    ("/dev/shm", ~(MAKE_CHAR | MAKE_BLOCK)),  # noqa: S108
    ("/dev/null", _DEVICE),
    ("/dev/zero", _DEVICE),
    ("/dev/full", _DEVICE),
    ("/dev/random", _DEVICE),
    ("/dev/urandom", _DEVICE),
    # "!command" in a cell runs in a pseudo-terminal.
    ("/dev/pts", _DEVICE | READ_DIR),
    (CONNECTION_DIR, READ_FILE | READ_DIR | MAKE_SOCK | REMOVE_FILE),
)


def handled(abi: int) -> int:
    """Return the file-system rights that this version can deny."""
    rights = _ABI_1
    for least, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)):
        if abi >= least:
            rights |= right
    return rights


def ruleset(abi: int) -> dict[str, Any]:
    """Return the rule set for the inner stage; `abi` is at least 1."""
    rights = handled(abi)
    return {
        "handled": rights,
        "scoped": _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if abi >= 6 else 0,
        "rules": [[path, allowed & rights] for path, allowed in RULES],
    }


def abi() -> int:
    """Return this kernel's Landlock version, 0 where there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    flag = ctypes.c_uint32(_VERSION_FLAG)
    size = ctypes.c_size_t(0)
    return max(0, int(libc.syscall(_SYS_CREATE_RULESET, None, size, flag)))
