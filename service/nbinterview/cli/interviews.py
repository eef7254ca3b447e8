"""Interviews, invitations and records: made, shown, moved as files."""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbinterview.cli.client import Service
from nbinterview.cli.export import write_lines
from nbinterview.errors import Invalid

_CHUNK_BYTES = 1024 * 1024
_SENSORS = ("camera", "focus", "clipboard")


def interview_commands(actions: Any) -> None:
    create = actions.add_parser("create", help="make an interview; print its links")
    create.add_argument("--template", type=Path, required=True, metavar="T.ipynb")
    create.add_argument("--candidate", required=True, metavar="NAME")
    create.add_argument(
        "--interviewer",
        required=True,
        action="append",
        metavar="NAME",
        help="a name, or the id (p-…) of a known person; may be repeated",
    )
    create.add_argument("--reviewer", metavar="NAME", help="invite a reviewer as well")
    create.add_argument("--title")
    create.add_argument(
        "--policy",
        required=True,
        metavar="NAME",
        help="what is noticed: no-camera, standard, strict or unwatched",
    )
    create.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="WHAT",
        help="documentation or ai: what its questions allow; may be repeated",
    )
    create.add_argument(
        "--accommodate",
        action="append",
        default=[],
        metavar="WHAT=HOW",
        help=(
            "for this candidate, and told to nobody who judges: camera=off, "
            "looking_away=off, looking_away=2 for twice as long and wide, or "
            "external_paste=5 for texts five times as long; may be repeated"
        ),
    )
    create.add_argument("--valid-days", type=int, default=14, metavar="N")
    create.add_argument("--start", action="store_true", help="open it at once")
    _with_json(create).set_defaults(run=_create)
    _with_json(actions.add_parser("list", help="all interviews")).set_defaults(
        run=_list
    )
    for name, run, text in (
        ("show", _show, "one interview and its links"),
        ("start", _start, "open it and start its room"),
        ("end", _end, "end it; its record is kept"),
    ):
        one = actions.add_parser(name, help=text)
        one.add_argument("id")
        _with_json(one).set_defaults(run=run)

    branch = actions.add_parser(
        "branch", help="open a copy of one moment, with a live Python"
    )
    branch.add_argument("id")
    branch.add_argument(
        "--at",
        required=True,
        metavar="TIME",
        help="since the opening: 00:23:10, 23:10 or seconds",
    )
    _with_json(branch).set_defaults(run=_branch)


def invitation_commands(actions: Any) -> None:
    withdraw = actions.add_parser("withdraw", help="make a link invalid")
    withdraw.add_argument("id")
    withdraw.set_defaults(run=_withdraw)


def record_commands(actions: Any) -> None:
    export = actions.add_parser("export", help="write an interview to a file")
    export.add_argument("id")
    export.add_argument("file", type=Path, metavar="FILE.jsonl.gz")
    export.set_defaults(run=_export)
    bring = actions.add_parser(
        "import",
        help="take in an exported interview",
        description=(
            "Take in what nbinterview record export wrote. Such a file has no "
            "signatures: here the record can be read and no longer proves itself. "
            "What does is the bundle that nbinterview export wrote where it was held."
        ),
    )
    bring.add_argument("file", type=Path, metavar="FILE.jsonl.gz")
    bring.add_argument("--sample", action="store_true", help="mark it as a sample")
    _with_json(bring).set_defaults(run=_import)


def _with_json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _create(service: Service, given: argparse.Namespace) -> None:
    body = {
        "template": _template(given.template),
        "candidate": given.candidate,
        "interviewers": given.interviewer,
        "valid_days": given.valid_days,
        "policy": given.policy,
        "allows": given.allow,
        "accommodations": _accommodations(given.accommodate),
    }
    for name in ("reviewer", "title"):
        if getattr(given, name) is not None:
            body[name] = getattr(given, name)
    made = service.call("POST", "/interviews", body=body)
    if given.start:
        interview_id = made["interview"]["id"]
        started = service.call("POST", f"/interviews/{interview_id}/start")
        made["interview"] = started["interview"]
    _print_interview(made, as_json=given.json)


