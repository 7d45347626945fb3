"""A portal that is measured and thrown away."""

from __future__ import annotations

import logging
from pathlib import Path

import flask_migrate
from flask import Flask

import config
from app import create_app


def new_keys() -> dict[str, str]:
    """Return keys for a portal: a second process that opens it needs the same."""
    return {name: config.new_key() for name in config.SECRET_NAMES}


def opened(folder: Path, database: str, keys: dict[str, str]) -> Flask:
    """Return the portal that is in `folder`."""
    return create_app(config.load(env="testing", instance=folder, database_url=database, **keys))


def portal(folder: Path, database: str, keys: dict[str, str] | None = None) -> Flask:
    """Return an empty portal."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    app = opened(folder, database, keys or new_keys())
    with app.app_context():
        flask_migrate.upgrade()
    return app
