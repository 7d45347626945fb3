"""Structured logs without personal data: one JSON object a line in production, readable text at home."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

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
            # Without local variables: they hold what people wrote.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
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
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Our own lines tell what a job did; Huey's would add two for every hint.
    logging.getLogger("huey").setLevel(logging.WARNING)
