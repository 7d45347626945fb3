"""The steps of a case after the finding: the visit, what to do by when, the next photo."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.cases import lesions
from app.cases.models import CaseState
from app.infra.database import transaction
from tests.factories.accounts import create_doctor, sign_in
from tests.factories.cases import create_case, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.clock import FrozenClock
from tests.integration.patient.conftest import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def steps(page: str) -> list[tuple[str, str]]:
    """Return (state, title) of each step that the page shows."""
    return re.findall(r'timeline__item is-(\w+)"[^>]*>\s*<p class="timeline__title">([^<]+)<', page)


@pytest.mark.parametrize("state", [CaseState.SUBMITTED, CaseState.WAITING, CaseState.READING])
def test_while_it_is_read_the_last_step_says_what_the_finding_will_bring(
    browser: Callable[..., Browser], state: CaseState
) -> None:
    user = create_sender()
    case = create_case(user, state=state)
    page = browser(user).get(f"/patient/cases/{case.public_id}").text
    assert steps(page)[-1] == ("next", "다음에 할 일")
    assert "무엇을 언제까지 하시면 되는지" in page


def test_after_the_finding_stands_what_to_do_by_when(browser: Callable[..., Browser]) -> None:
    user = create_sender()
    case = create_case(user, diagnosis="bcc", reason="모양", next_step="in_person", within_days=14)
    page = browser(user).get(f"/patient/cases/{case.public_id}").text
    assert steps(page)[-2:] == [("done", "의사의 판독"), ("now", "다음에 할 일")]
    assert "12월\u00a07일 월요일까지" in page


def test_the_visit_and_the_next_photo_have_their_steps_and_the_page_is_drawn_anew_for_them(
    browser: Callable[..., Browser], clock: FrozenClock
) -> None:
    user, doctor = create_sender(), create_doctor()
    case = create_case(user, next_step="consult")
    assert case.lesion is not None
    patient, address = browser(user), f"/patient/cases/{case.public_id}"
    seen = re.findall(r'id="case-seen"[^>]*value="([^"]+)"', patient.get(address).text)[0]
    assert patient.get(f"{address}/status?seen={seen}").status_code == 204
    create_pattern(doctor)
    booking = create_booking(user, doctor)
    with transaction():
        booking.case_id = case.id
    lesions.watch(user, case.lesion.public_id, 3)
    page = patient.get(f"{address}/status?seen={seen}")
    assert page.status_code == 200
    assert steps(page.text)[-3:] == [("now", "의사와 상담"), ("next", "다음에 할 일"), ("next", "다시 찍기")]
    clock.set(booking.ends_at)
    sign_in(patient.client, user)
    assert ("done", "의사와 상담") in steps(patient.get(address).text)
