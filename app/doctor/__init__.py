"""The doctor's door: the queue, the blinded first read, the finding, availability."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Open this door."""
