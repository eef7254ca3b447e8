"""The platform's signing key: show the public halves, replace it.

Works on the key's file, so that it can be done while nothing runs; a running service
follows by itself.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbinterview.errors import NotFound
from nbinterview.home import Home

_FOREVER = "in use"


def add_commands(actions: Any) -> None:
    """Add `nbinterview key show` and `nbinterview key rotate`."""
    show = actions.add_parser(
        "show",
        help="print the platform's public keys",
        description=(
            "Print the public keys that this platform signs with and has signed with. "
            "Give them to who verifies (nbinterview verify --platform-key)."
        ),
    )
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(run=None, act=_show)
    rotate = actions.add_parser(
        "rotate",
        help="make a new key and destroy the old one",
        description=(
            "Make a new signing key. The old private key is destroyed; its public half "
            "is kept for ever, so what it signed still verifies. A running service "
            "signs with the new one from then on."
        ),
    )
    rotate.add_argument("--json", action="store_true", help="print JSON")
    rotate.set_defaults(run=None, act=_rotate)


def main(given: argparse.Namespace) -> int:
    """Run one of them."""
    path = Home.from_env().path / "secrets" / "platform_key"
    if not path.exists():
        raise NotFound(
            f"{path.parent} holds no key yet: it is made at the first start."
        )
    given.act(path, given)
    return 0


def _show(path: Path, given: argparse.Namespace) -> None:
    keys = _keys(path)
    if given.json:
        print(json.dumps({"keys": keys}, indent=2))
        return
    for key in keys:
        until = key["until_time"] or _FOREVER
        print(f"{key['public_key']}  {key['key_id']}  {key['from_time']}  {until}")


def _keys(path: Path) -> list[dict[str, Any]]:
    from nbinterview.ledger import signing

    return signing.published(path, signing.load(path))


def _rotate(path: Path, given: argparse.Namespace) -> None:
    from nbinterview.ledger import signing

    new = signing.rotate(path, datetime.now(UTC))
    if given.json:
        print(json.dumps({"public_key": new.public, "key_id": new.key_id}))
        return
    print(f"The platform signs with {new.public} (key {new.key_id}) from now on.")
    print("Tell those who verify: nbinterview key show")
