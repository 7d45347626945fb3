"""One random id per request, so that a person and the log can speak of the same event."""

from __future__ import annotations

import secrets

import structlog
from flask import Flask, Response, g, has_request_context

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0/o, 1/l/i: it is read out on the telephone
_LENGTH = 12


def new_request_id() -> str:
    """A fresh id of 12 unambiguous characters (about 59 bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def current_request_id() -> str:
    """The id of the request being served, or "-" outside of one."""
    if not has_request_context():
        return "-"
    if "request_id" not in g:
        _assign()
    return str(g.request_id)


def _assign() -> None:
    g.request_id = new_request_id()
    # The thread has served others before: nothing of theirs may stand in this request's lines.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def register(app: Flask) -> None:
    """Give each request `g.request_id`, the answer `X-Request-ID`, and every line logged meanwhile the same id.

    Ids sent by a client are ignored.
    """

    def announce(response: Response) -> Response:
        response.headers["X-Request-ID"] = current_request_id()
        return response

    # First in the list, so that a failing extension hook already has an id to log.
    app.before_request_funcs.setdefault(None, []).insert(0, _assign)
    app.after_request(announce)
