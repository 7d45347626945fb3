"""The door for programs: health."""

from __future__ import annotations

from flask import Flask

from app.api.health import blueprint


def init_app(app: Flask) -> None:
    """Open this door."""
    app.register_blueprint(blueprint)
