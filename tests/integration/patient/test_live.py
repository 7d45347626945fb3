"""The stream that keeps a case's page up to date."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.cases.models import CaseState
from app.infra import live
from tests.factories.accounts import create_doctor
from tests.factories.cases import RED_FLAGS, WORRYING, create_case
from tests.integration.patient.conftest import Browser
from tests.integration.patient.test_status import owner_of, traces_of_the_model


@pytest.mark.usefixtures("real_clock")
def test_the_stream_of_a_case_tells_no_more(
    browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STREAM_SECONDS", 0.5)
    doctor = create_doctor()
    case = create_case(state=CaseState.READING, opinion=WORRYING, answers=RED_FLAGS, doctor=doctor)
    patient = browser(owner_of(case))
    stream = patient.get(f"/patient/cases/{case.public_id}/events?after=0")
    assert stream.mimetype == "text/event-stream"
    assert "event: case.submitted" in stream.text
    assert "event: case.urgent" in stream.text
    assert "event: case.analysed" in stream.text
    assert traces_of_the_model(stream.text) == []
