"""One line for each request, and one for each crash: which view, never which address.

Addresses carry secrets (`/join/<token>`) and queries what people wrote, so a line names the endpoint. Who
asked is not in it either: that is the audit log's to know.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, current_app, g, request

log = structlog.get_logger(__name__)

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "__salpim_unlogged__"


def unlogged(view: View) -> View:
    """Leave the requests of this view out of the log: probes and files that come many at a time."""
    setattr(view, _MARK, True)
    return view


def _begin() -> None:
    g.request_began = time.perf_counter()


def _note(response: Response) -> Response:
    g.request_status = response.status_code
    return response


def _tell(_error: BaseException | None) -> None:
    began = g.pop("request_began", None)
    view = current_app.view_functions.get(request.endpoint or "")
    if began is None or hasattr(view, _MARK):
        return
    log.info(
        "request",
        endpoint=request.endpoint,
        method=request.method,
        status=g.get("request_status", 500),  # no answer came about: the server makes it a 500
        milliseconds=round((time.perf_counter() - began) * 1000),
    )


def _tell_crash(exc_info: Any) -> None:
    """Log an unforeseen exception in place of Flask, whose line quotes the path."""
    log.error("request.crashed", endpoint=request.endpoint, method=request.method, exc_info=exc_info)


def register(app: Flask) -> None:
    """Log what `app` is asked, a line for each request."""
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_note)
    # Not after_request: a line belongs to each request exactly once, however its answer came about.
    app.teardown_request(_tell)
    app.log_exception = _tell_crash  # type: ignore[method-assign]
