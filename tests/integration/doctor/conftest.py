"""A doctor at the door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import User
from app.infra import clock
from tests.factories.cases import create_reader
from tests.harness.client import Client


@pytest.fixture
def sign_in(app: Flask) -> Callable[[User], Client]:
    """Return a function that gives a person a browser in which they are signed in."""
    app.config["WTF_CSRF_ENABLED"] = False

    def enter(user: User) -> Client:
        client = app.test_client()
        assert isinstance(client, Client)
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = user.fs_uniquifier, True
            session["sid"], session["seen"] = f"test-{user.id}", int(clock.now().timestamp())
        return client

    return enter


@pytest.fixture
def doctor(db: Any) -> User:
    """Who reads."""
    return create_reader()


@pytest.fixture
def desk(doctor: User, sign_in: Callable[[User], Client]) -> Client:
    """The doctor's browser."""
    return sign_in(doctor)
