"""The world of the matrix, once for each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import config
from tests.harness import databases
from tests.harness.client import Client
from tests.harness.clock import FrozenClock
from tests.permissions.world import World, build


@pytest.fixture(scope="module", params=databases.KINDS)
def world(
    request: pytest.FixtureRequest, all_databases: Any, secrets: dict[str, str], tmp_path_factory: Any
) -> Iterator[World]:
    """Two sets of everything."""
    from app import create_app
    from app.extensions import db
    from app.infra.clock import set_clock

    folder: Path = tmp_path_factory.mktemp("world")
    settings = config.load(
        env="testing",
        instance=folder / "instance",
        database_url=all_databases.url(request.param, folder),
        rate_limits=False,
        live_streams=0,  # a stream answers "busy": what counts here is that it answers
        **secrets,
    )
    app: Flask = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = Client
    set_clock(app.extensions, FrozenClock())
    yield build(app, folder / "salpim.db" if request.param == "sqlite" else None)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
