"""The audit log: who of the staff did and looked at what."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from nbinterview.cli import verify
from nbinterview.cli.client import Service
from nbinterview.cli.files import save
from nbinterview.errors import NBInterviewError

_MOST = 500


def add_command(commands: Any) -> None:
    """Add `nbinterview audit`."""
    parser = commands.add_parser(
        "audit",
        help="who of the staff did and looked at what",
        description=(
            "Show the audit log, newest first: sign-ins, interviews, links and roles, "
            "decisions, exports, erasures, keys, and who looked at what."
        ),
    )
    parser.add_argument("--about", metavar="ID", help="an interview or a person (p-…)")
    parser.add_argument("--who", metavar="P", help="a person (p-…) or operator")
    parser.add_argument("--kind", metavar="WHAT", help="as viewed, export or erasure")
    parser.add_argument("--limit", type=int, default=50, metavar="N")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE.zip",
        help="write the whole log as a file that nbinterview verify takes",
    )
    parser.add_argument(
        "--verify", action="store_true", help="check that the log was not altered"
    )
    parser.add_argument(
        "--page", action="store_true", help="print a link to the log as a page"
    )
    parser.set_defaults(run=_audit)


def _audit(service: Service, given: argparse.Namespace) -> int:
    if given.page:
        print(service.call("POST", "/audit/page")["url"])
        return 0
    if given.output is not None:
        save(service, "/audit/bundle", given.output)
        print(f"The audit log is in {given.output}. Check it: nbinterview verify")
    if given.verify:
        return _verify(service, given)
    if given.output is None:
        _show(service, given)
    return 0


def _verify(service: Service, given: argparse.Namespace) -> int:
    keys = [one["public_key"] for one in service.call("GET", "/keys")["keys"]]
    with tempfile.TemporaryDirectory() as folder:
        target = given.output or Path(folder) / "audit-log.zip"
        if given.output is None:
            save(service, "/audit/bundle", target)
        asked = argparse.Namespace(
            bundle=target, receipt=None, platform_key=keys, json=given.json
        )
        return verify.main(asked)


def _show(service: Service, given: argparse.Namespace) -> None:
    query = {
        "about": given.about or "",
        "author": given.who or "",
        "kind": given.kind or "",
        "limit": max(1, min(given.limit, _MOST)),
    }
    found = service.call("GET", f"/audit?{urlencode(query)}")
    if given.json:
        print(json.dumps(found["records"], ensure_ascii=False, indent=2))
    else:
        for one in found["records"]:
            facts = dict(one["payload"])
            about = facts.pop("about", None) or "-"
            kind = one["kind"].removeprefix("audit.")
            told = " ".join(f"{key}={_plain(value)}" for key, value in facts.items())
            print(
                f"{one['time'][:19]}Z  {one['author']:<12}  {kind:<12}  {about}  {told}"
            )
    if found["clock"]:
        print(found["clock"], file=sys.stderr)
    if found["broken"]:
        raise NBInterviewError(f"The audit log was altered: {found['broken']}.")


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
