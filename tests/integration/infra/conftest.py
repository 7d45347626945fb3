"""What the tests of the audit log share, and those of jobs and workers."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.audit import service
from app.infra import jobs

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


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch, app: Flask) -> dict[str, jobs.Handler]:
    """A registry of its own, with hints that go nowhere."""
    own: dict[str, jobs.Handler] = {}
    monkeypatch.setattr(jobs.registry, "handlers", own)
    monkeypatch.setattr(jobs.registry, "hint", lambda job_id: None)
    monkeypatch.setattr(jobs.registry, "attempts", 3)
    return own
