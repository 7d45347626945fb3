"""People who are told things, and what was sent to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Patient, User
from tests.factories.accounts import create_child, sign_in
from tests.factories.cases import create_reader, create_sender
from tests.harness.client import Client

Sent = Callable[[], list[dict[str, str]]]


@pytest.fixture
def sender(db: Any) -> User:
    """A patient with a mobile number."""
    return create_sender(name="김순자")


@pytest.fixture
def child(sender: User) -> Patient:
    """Someone in the patient's care, without a user of their own."""
    return create_child(sender, name="김하늘")


@pytest.fixture
def reader(db: Any) -> User:
    """A doctor with an e-mail address only."""
    return create_reader(name="이의사")


@pytest.fixture
def sent(app: Flask) -> Sent:
    """Return a function that gives every message that has left the house, SMS first."""

    def read() -> list[dict[str, str]]:
        found = []
        for name in ("sms", "mail"):
            path = Path(app.instance_path) / "outbox" / f"{name}.jsonl"
            if path.exists():
                found += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return found

    return read


@pytest.fixture
def enter(app: Flask) -> Callable[[User], Client]:
    """Return a function that gives a person a browser in which they are signed in."""
    app.config["WTF_CSRF_ENABLED"] = False

    def browser(user: User) -> Client:
        client = app.test_client()
        assert isinstance(client, Client)
        sign_in(client, user)
        return client

    return browser
