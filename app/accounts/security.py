"""Flask-Security, fitted to people who are known by e-mail or mobile number."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_security import SQLAlchemyUserDatastore
from sqlalchemy import select

from app.accounts.models import User
from app.extensions import db, security
from app.infra.crypto import keyring
from config import Settings


class People(SQLAlchemyUserDatastore):  # type: ignore[misc]  # untyped base
    """Finds users by columns that are encrypted, so compared exactly after normalising."""

    def __init__(self) -> None:
        super().__init__(db, User, None)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> User | None:  # noqa: ARG002 - upstream's
        attribute, value = next(iter(kwargs.items()))
        if attribute == "email" and isinstance(value, str):
            value = value.lower()
        return db.session.scalar(select(User).where(getattr(User, attribute) == value))


def init_app(app: Flask, settings: Settings) -> None:
    """Configure Flask-Security and bind it to the application."""
    with app.app_context():
        salt = keyring().derive("flask-security password salt").hex()
    app.config.update(
        SECURITY_PASSWORD_SALT=salt,
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_JOIN_USER_ROLES=False,
    )
    security.init_app(app, People())
