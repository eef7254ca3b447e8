"""The inner stage: the last locks from within the sandbox, then the kernel.

Handed into the sandbox as data, so that it needs nothing of ours there. Its one
argument is the path of `command.stage_task`, marshalled. Anything that fails ends it.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PR_SET_NO_NEW_PRIVS = 38
SYS_CREATE_RULESET, SYS_ADD_RULE, SYS_RESTRICT_SELF = 444, 445, 446
RULE_PATH_BENEATH = 1
RIGHTS_OF_A_FILE = 1 | 2 | 4 | 16384 | 32768


class RulesetAttribute(ctypes.Structure):
    """struct landlock_ruleset_attr."""

    _fields_ = [
        ("fs", ctypes.c_uint64),
        ("net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class PathRule(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def call(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    """Make one system call or raise OSError."""
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock call {number}: {os.strerror(code)}")
    return result


def restrict(wanted: dict[str, Any]) -> None:
    """Put a `landlock.ruleset` into force for this process and its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    attribute = RulesetAttribute(wanted["handled"], 0, wanted["scoped"])
    # An older kernel refuses a longer structure only if its unknown tail is not zero.
    size = ctypes.c_size_t(ctypes.sizeof(attribute))
    zero = ctypes.c_uint32(0)
    ruleset = call(libc, SYS_CREATE_RULESET, ctypes.byref(attribute), size, zero)
    for path, rights in wanted["rules"]:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = rights if os.path.isdir(path) else rights & RIGHTS_OF_A_FILE  # noqa: PTH112
        rule = PathRule(allowed, parent)
        call(libc, SYS_ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), zero)
        os.close(parent)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    call(libc, SYS_RESTRICT_SELF, ruleset, zero)
    os.close(ruleset)


def main() -> None:
    """Do the whole task, tell the server, and become the kernel."""
    with open(sys.argv[1], "rb") as file:  # noqa: PTH123
        task = marshal.load(file)  # noqa: S302  # the server's
    for name, value in task["rlimits"].items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (least, least))
    if task["landlock"] is not None:
        restrict(task["landlock"])
    os.write(task["ready_fd"], b"1")
    os.close(task["ready_fd"])
    os.execv(task["argv"][0], task["argv"])  # noqa: S606


if __name__ == "__main__":
    main()
