"""No test reaches beyond this machine: connections and look-ups other than loopback fail at once."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

NAMES = {"", "localhost"}


class OutsideWorld(AssertionError):
    """A test tried to reach something beyond this machine."""


def is_loopback(host: str | bytes | None) -> bool:
    """Tell whether a host name or address stays on this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in NAMES:
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def close_the_doors(patch: Any) -> None:
    """Refuse everything but loopback and Unix sockets, with a `pytest.MonkeyPatch`."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo
    send_to = socket.socket.sendto

    def check(own: socket.socket, address: Any) -> None:
        if own.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0]):
            raise OutsideWorld(f"a test tried to reach {address[0]}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self, address)
        return connect_ex(self, address)

    def guarded_send_to(self: socket.socket, data: Any, *rest: Any) -> int:
        check(self, rest[-1])
        return send_to(self, data, *rest)

    def guarded_look_up(host: Any, *rest: Any, **named: Any) -> Any:
        if not is_loopback(host):
            raise OutsideWorld(f"a test tried to look up {host}")
        return look_up(host, *rest, **named)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket.socket, "sendto", guarded_send_to)
    patch.setattr(socket, "getaddrinfo", guarded_look_up)
