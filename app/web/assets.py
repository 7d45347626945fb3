"""Built front-end files: hashed names from dist/manifest.json, served compressed and cached for a year."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, request, send_from_directory, url_for

from app.web.request_log import unlogged

DIST = Path(__file__).parent / "static" / "dist"
ONE_YEAR = 365 * 24 * 3600
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".png": "image/png",
    ".txt": "text/plain",
}


class AssetsMissing(RuntimeError):
    """The front end has not been built."""


class Manifest:
    """Logical name → built file name. Read once; read again when the file on disk has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mtime = -1.0
        self._names: dict[str, str] = {}

    def resolve(self, name: str) -> str:
        """The built file of `name`, e.g. "main.css". Raises AssetsMissing or KeyError."""
        path = self.folder / "manifest.json"
        try:
            mtime = path.stat().st_mtime
        except FileNotFoundError:
            raise AssetsMissing("front end not built: run `python frontend/build.py`") from None
        if mtime != self._mtime:
            self._names = json.loads(path.read_text(encoding="utf-8"))
            self._mtime = mtime
        return self._names[name]


def asset(name: str) -> str:
    """The address of a built file by its logical name (a Jinja global)."""
    manifest: Manifest = current_app.extensions["web_assets"]
    return url_for("web.asset_file", name=manifest.resolve(name))


def _serve(name: str) -> Response:
    folder = current_app.extensions["web_assets"].folder
    suffix = Path(name).suffix
    if suffix not in TYPES or name == "manifest.json":
        abort(404)
    encoding, extension = _best_encoding(folder, name)
    response: Response = send_from_directory(
        folder, name + extension, mimetype=TYPES[suffix], max_age=ONE_YEAR, etag=True
    )
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.vary.add("Accept-Encoding")
    # The name carries the content's hash: what is behind it can never change.
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response


def _best_encoding(folder: Path, name: str) -> tuple[str, str]:
    for encoding, extension in ENCODINGS:
        if request.accept_encodings[encoding] > 0 and (folder / (name + extension)).is_file():
            return encoding, extension
    return "", ""


def register(app: Flask, blueprint: Blueprint) -> None:
    """Add the route `/assets/<name>` and the Jinja global `asset(name)`."""
    app.extensions["web_assets"] = Manifest(Path(app.config.get("ASSETS_DIST") or DIST))

    @unlogged
    def asset_file(name: str) -> Any:
        return _serve(name)

    blueprint.add_url_rule("/assets/<path:name>", "asset_file", asset_file)
    app.add_template_global(asset, "asset")
