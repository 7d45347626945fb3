"""An operator at the door."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask

from app.accounts import callers
from app.accounts.models import Patient, Sex, User
from tests.factories.accounts import sign_in
from tests.factories.eligibility import SUNCHEON
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


@pytest.fixture
def caller(db: Any, operator: User) -> Patient:
    """Somebody without an account, in Suncheon, who has agreed on the telephone and may book."""
    return caller_in(SUNCHEON, operator)


def caller_in(area: str, operator: User) -> Patient:
    """Somebody without an account who lives in `area` and has agreed on the telephone."""
    values: dict[str, Any] = {"name": "박막례", "birth_date": date(1948, 5, 1), "sex": Sex.FEMALE}
    made = callers.register_caller(**values, area=area, mobile="010-9876-5432")
    callers.consent_by_telephone(operator, made.id, callers.ASKED)
    return made
