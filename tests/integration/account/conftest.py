"""What the portal sent, and people to sign in as."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import User
from tests.factories.accounts import create_patient

Messages = Callable[[], list[dict[str, str]]]


def _read(app: Flask, name: str, work: Callable[[], int]) -> Messages:
    path = Path(app.instance_path) / "outbox" / f"{name}.jsonl"

    def read() -> list[dict[str, str]]:
        work()
        return (
            [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if path.exists()
            else []
        )

    return read


@pytest.fixture
def sms(app: Flask, work: Callable[[], int]) -> Messages:
    """Return a function: let the worker send what is due, then give every text message so far."""
    return _read(app, "sms", work)


@pytest.fixture
def mails(app: Flask, work: Callable[[], int]) -> Messages:
    """Return a function: let the worker send what is due, then give every e-mail so far."""
    return _read(app, "mail", work)


@pytest.fixture
def patient(db: Any) -> User:
    """Someone who signs in by number and code."""
    return create_patient()
