"""Generate the wire's Python types from the schemas; `--check` fails when stale.

The TypeScript types come from the same files by `npm run types`;
`--check` looks at both.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "service/nbinterview/schemas"
TYPESCRIPT = {
    "proctor_widget/js": ROOT / "proctor_widget/js/src/generated/live.ts",
    "dashboard/replay": ROOT / "dashboard/replay/src/generated/film.ts",
}
HEADER = '"""Generated from {name}.schema.yaml by scripts/generate_types.py."""'
TARGETS = {name: SCHEMAS / f"{name}_types.py" for name in ("live", "room", "film")}


def python_types(name: str) -> str:
    """Return the TypedDicts of one schema."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "types.py"
        subprocess.run(
            [
                str(Path(sys.executable).parent / "datamodel-codegen"),
                *("--input", str(SCHEMAS / f"{name}.schema.yaml")),
                *("--output", str(output)),
                *("--input-file-type", "jsonschema"),
                *("--output-model-type", "typing.TypedDict"),
                *("--target-python-version", "3.11"),
                *("--enum-field-as-literal", "all"),
                *("--formatters", "builtin"),
                *("--custom-file-header", HEADER.format(name=name)),
                "--use-union-operator",
                "--use-standard-collections",
                "--disable-timestamp",
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        text = output.read_text("utf-8")
    # What is closed is said by the schema; mypy and readers do without.
    text = text.replace(", closed=True", "").replace(
        "from typing_extensions import TypedDict\n", ""
    )
    text = text.replace("import Any, ", "import Any, TypedDict, ")
    if "TypedDict" not in text.split("class ", 1)[0]:
        text = text.replace("from typing import ", "from typing import TypedDict, ", 1)
    return _formatted(text)


def _formatted(text: str) -> str:
    ruff = str(Path(sys.executable).parent / "ruff")
    for arguments in (
        ["check", "--fix", "--exit-zero", "--quiet", "-"],
        ["format", "--quiet", "-"],
    ):
        run = subprocess.run(
            [ruff, *arguments, "--stdin-filename", str(SCHEMAS / "x.py")],
            input=text,
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        text = run.stdout
    return text


def _is_stale(workspace: str, path: Path) -> bool:
    """Say whether `npm run types` would change the file; leave it as it is."""
    before = path.read_text("utf-8")
    command = ["npm", "run", "--silent", "types", "-w", workspace]
    subprocess.run(command, cwd=ROOT, check=True)
    fresh = path.read_text("utf-8")
    path.write_text(before, "utf-8")
    return fresh != before


def main(arguments: list[str]) -> int:
    """Write the types, or with `--check` compare them."""
    fresh = {path: python_types(name) for name, path in TARGETS.items()}
    if "--check" not in arguments:
        for path, text in fresh.items():
            path.write_text(text, "utf-8")
        return 0
    stale = [
        path
        for path, text in fresh.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    stale += [path for part, path in TYPESCRIPT.items() if _is_stale(part, path)]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is stale: run scripts/generate_types.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
