"""One port for several server processes: each listens for itself, and the kernel deals out connections."""

import socket
import sys
from typing import Any

DEALS_OUT = sys.platform == "linux"
"""Elsewhere SO_REUSEPORT exists too, but gives all connections to one of those who listen."""


class SharedPort(socket.socket):
    """A bound port. The process that it is sent to has a socket of its own there.

    Processes that listen on one socket leave it to chance who accepts: the first that wakes takes whatever
    waits, so that of callers who stay connected all may be with one process, and the others idle.
    """

    @classmethod
    def of(cls, bound: socket.socket) -> "SharedPort":
        """The port of a bound socket, which nobody else has: only from now on may others of ours bind it."""
        port = cls(bound.family, bound.type, bound.proto, fileno=bound.detach())
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return port

    def __reduce__(self) -> tuple[Any, ...]:
        return _open, (self.family, self.getsockname())


def _open(family: int, address: Any) -> socket.socket:
    opened = socket.socket(family)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    opened.bind(address)
    return opened
