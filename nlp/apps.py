"""The apps under study and their store ids (data: ``apps.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

Lang = Literal["ko", "en"]
_FILE = Path(__file__).with_name("apps.toml")


@dataclass(frozen=True, slots=True)
class App:
    """One app. ``app_store`` and ``google_play`` are ``None`` where no identifier is known."""

    name_ko: str
    name_en: str
    app_store: str | None
    google_play: str | None
    verified: bool
    google_play_verified: bool
    aliases: frozenset[str]


@lru_cache(maxsize=1)
def all_apps() -> tuple[App, ...]:
    """Every app of ``apps.toml``, in its order."""
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(
        App(
            name_ko=row["name_ko"],
            name_en=row["name_en"],
            app_store=row.get("app_store"),
            google_play=row.get("google_play"),
            verified=row["verified"],
            google_play_verified=row.get("google_play_verified", False),
            aliases=frozenset(row.get("aliases", ())),
        )
        for row in table["app"]
    )


@lru_cache(maxsize=1)
def _by_id() -> dict[str, App]:
    return {key: app for app in all_apps() for key in (app.app_store, app.google_play) if key}


def find(app_id: str) -> App | None:
    """The app with this App Store id or Google Play package name, if we know it."""
    return _by_id().get(app_id)


def store_of(app_id: str) -> str:
    """The store that knows an app by this id: ``'appstore'`` or ``'googleplay'``, ``''`` when we do not know it."""
    app = find(app_id)
    if app is None:
        return ""
    return "appstore" if app_id == app.app_store else "googleplay"


def id_in(named: str, store: str) -> str | None:
    """The store id of an app named by its id or a name of its own; an id that we do not know is taken as it is.

    ``None`` for a name we do not know, or of whose id in this store we know nothing.
    """
    if named.isascii() and (named.isdecimal() or "." in named):
        return named
    for app in all_apps():
        if named in {app.name_ko, app.name_en, *app.aliases}:
            return app.app_store if store == "appstore" else app.google_play
    return None


def name_of(app_id: str, lang: str = "ko") -> str:
    """The app's name in ``lang`` (``ko`` or ``en``); the id itself when we do not know the app."""
    app = find(app_id)
    if app is None:
        return app_id
    return app.name_en if lang == "en" else app.name_ko


def own_names(app_id: str) -> frozenset[str]:
    """What reviewers call this app: stop words in its own reviews. Empty for an unknown app."""
    app = find(app_id)
    return app.aliases if app else frozenset()
