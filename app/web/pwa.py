"""The portal on a phone's home screen: its manifest, its service worker, and a page for when there is no connection.

Nothing personal is in any of them, and none of them asks who is signed in.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from app.web.assets import Manifest, asset
from app.web.request_log import unlogged

GROUND = "#14707d"
PAPER = "#ffffff"
WITH_THE_PAGE = (
    "main.css",
    "main.js",
    "fonts/shell-regular.woff2",
    "fonts/shell-bold.woff2",
    "img/favicon.svg",
)
"""What the page without a connection needs."""


def manifest() -> Response:
    """What the phone shows: name, icons, where it begins."""
    icons = [("img/icon-192.png", 192, "any"), ("img/icon-512.png", 512, "any")]
    icons.append(("img/maskable-512.png", 512, "maskable"))
    words = {
        "id": "/",
        "name": _("살핌"),
        "short_name": _("살핌"),
        "description": _("피부의 점이나 반점을 사진으로 보내면 의사가 읽고 답합니다."),
        "lang": str(get_locale()),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": GROUND,
        "icons": [
            {"src": asset(name), "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
            for name, side, purpose in icons
        ],
    }
    return _answer(json.dumps(words, ensure_ascii=False), "application/manifest+json")


def service_worker() -> Response:
    """The worker's script, with the version of what is built now in front."""
    built: Manifest = current_app.extensions["web_assets"]
    files = [asset(name) for name in WITH_THE_PAGE]
    script = (built.folder / built.resolve("sw.js")).read_text(encoding="utf-8")
    page = render_template("pwa/offline.html")
    version = hashlib.sha256("\n".join([*files, script, page]).encode()).hexdigest()[:12]
    known = {"version": version, "files": files, "offline": url_for("web.offline")}
    return _answer(f"self.SALPIM = {json.dumps(known)};\n{script}", "text/javascript")


def offline() -> Response:
    """That there is no connection, and what still works: in both languages, for it is kept before one is known."""
    return _answer(render_template("pwa/offline.html"), "text/html")


def _answer(text: str, media_type: str) -> Response:
    response = Response(text, mimetype=media_type)
    response.headers["Cache-Control"] = (
        "no-cache"  # asked for again each time, and answered shortly if unchanged
    )
    response.add_etag()
    response.make_conditional(request)
    return response


def register(_app: Flask, blueprint: Blueprint) -> None:
    """Add the three addresses. The worker stands at the root: it may look after what lies below its own place."""
    rules: list[tuple[str, str, Any]] = [
        ("/manifest.webmanifest", "manifest", manifest),
        ("/sw.js", "service_worker", service_worker),
        ("/offline", "offline", offline),
    ]
    for address, name, view in rules:
        blueprint.add_url_rule(address, name, unlogged(view))
