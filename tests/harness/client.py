"""A browser for tests, without a browser."""

from __future__ import annotations

import contextvars
from typing import Any

from flask.testing import FlaskClient

from app.extensions import db


class Client(FlaskClient):
    """Sends each request in a context of its own, as a server does.

    Otherwise a request would share the test's application context, and with it the signed-in user of the
    request before. The test's own session forgets what it has read, so that it sees what was committed.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send one request."""
        self._forget()
        try:
            return contextvars.Context().run(super().open, *args, **kwargs)
        finally:
            self._forget()

    @staticmethod
    def _forget() -> None:
        try:
            session = db.session()
        except RuntimeError:  # the test has no application context, so no session either
            return
        if session.new or session.dirty or session.deleted:
            raise AssertionError("the test has changes that were never committed")
        session.rollback()
