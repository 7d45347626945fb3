"""The door to one's own account: sign-up, sign-in, recovery, consents, notices."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Open this door."""
