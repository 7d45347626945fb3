"""An audit log with something in it."""

from __future__ import annotations

from typing import Any

import pytest

from app.audit import service

ENTRIES = 6


@pytest.fixture
def log(db: Any) -> Any:
    """A log of six entries, by two people."""
    for number in range(ENTRIES):
        service.act_as(
            service.Actor(
                user_id=1 + number % 2, role="doctor", address="203.0.113.9", request_id=f"r{number}"
            )
        )
        service.record("photo.read", f"photo:{number}", patient_id=5)
    service.act_as(service.SYSTEM)
    return db
