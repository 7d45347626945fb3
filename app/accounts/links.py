"""Addresses of the portal's own pages, written outside of a request (in messages, on the command line)."""

from __future__ import annotations

from flask import current_app

from config import Settings


def settings() -> Settings:
    """Return the running application's settings."""
    found: Settings = current_app.extensions["salpim.settings"]
    return found


def absolute(endpoint: str, **values: str) -> str:
    """Return the public address of a page."""
    path = current_app.url_map.bind("").build(endpoint, values)
    return settings().public_url.rstrip("/") + path
