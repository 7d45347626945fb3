"""A demonstration whose making was interrupted is made anew; what anybody else has is never touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask, current_app

from app.accounts.models import User
from app.audit import service as audit
from app.cases.models import Case, CaseState, Finding
from app.cli import demo
from app.cli.demo_story import Story
from app.extensions import db as database
from app.permissions import Role
from tests.factories.accounts import create_invitation, create_operator, create_patient

ANEW = "made anew"
HALF = "only half there"


def all_of(model: Any) -> list[Any]:
    return list(database.session.scalars(database.select(model)))


@pytest.fixture
def fill(make_app: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that fills the portal with a short demonstration, on request interrupted near its end."""
    from app.infra.clock import set_clock, system

    script = demo._read()
    signed = next(case for case in script["case"] if case["until"] == "signed")
    monkeypatch.setattr(demo, "_read", lambda: script | {"case": [signed]})
    app = make_app(shared_data=tmp_path / "nothing")
    set_clock(app.extensions, system)

    def interrupt(_: Story) -> None:
        raise KeyboardInterrupt

    def run(*, interrupted: bool = False) -> Result:
        with monkeypatch.context() as patch:
            if interrupted:
                patch.setattr(Story, "_operator", interrupt)
            return app.test_cli_runner().invoke(args=["demo", "fill"])

    with app.app_context():
        yield run


def test_the_next_run_makes_it_anew(fill: Callable[..., Result]) -> None:
    assert fill(interrupted=True).exit_code == 1
    assert [case.state for case in all_of(Case)] == [CaseState.SIGNED]
    assert Role.OPERATOR not in {user.role for user in all_of(User)}
    for _ in range(20):  # a longer log than the next one's, whose head must not be held against it
        audit.record("photo.read", "case:looked-at")
    database.session.remove()

    filled = fill()
    assert filled.exit_code == 0, filled.output
    assert ANEW in filled.output
    assert Role.OPERATOR in {user.role for user in all_of(User)}
    assert [case.state for case in all_of(Case)] == [CaseState.SIGNED]
    assert len(all_of(Finding)) == 1
    end, fault = audit.verify()
    assert fault is None, fault
    assert end.count > 0
    database.session.remove()
    assert fill().output == "", "and once it is whole it stays"


def test_an_interruption_at_the_very_first_person_is_mended_too(fill: Callable[..., Result]) -> None:
    create_patient(is_demo=True)
    database.session.remove()
    assert ANEW in fill().output
    assert {user.role for user in all_of(User)} == set(Role)


@pytest.mark.parametrize("other", [create_patient, create_operator, create_invitation])
def test_where_anybody_else_is_or_is_expected_nothing_is_touched(
    fill: Callable[..., Result], other: Callable[[], Any]
) -> None:
    create_patient(is_demo=True)
    kind = type(other())
    before = {row.id for row in all_of(kind)}
    database.session.remove()

    said = fill()
    assert said.exit_code == 0, "the portal starts all the same"
    assert said.output.count("\n") == 1
    assert HALF in said.output
    settings = current_app.extensions["salpim.settings"]
    assert f"mv {settings.instance} " in said.output, "it says exactly what to do"
    assert "an empty database in DATABASE_URL" in said.output
    assert "DATABASE_URL" not in demo._half_there(settings.model_copy(update={"database_url": ""}))
    assert {row.id for row in all_of(kind)} == before
