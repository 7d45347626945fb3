"""Who locks a row keeps out those who would change it, and nobody else."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Patient, User
from app.cases.models import Case
from app.infra import clock
from app.infra.database import fresh, transaction
from tests.factories.accounts import create_patient

PATIENCE = 20.0
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def in_the_meantime(app: Flask, work: Any) -> threading.Thread:
    def run() -> None:
        with app.app_context():
            work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_locked_person_can_still_be_referred_to(app: Flask, db: Any) -> None:
    """Otherwise two who lock a person and a patient, and write rows about both, would wait in a circle."""
    user = create_patient()
    patient_id, done = user.patient.id, threading.Event()

    def send() -> None:
        about = Case(public_id="a", patient_id=patient_id, created_by_id=user.id, form_key="form")
        about.created_at = about.touched_at = clock.now()
        with transaction() as session:
            session.add(about)
        done.set()

    with transaction():
        fresh(User, user.id)
        fresh(Patient, patient_id)
        thread = in_the_meantime(app, send)
        waited = done.wait(PATIENCE)
    thread.join()
    assert waited


def test_a_locked_row_is_locked_once(app: Flask, db: Any) -> None:
    user, order = create_patient(), []

    def second() -> None:
        with transaction():
            fresh(User, user.id)
            order.append("second")

    with transaction():
        fresh(User, user.id)
        thread = in_the_meantime(app, second)
        thread.join(1.0)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
