"""A portal served from within the test, with a clock that stands still and no worker: every state holds.

The pages are the real ones, over a real socket. What changes by itself elsewhere (the worker's progress,
the hour) does not change here, so that a page can be looked at in one state and again in the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, abort, session
from werkzeug.serving import WSGIRequestHandler, make_server

import config
from app import create_app
from app.infra import clock as present
from app.policy import public
from app.web.errors import EXPLANATIONS
from tests.harness.clock import FrozenClock

FAILING = "failing"
"""The one endpoint that is not the portal's own: it answers with the error that is asked for."""


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Say nothing: what goes wrong is seen in the browser."""


@dataclass
class Site:
    """A running portal with people in it."""

    app: Flask
    url: str
    clock: FrozenClock
    ids: dict[str, Any] = field(default_factory=dict)
    """What stands in addresses: the public ids of cases, bookings and files, by name."""
    sessions: dict[str, str] = field(default_factory=dict)
    """The sealed session cookies of the people, by name."""

    def remember(self, name: str, fill: Callable[[], object]) -> None:
        """Keep the session cookie that `fill` leaves behind in a request of its own."""
        with self.app.test_request_context():
            fill()
            signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
            assert signer is not None
            self.sessions[name] = str(signer.dumps(dict(session)))

    def cookie_of(self, client: Any) -> str:
        """Return the session cookie of a test client."""
        found = client.get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        assert found is not None
        return str(found.value)


def _fail(status: int) -> str:
    if status == 500:
        raise RuntimeError("asked for")
    abort(status)


@contextmanager
def serve(
    database_url: str, instance: Path, secrets: dict[str, str], *, live_streams: int = 0
) -> Iterator[Site]:
    """Serve a portal over `database_url` on a free port of this machine.

    Without a place for live streams pages ask again by themselves, as behind a proxy that blocks events.
    """
    values: dict[str, Any] = {"rate_limits": False, "contact": "055-123-4567", "live_streams": live_streams}
    values |= {"instance": instance, "database_url": database_url, **secrets}
    app = create_app(config.load(env="testing", **values))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/failing/<int:status>", FAILING, public(_fail))
    clock = FrozenClock()
    present.set_clock(app.extensions, clock)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Site(app, f"http://127.0.0.1:{server.server_port}", clock)
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
        with app.app_context():
            from app.extensions import db

            db.session.remove()
            db.engine.dispose()


ERRORS = tuple(EXPLANATIONS)
"""Every status that has a page of its own."""