def _accommodations(given: list[str]) -> dict[str, Any]:
    """Return the accommodations that `WHAT=HOW` asks for; the service checks them."""
    off: list[str] = []
    wider: dict[str, float] = {}
    for one in given:
        name, _, how = one.partition("=")
        if how == "off":
            off.append(name)
            continue
        try:
            wider[name] = float(how)
        except ValueError as error:
            raise Invalid(
                f"--accommodate {one}: say NAME=off, or NAME=2 for twice as long."
            ) from error
    return {
        "sensors_off": [name for name in off if name in _SENSORS],
        "findings_off": [name for name in off if name not in _SENSORS],
        "wider": wider,
    }


def _template(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_bytes())
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise Invalid(f"{path} is not a Jupyter notebook: it is not JSON.") from error
    if not isinstance(loaded, dict):
        raise Invalid(f"{path} is not a Jupyter notebook.")
    return loaded


def _list(service: Service, given: argparse.Namespace) -> None:
    found = service.call("GET", "/interviews")
    if given.json:
        _print_json(found["interviews"])
        return
    for item in found["interviews"]:
        sample = "  (sample)" if item["sample"] else ""
        print(f"{item['id']}  {item['state']:<9}  {item['title']}{sample}")


def _show(service: Service, given: argparse.Namespace) -> None:
    found = service.call("GET", f"/interviews/{given.id}")
    _print_interview(found, as_json=given.json)


def _start(service: Service, given: argparse.Namespace) -> None:
    found = service.call("POST", f"/interviews/{given.id}/start")
    _print_interview(found, as_json=given.json)


def _end(service: Service, given: argparse.Namespace) -> None:
    found = service.call("POST", f"/interviews/{given.id}/end")
    _print_interview(found, as_json=given.json)


def _branch(service: Service, given: argparse.Namespace) -> None:
    from nbinterview.ledger.moments import parse_moment

    body = {"at_ms": parse_moment(given.at)}
    found = service.call("POST", f"/interviews/{given.id}/branches", body=body)
    _print_interview(found, as_json=given.json)
    if not given.json:
        print(f"  its page: {found['page_url']}")


def _withdraw(service: Service, given: argparse.Namespace) -> None:
    found = service.call("POST", f"/invitations/{given.id}/withdraw")
    print(f"The link of {found['person']['display_name']} is withdrawn.")


def _export(service: Service, given: argparse.Namespace) -> None:
    write_lines(service, given.id, given.file)


def _import(service: Service, given: argparse.Namespace) -> None:
    path = f"/records/import?sample={str(given.sample).lower()}"
    found = service.call("POST", path, content=_unpacked(given.file))
    if given.json:
        _print_json(found)
    else:
        print(
            f"Interview {found['id']}: {found['records']} records. Their signatures "
            "did not come along: keep the bundle (nbinterview export) as the proof."
        )


def _unpacked(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as packed:
            while chunk := packed.read(_CHUNK_BYTES):
                yield chunk
    except (OSError, EOFError) as error:
        raise Invalid(f"{path} is not an exported record ({error}).") from error


def _print_json(found: object) -> None:
    print(json.dumps(found, ensure_ascii=False, indent=2))


def _print_interview(found: dict[str, Any], *, as_json: bool) -> None:
    summary = found["interview"]
    links = [
        {
            "id": item["id"],
            "role": item["role"],
            "name": item["person"]["display_name"],
            "hub_name": item["person"]["hub_name"],
            "state": item["state"],
            "url": item["url"],
        }
        for item in found["invitations"]
    ]
    if as_json:
        first = {item["role"]: item["url"] for item in reversed(links)}
        _print_json(
            {
                "id": summary["id"],
                "title": summary["title"],
                "state": summary["state"],
                "policy": found["policy"],
                "allows": found["allows"],
                "accommodations": found["accommodations"],
                "notes": found["notes"],
                "page_url": found["page_url"],
                "report_url": found["report_url"],
                "links": first,
                "invitations": links,
                "record": summary["record"],
            }
        )
        return
    print(f"{summary['id']}  {summary['state']}  {summary['title']}")
    if found["policy"] is not None:
        print(f"  policy: {found['policy']['title']} ({found['policy']['name']})")
    if found["allows"]:
        print(f"  allowed: {', '.join(found['allows'])}")
    for note in found["notes"]:
        print(f"  template: {note}")
    for item in links:
        print(f"  {item['role']:<11}  {item['name']}  {item['url'] or item['state']}")
