"""The operator's door: reviews, reports, jobs that failed, invitations."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Open this door."""
