"""The first page stays as quick for someone who sends often as for someone who has just begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from app.cases.models import CaseState
from tests.factories.accounts import create_patient
from tests.factories.cases import create_case, create_reader
from tests.integration.patient.conftest import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_more_cases_ask_the_database_no_more_often(browser: Callable[..., Browser], db: Any) -> None:
    patient, reader = browser(create_patient()), create_reader()

    def add() -> None:
        for state in (CaseState.DRAFT, CaseState.WAITING, CaseState.SIGNED):
            create_case(patient.user, state=state, doctor=reader)

    def questions_asked() -> int:
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert patient.get("/patient/").status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(asked)

    add()
    questions_asked()
    few = questions_asked()
    add()
    add()
    assert questions_asked() == few
