"""What the portal would write to its log, by either renderer."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

import pytest

from app.infra import logs

RENDERERS = pytest.mark.parametrize("as_json", [True, False], ids=["production", "development"])


@contextmanager
def logged(*, as_json: bool) -> Iterator[io.StringIO]:
    """Collect what is logged inside. An application made inside would take the log back."""
    root = logging.getLogger()
    kept, written = root.handlers[:], io.StringIO()
    with redirect_stderr(written):
        logs.configure(as_json=as_json)
    try:
        yield written
    finally:
        root.handlers[:] = kept
