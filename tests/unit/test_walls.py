"""The wall that import-linter cannot see: rooms know nothing of the request, the session or who is signed in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("accounts", "audit", "cases", "consultations", "notifications", "records", "reviews")
WEB_SIDE = {
    "accounts/acting.py",
    "accounts/forms.py",
    "accounts/security.py",
    "accounts/sessions.py",
}
"""The web side of accounts: forms, sessions, and what the sign-in library is told."""
LIBRARIES = ("flask", "flask_login", "flask_security")
OF_A_REQUEST = {"request", "session", "flash", "g", "current_user"}


def _reaches(source: str) -> Iterator[str]:
    """Yield each import through which `source` could get at a request."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            # The whole library: nobody could tell what is taken from it.
            yield from (name.name for name in node.names if _is_library(name.name))
        elif isinstance(node, ast.ImportFrom) and _is_library(node.module or ""):
            taken = {name.name for name in node.names}
            yield from (f"{node.module}.{name}" for name in sorted(taken & (OF_A_REQUEST | {"*", "globals"})))


def _is_library(module: str) -> bool:
    return module.split(".")[0] in LIBRARIES


def _modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / "app" / room).rglob("*.py"))]


def _name(path: Path) -> str:
    return path.relative_to(ROOT / "app").as_posix()


def test_rooms_are_given_what_they_need_and_do_not_ask_the_request() -> None:
    assert {_name(path).split("/")[0] for path in _modules()} == set(ROOMS)
    reaching = {_name(path): list(_reaches(path.read_text(encoding="utf-8"))) for path in _modules()}
    assert {name: found for name, found in reaching.items() if found and name not in WEB_SIDE} == {}
    assert all(reaching[name] for name in WEB_SIDE), "an exception that is no longer needed"


@pytest.mark.parametrize(
    "source",
    [
        "from flask import current_app, session",
        "from flask import request as asked",
        "from flask.globals import g",
        "from flask import globals",
        "from flask import *",
        "from flask_login import current_user",
        "from flask_security import current_user",
        "import flask",
        "import flask_login.utils as login",
        "def late():\n    from flask import flash",
    ],
)
def test_every_way_around_the_wall_is_seen(source: str) -> None:
    assert list(_reaches(source))


@pytest.mark.parametrize(
    "source",
    [
        "from flask import Flask, current_app",
        "from flask_babel import gettext as _",
        "from flask_security.utils import hash_password",
        "from app.extensions import db\nsession = db.session",
    ],
)
def test_what_belongs_to_no_request_is_allowed(source: str) -> None:
    assert list(_reaches(source)) == []
