"""The shell every page stands in: assets, security headers, request ids, locale, preferences, error pages.

Nothing here knows a domain or a door. `init_app` is called once by `create_app`, after the extensions.
"""

from __future__ import annotations

from flask import Blueprint, Flask

from app.web import assets, errors, headers, navigation, preferences, pwa, request_id, request_log, text
from app.web.locale import select_locale

__all__ = ["init_app", "select_locale"]


def init_app(app: Flask) -> None:
    """Put the shell around `app`: templates, asset route, headers, error pages and Jinja globals."""
    blueprint = Blueprint("web", __name__, template_folder="templates")
    assets.register(app, blueprint)
    pwa.register(app, blueprint)
    app.register_blueprint(blueprint)
    request_id.register(app)
    request_log.register(app)
    headers.register(app)
    preferences.register(app)
    navigation.register_globals(app)
    text.register(app)
    errors.register(app)
