"""An operator at the door."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.accounts.models import User
from app.infra import clock
from tests.factories.reviews import create_operator
from tests.harness.client import Client


def sign_in(app: Flask, user: User) -> Client:
    """Return a browser in which `user` is signed in, without the sign-in page."""
    client = app.test_client()
    assert isinstance(client, Client)
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = user.fs_uniquifier, True
        session["sid"], session["seen"] = f"test-{user.id}", int(clock.now().timestamp())
    return client


@pytest.fixture
def operator(db: Any) -> User:
    """Who runs the portal."""
    return create_operator()


@pytest.fixture
def office(app: Flask, operator: User) -> Client:
    """The operator's browser."""
    app.config["WTF_CSRF_ENABLED"] = False
    return sign_in(app, operator)
