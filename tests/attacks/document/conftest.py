"""A real room server for the forgeries that go over sockets."""

from tests.extensions.conftest import make_room, room

__all__ = ["make_room", "room"]
