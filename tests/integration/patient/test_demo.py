"""The demonstration: an empty database is filled through the real services, a full one is left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask

from app.accounts import service
from app.accounts.models import Patient, User
from app.audit import service as audit
from app.audit.models import AuditEntry
from app.cases.models import Case, CaseState
from app.cli import prepare
from app.cli.demo_photos import ATTRIBUTION, DRAWN, Photos
from app.cli.drawings import LOOKS, lesion
from app.consultations.models import Availability, Booking
from app.extensions import db as database
from app.infra import jobs
from app.permissions import Role
from tests.factories.accounts import create_patient

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("real_clock"),
]


DONE_BY_DOCTORS = {
    "case.taken",
    "case.returned.put_back",
    "first_read.stored",
    "opinion.revealed",
    "finding.signed",
    "finding.amended",
    "question.answered",
}


def _all(model: Any) -> list[Any]:
    return list(database.session.scalars(database.select(model)))


@pytest.fixture
def drawn_app(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    """A portal that finds no development data."""
    from app.infra.clock import set_clock, system

    app = make_app(shared_data=tmp_path / "nothing")
    set_clock(app.extensions, system)
    return app


@pytest.mark.slow
def test_an_empty_database_is_filled_and_a_full_one_left_alone(drawn_app: Flask) -> None:
    run = drawn_app.test_cli_runner()
    filled = run.invoke(args=["demo", "fill"])
    assert filled.exit_code == 0, filled.output
    with drawn_app.app_context():
        people = Counter(user.role for user in _all(User))
        assert people == {Role.PATIENT: 3, Role.DOCTOR: 2, Role.OPERATOR: 1}
        assert all(user.is_demo for user in _all(User))
        assert all(patient.is_demo for patient in _all(Patient))
        assert [user.mobile for user in _all(User) if user.email is None] == ["+821000001201"]
        cases = _all(Case)
        assert {case.state for case in cases} == set(CaseState) - {CaseState.SUBMITTED, CaseState.RESTRICTED}
        assert all(case.is_demo and case.demo_source == DRAWN for case in cases)
        signed = [case for case in cases if case.state == CaseState.SIGNED]
        assert all(case.opinion is not None for case in signed), "the shipped model looked at each"
        assert any(len(case.findings) > 1 for case in signed)
        assert any(case.question and case.question.answer for case in signed)
        assert len(_all(Booking)) == 1
        assert {row.doctor_id for row in _all(Availability)} == {
            u.id for u in _all(User) if u.role == Role.DOCTOR
        }
        assert jobs.failed_jobs() == []
        doctors = {user.id for user in _all(User) if user.role == Role.DOCTOR}
        read = [entry for entry in _all(AuditEntry) if entry.action in DONE_BY_DOCTORS]
        assert {entry.action for entry in read} == DONE_BY_DOCTORS
        assert {entry.actor_id for entry in read} == doctors, "nobody but doctors looked at photos"
        end, fault = audit.verify()
        assert fault is None
        assert end.count > 0
    again = run.invoke(args=["demo", "fill"])
    assert (again.exit_code, again.output) == (0, "")
    with drawn_app.app_context():
        assert len(_all(Case)) == len(cases)
    shown = run.invoke(args=["demo", "accounts"]).output
    assert shown.count("salpim-demo-2026") == 5
    assert "+821000001201  문자 인증번호" in shown


def test_what_is_not_of_the_demonstration_is_never_shown(app: Flask) -> None:
    with app.app_context():
        create_patient(name="진짜 사람")
    run = app.test_cli_runner()
    assert run.invoke(args=["demo", "fill"]).output == ""
    assert run.invoke(args=["demo", "accounts"]).output == ""
    with app.app_context():
        assert len(_all(User)) == 1


def test_there_is_no_demonstration_in_production(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    app.extensions["salpim.settings"] = app.extensions["salpim.settings"].model_copy(
        update={"env": "production"}
    )
    for command in ("fill", "accounts"):
        answer = app.test_cli_runner().invoke(args=["demo", command])
        assert answer.exit_code == 1
        assert "no demonstration in production" in answer.output


def test_a_database_with_the_demonstration_does_not_become_a_production_one(app: Flask, db: Any) -> None:
    known = create_patient(is_demo=True, mobile="+821099990001")
    real = create_patient(mobile="+821099990002")
    settings = app.extensions["salpim.settings"]
    production = settings.model_copy(update={"env": "production"})
    app.extensions["salpim.settings"] = production
    with pytest.raises(click.ClickException, match="people of the demonstration"):
        prepare.prepare(app, production)
    # Started by other means: their passwords are public, so nobody signs in as one of them.
    assert service.find_user(mobile="+821099990001") is None
    assert service.find_user(mobile="+821099990002") == real
    app.extensions["salpim.settings"] = settings
    assert service.find_user(mobile="+821099990001") == known


@pytest.mark.parametrize("kind", LOOKS)
def test_a_drawing_is_the_same_for_the_same_seed(kind: str) -> None:
    assert lesion(kind, 1) == lesion(kind, 1)
    assert lesion(kind, 1) != lesion(kind, 2)


@pytest.mark.shared_data
def test_real_photos_are_of_the_test_split_one_for_each_patient(app: Flask) -> None:
    data = app.extensions["salpim.settings"].shared_data
    if not (data / "skin" / "labels.csv").is_file():
        pytest.skip("no development data beside the checkout")
    photos = Photos(data)
    picture = photos.get("bcc", 0)
    assert picture.source == ATTRIBUTION
    assert picture.jpeg == photos.get("bcc", 0).jpeg != photos.get("bcc", 1).jpeg
    assert photos.get("bcc", 10_000).source == DRAWN
