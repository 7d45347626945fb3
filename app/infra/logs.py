"""Structured logs without personal data: one JSON object a line in production, readable text at home.

Of an exception only types and places are logged, there as here: messages, notes and local values quote what
people wrote (a database names the value that it refuses, a parser the text that it cannot read).
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections import deque
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import structlog

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 40
"""How many places are logged for one exception, the innermost ones."""
LINKS = 20
"""How many exceptions of a chain are logged."""
FORBIDDEN = frozenset(
    {
        "name",
        "email",
        "phone",
        "mobile",
        "birth_date",
        "answers",
        "password",
        "code",
        "token",
        "text",
        "body",
        "ip",
    }
)


def drop_personal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank the fields that must never be logged, should somebody pass them after all."""
    for key in FORBIDDEN & event.keys():
        event[key] = "[withheld]"
    return event


def template_only(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out what a library fills into the message beside an exception: an address, the exception's words."""
    if event.get("exc_info"):
        message = event["_record"].msg
        event["event"] = message if isinstance(message, str) else type(message).__name__
    return event


def trace(error: BaseException | None, seen: set[int] | None = None) -> list[dict[str, Any]]:
    """Return an exception and what led to it, itself first: types, files and lines, nothing else."""
    links: list[dict[str, Any]] = []
    seen = set() if seen is None else seen
    while error is not None and id(error) not in seen and len(links) < LINKS:
        seen.add(id(error))
        kind = type(error)
        link: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}", "frames": _places(error)}
        if isinstance(error, BaseExceptionGroup):
            link["members"] = [trace(member, seen) for member in error.exceptions]
        links.append(link)
        hidden = error.__cause__ is not None or error.__suppress_context__
        error = error.__cause__ if hidden else error.__context__
    return links


def _places(error: BaseException) -> list[str]:
    frames = deque(traceback.walk_tb(error.__traceback__), maxlen=FRAMES)
    return [
        f"{frame.f_code.co_filename.removeprefix(f'{ROOT}/')}:{line} in {frame.f_code.co_name}"
        for frame, line in frames
    ]


def _as_text(links: list[dict[str, Any]], indent: str = "") -> Iterator[str]:
    for number, link in enumerate(links):
        yield f"{indent}{'after ' if number else ''}{link['type']}"
        yield from (f"{indent}  {place}" for place in link["frames"])
        for member in link.get("members", ()):
            yield from _as_text(member, indent + "  | ")


def configure(*, as_json: bool, level: str = "INFO") -> None:
    """Send structlog and the standard library's logging through one chain to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_personal,
    ]
    ending: list[Any] = (
        [
            structlog.processors.ExceptionRenderer(lambda info: trace(info[1])),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        if as_json
        else [
            structlog.processors.ExceptionRenderer(lambda info: "\n".join(_as_text(trace(info[1])))),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[template_only, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    _quieten()


def _quieten() -> None:
    """Let libraries say only what cannot hold personal data, and only through our chain."""
    # Our own lines tell what a job did; Huey's would add two for every hint.
    logging.getLogger("huey").setLevel(logging.WARNING)
    # Below a warning it names the address of whoever was slowed down; the line of the request says 429.
    logging.getLogger("flask-limiter").setLevel(logging.WARNING)
    # In the web process gunicorn has a handler of its own, which writes messages of exceptions, and warns of
    # requests that it cannot read, with the address they came from.
    server = logging.getLogger("gunicorn.error")
    server.handlers.clear()
    server.propagate = True
    server.setLevel(logging.ERROR)
