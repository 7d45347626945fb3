"""A portal that is measured and thrown away."""

from __future__ import annotations

import logging
from pathlib import Path

import flask_migrate
from flask import Flask

import config
from app import create_app


def portal(folder: Path, database: str) -> Flask:
    """Return an empty portal."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    keys = {name: config.new_key() for name in config.SECRET_NAMES}
    app = create_app(config.load(env="testing", instance=folder, database_url=database, **keys))
    with app.app_context():
        flask_migrate.upgrade()
    return app
