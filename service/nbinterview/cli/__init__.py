"""The command `nbinterview`: start the platform, and speak to it as its operator.

What touches an interview goes through the service's REST with the operator token,
so the command line can do nothing that the interface does not check.
One module for each group of commands; each adds its own arguments.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from nbinterview import __version__
from nbinterview.cli import (
    audit,
    error_rates,
    evaluate,
    export,
    interviews,
    keys,
    person,
    purge,
    replay,
    rerun,
    rescore,
    verify,
)
from nbinterview.cli.client import Service
from nbinterview.errors import NBInterviewError
from nbinterview.home import Home

__all__ = ["Service", "main"]


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
    interviews.interview_commands(
        _group(commands, "interview", "make and run interviews")
    )
    interviews.invitation_commands(
        _group(commands, "invitation", "links that were given out")
    )
    error_rates.add_commands(
        _group(commands, "error-rates", "how often findings were wrong on people")
    )
    interviews.record_commands(_group(commands, "record", "an interview as a file"))
    replay.add_command(commands)
    rerun.add_command(commands)
    rescore.add_command(commands)
    evaluate.add_command(commands)
    export.add_command(commands)
    verify.add_command(commands)
    purge.add_command(commands)
    person.add_commands(_group(commands, "person", "what a candidate may ask for"))
    audit.add_command(commands)
    keys.add_commands(_group(commands, "key", "the platform's signing key"))
    return parser


def _group(commands: Any, name: str, text: str) -> Any:
    group = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    return group.add_subparsers(dest="action", required=True, metavar="ACTION")


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
        if parsed.command == "evaluate":
            return evaluate.main(given[1:])
        if parsed.command == "rescore":
            return rescore.main(parsed)
        if parsed.command == "verify":
            return verify.main(parsed)
        if parsed.command == "key":
            return keys.main(parsed)
        found: int | None = parsed.run(Service.find(Home.from_env()), parsed)
    except NBInterviewError as error:
        print(f"nbinterview: {error.detail}", file=sys.stderr)
        failure: int = getattr(parsed, "failure", 1)
        return failure
    return found or 0
