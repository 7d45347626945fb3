"""The public door: what 살핌 is, its texts, and how a person likes to read."""

from __future__ import annotations

from flask import Flask

from app.policy import PUBLIC, declare
from app.public import clinics
from app.public.routes import blueprint

__all__ = ["clinics", "init_app"]


def init_app(app: Flask) -> None:
    """Open this door, and the shell's asset route with it."""
    app.register_blueprint(blueprint)
    shell = ("asset_file", "manifest", "service_worker", "offline")
    declare(app, {f"web.{name}": PUBLIC for name in shell})
