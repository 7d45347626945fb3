"""The patient's door: send a photo, follow it, read the finding, book."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Open this door."""
