"""A line to the portal that can break: a relay of bytes that is cut after so many have gone up."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PIECE = 16 * 1024


@dataclass
class Line:
    """`url`: where browsers reach the portal through it."""

    url: str
    target: tuple[str, int]
    left: int | None = None
    """How many more bytes go up before it breaks; None: it holds."""
    cut: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)

    def break_after(self, count: int) -> None:
        """Let `count` more bytes go up, then cut every connection and take no new one."""
        self.cut.clear()
        self.left = count

    def mend(self) -> None:
        """Let everything through again."""
        self.left = None

    def serve(self, server: socket.socket) -> None:
        """Take connections until the server socket is closed."""
        while True:
            try:
                browser, _address = server.accept()
            except OSError:
                return
            if self.left is not None and self.left <= 0:
                browser.close()
                continue
            portal = socket.create_connection(self.target)
            self._open += [browser, portal]
            for source, sink, up in ((browser, portal, True), (portal, browser, False)):
                threading.Thread(target=self._relay, args=(source, sink, up), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                if up and self.left is not None:
                    data, self.left = data[: max(0, self.left)], self.left - len(data)
                sink.sendall(data)
                if self.left is not None and self.left <= 0:
                    return self.hang_up()
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        return None

    def hang_up(self) -> None:
        """Cut every connection."""
        ends, self._open = self._open, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.cut.set()


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """Open a line to a portal on this machine."""
    server = socket.create_server(("127.0.0.1", 0))
    line = Line(f"http://127.0.0.1:{server.getsockname()[1]}", ("127.0.0.1", port))
    thread = threading.Thread(target=line.serve, args=(server,), daemon=True)
    thread.start()
    try:
        yield line
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        line.hang_up()
        thread.join(timeout=10)
