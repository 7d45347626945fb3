"""살핌: the portal. `create_app` puts the extensions, the rooms and the doors together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Return the portal's WSGI application, configured by `settings` or the environment.

    Raises `config.ConfigurationError` when the settings do not allow a start.
    """
    import config
    from app import assembly

    chosen = settings or config.load()
    app = Flask(__name__, instance_path=str(chosen.instance), static_folder=None)
    app.config.from_mapping(chosen.flask())
    app.extensions["salpim.settings"] = chosen
    assembly.ground(app, chosen)
    assembly.rooms(app, chosen)
    assembly.work()
    assembly.doors(app)
    return app
