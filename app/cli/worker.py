"""`flask worker`: run the worker in the foreground."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app.infra import worker as consumer
from config import Settings


@click.command()
@with_appcontext
def worker() -> None:
    """Do the jobs that the portal asks for, until SIGINT or SIGTERM."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    settings: Settings = app.extensions["salpim.settings"]
    consumer.run(
        app,
        threads=settings.worker_threads,
        sweep_seconds=settings.sweep_seconds,
        folder=settings.workers,
    )
