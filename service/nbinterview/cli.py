"""The command `nbinterview`: start the platform, and speak to it as its operator.

Everything but `up` and `serve` goes through the service's REST with the operator
token, so the command line can do nothing that the interface does not check.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbinterview import __version__
from nbinterview.errors import Invalid, NBInterviewError, Unavailable
from nbinterview.home import Addresses, Home

_EXPORT_CHUNK_BYTES = 1024 * 1024


# --------------------------------------------------------------- the service


@dataclass(frozen=True)
class Service:
    """The running service, as the operator reaches it."""

    api: str
    token: str

    @classmethod
    def find(cls, home: Home) -> Service:
        """Find it by the environment, or by what the supervisor left in the home."""
        env = dict(os.environ)
        if "NBINTERVIEW_SERVICE_PORT" in env:
            api = f"http://127.0.0.1:{int(env['NBINTERVIEW_SERVICE_PORT'])}"
            api += "/services/nbinterview/api/v1"
        else:
            api = Addresses.from_env(_run_file(home)).service_api
        return cls(api, home.secret("operator_token"))

    def call(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        content: Iterator[bytes] | None = None,
    ) -> Any:
        """Return the JSON that the service answers; raise its refusal as our error."""
        import httpx

        with self._client() as client:
            try:
                answer = client.request(method, path, json=body, content=content)
            except httpx.HTTPError as error:
                raise _no_answer() from error
        _check(answer)
        return answer.json()

    def download(self, path: str) -> Iterator[bytes]:
        """Yield a long answer as it comes."""
        import httpx

        with self._client() as client:
            try:
                with client.stream("GET", path) as answer:
                    if answer.is_error:
                        answer.read()
                    _check(answer)
                    yield from answer.iter_bytes(_EXPORT_CHUNK_BYTES)
            except httpx.HTTPError as error:
                raise _no_answer() from error

    def _client(self) -> Any:
        import httpx

        return httpx.Client(
            base_url=self.api,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=httpx.Timeout(120, connect=5),
            trust_env=False,
        )


def _run_file(home: Home) -> dict[str, str]:
    try:
        ports: dict[str, str] = json.loads((home.path / "run.json").read_text("utf-8"))[
            "ports"
        ]
    except (OSError, ValueError, KeyError) as error:
        raise Unavailable(
            f"No platform is running in {home.path}. Start it with ./run first."
        ) from error
    return ports


def _no_answer() -> Unavailable:
    return Unavailable(
        "The interview service does not answer. Is the platform running (./run)?"
    )


def _check(answer: Any) -> None:
    if not answer.is_error:
        return
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"The service answered {answer.status_code}."
    raise NBInterviewError(str(detail))


# -------------------------------------------------------------- the commands


def _create(service: Service, given: argparse.Namespace) -> None:
    body = {
        "template": _template(given.template),
        "candidate": given.candidate,
        "interviewers": given.interviewer,
        "valid_days": given.valid_days,
        "policy": given.policy,
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


def _withdraw(service: Service, given: argparse.Namespace) -> None:
    found = service.call("POST", f"/invitations/{given.id}/withdraw")
    print(f"The link of {found['person']['display_name']} is withdrawn.")


def _export(service: Service, given: argparse.Namespace) -> None:
    # Under another name until it is whole; no time inside, so equal exports are equal.
    partial = given.file.with_name(given.file.name + ".part")
    try:
        with (
            partial.open("wb") as raw,
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        ):
            for chunk in service.download(f"/interviews/{given.id}/record"):
                packed.write(chunk)
        partial.replace(given.file)
    except OSError as error:
        raise Invalid(f"{given.file}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    print(f"Exported to {given.file}.")


def _import(service: Service, given: argparse.Namespace) -> None:
    path = f"/records/import?sample={str(given.sample).lower()}"
    found = service.call("POST", path, content=_unpacked(given.file))
    if given.json:
        _print_json(found)
    else:
        print(f"Interview {found['id']}: {found['records']} records.")


def _unpacked(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as packed:
            while chunk := packed.read(_EXPORT_CHUNK_BYTES):
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
    for note in found["notes"]:
        print(f"  template: {note}")
    for item in links:
        print(f"  {item['role']:<11}  {item['name']}  {item['url'] or item['state']}")


# -------------------------------------------------------------- the arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nbinterview", description="Data-science interviews in real notebooks."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser(
        "up", help="start the whole platform on this computer", add_help=False
    )
    up.set_defaults(run=None)
    commands.add_parser("serve", help="run the service alone").set_defaults(run=None)
    _interview_commands(_group(commands, "interview", "make and run interviews"))
    _invitation_commands(_group(commands, "invitation", "links that were given out"))
    _record_commands(_group(commands, "record", "an interview as a file"))
    return parser


def _group(commands: Any, name: str, text: str) -> Any:
    group = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    return group.add_subparsers(dest="action", required=True, metavar="ACTION")


def _interview_commands(actions: Any) -> None:
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
    create.add_argument("--policy", default="standard", metavar="NAME")
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


def _invitation_commands(actions: Any) -> None:
    withdraw = actions.add_parser("withdraw", help="make a link invalid")
    withdraw.add_argument("id")
    withdraw.set_defaults(run=_withdraw)


def _record_commands(actions: Any) -> None:
    export = actions.add_parser("export", help="write an interview to a file")
    export.add_argument("id")
    export.add_argument("file", type=Path, metavar="FILE.jsonl.gz")
    export.set_defaults(run=_export)
    bring = actions.add_parser("import", help="take in an exported interview")
    bring.add_argument("file", type=Path, metavar="FILE.jsonl.gz")
    bring.add_argument("--sample", action="store_true", help="mark it as a sample")
    _with_json(bring).set_defaults(run=_import)


def _with_json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["up"]:
        # It has options of its own.
        from nbinterview_hub import supervisor

        status: int = supervisor.main(given[1:])
        return status
    parsed = _parser().parse_args(given)
    if parsed.command == "serve":
        from nbinterview.service.__main__ import main as serve

        return serve()
    try:
        parsed.run(Service.find(Home.from_env()), parsed)
    except NBInterviewError as error:
        print(f"nbinterview: {error.detail}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
