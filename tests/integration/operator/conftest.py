"""An operator at the door."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.accounts.models import User
from tests.factories.accounts import sign_in
from tests.factories.reviews import create_operator
from tests.harness.client import Client


@pytest.fixture
def operator(db: Any) -> User:
    """Who runs the portal."""
    return create_operator()


@pytest.fixture
def office(app: Flask, operator: User) -> Client:
    """The operator's browser."""
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert isinstance(client, Client)
    sign_in(client, operator)
    return client
