"""The page of notices: one's own, the unread ones marked, each leading to what it is about."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from app.accounts import proxies
from app.accounts import service as accounts
from app.accounts.models import Patient, User
from app.cases import service as cases
from app.cases.models import CaseState
from app.notifications import service
from app.notifications.models import Notice
from tests.factories.accounts import create_patient
from tests.factories.cases import create_case
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.proxies import create_permission
from tests.factories.reviews import create_operator
from tests.harness.client import Client
from tests.harness.clock import FrozenClock
from tests.integration.notifications.conftest import Sent

Work = Callable[[], int]
Enter = Callable[[User], Client]


def _page(client: Client, address: str = "/notices/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def _badge(page: str) -> str | None:
    found = re.search(r'class="count"[^>]*>(\d+)<', page)
    return found[1] if found else None


def _newest(db: Any, user: User) -> Notice:
    db.session.rollback()
    return db.session.scalar(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id.desc()))


def test_without_notices_the_page_says_what_will_be_here(sender: User, enter: Enter) -> None:
    page = _page(enter(sender))
    assert "아직 알림이 없습니다" in page
    assert _badge(page) is None


def test_a_notice_leads_to_the_case_and_is_read_from_then_on(
    db: Any, sender: User, reader: User, work: Work, enter: Enter
) -> None:
    case = create_case(sender, doctor=reader)
    work()
    client = enter(sender)
    page = _page(client)
    assert _badge(page) == "2"
    assert page.count("새 알림</span>") == 2
    assert "판독 결과가 도착했습니다" in page
    assert "11월 23일 (월) 오전 10:00" in page
    answer = client.post(f"/notices/{_newest(db, sender).public_id}/open")
    assert (answer.status_code, answer.location) == (303, f"/patient/cases/{case.public_id}")
    assert client.get(answer.location).status_code == 200
    assert _badge(_page(client)) == "1"
    client.post("/notices/read")
    page = _page(client)
    assert _badge(page) is None
    assert "모두 읽은 것으로 표시했습니다" in page


def test_a_doctor_is_led_to_the_question_and_to_the_agenda(
    db: Any, sender: User, reader: User, work: Work, enter: Enter
) -> None:
    case = create_case(sender, doctor=reader)
    cases.ask(sender, case.public_id, "언제 다시 찍을까요?")
    work()
    desk = enter(reader)
    assert _badge(_page(desk)) == "1"
    answer = desk.post(f"/notices/{_newest(db, reader).public_id}/open")
    assert answer.location == f"/doctor/cases/{case.public_id}"
    assert desk.get(answer.location).status_code == 200
    create_pattern(reader)
    booking = create_booking(sender, reader)
    work()
    assert desk.post(f"/notices/{_newest(db, reader).public_id}/open").location == "/doctor/agenda"
    mine = enter(sender).post(f"/notices/{_newest(db, sender).public_id}/open")
    assert mine.location == f"/patient/bookings/{booking.public_id}"


def test_nobody_sees_or_opens_the_notices_of_another(
    db: Any, sender: User, reader: User, work: Work, enter: Enter, client: Client
) -> None:
    create_case(sender, state=CaseState.WAITING)
    work()
    notice = _newest(db, sender)
    for stranger in (reader, create_operator()):
        browser = enter(stranger)
        assert "아직 알림이 없습니다" in _page(browser)
        assert browser.post(f"/notices/{notice.public_id}/open").status_code == 404
        browser.post("/notices/read")
    assert client.post(f"/notices/{notice.public_id}/open").status_code == 302
    assert _newest(db, sender).read_at is None


def test_a_guardian_reads_whom_it_is_about_as_long_as_they_are_guardian(
    sender: User, child: Patient, work: Work, enter: Enter
) -> None:
    create_case(sender, state=CaseState.WAITING, patient=child)
    work()
    client = enter(sender)
    assert "김하늘 님의 일입니다" in _page(client)
    accounts.end_guardianship(sender, child)
    assert "김하늘" not in _page(client)


def test_a_helper_reads_whom_it_is_about_on_the_page_and_not_on_the_telephone(
    sender: User, reader: User, work: Work, enter: Enter, sent: Sent, clock: FrozenClock
) -> None:
    helper = create_patient(name="박하늘")
    permission = create_permission(sender.patient, helper)
    create_pattern(reader)
    create_booking(sender, reader)
    work()
    client = enter(helper)
    assert "김순자 님의 일입니다. 예약한 날짜와 시간을 확인해 주세요." in _page(client)
    booked = [message["body"] for message in sent() if "상담이 예약되었습니다" in message["body"]]
    assert booked
    assert not [body for body in booked if "순자" in body]
    clock.advance(minutes=1)
    proxies.revoke(permission.public_id, sender)
    assert "김순자" not in _page(client)


def test_many_notices_are_paged_newest_first(db: Any, sender: User, work: Work, enter: Enter) -> None:
    for _ in range(service.PER_PAGE + 1):
        create_case(sender, state=CaseState.SUBMITTED)
    from app.infra import jobs
    from app.notifications.jobs import TELL_JOB

    for job_id in db.session.scalars(select(jobs.Job.id).where(jobs.Job.kind == TELL_JOB)).all():
        jobs.run(job_id, "test")
    client = enter(sender)
    page = _page(client)
    assert "2쪽 중 1쪽" in page
    assert page.count("notices__item") == service.PER_PAGE
    assert _page(client, "/notices/?page=2").count("notices__item") == 1


def test_a_notice_in_the_database_names_ids_and_nothing_else(
    db: Any, sender: User, reader: User, work: Work
) -> None:
    create_case(sender, doctor=reader)
    work()
    notice = _newest(db, sender)
    assert set(notice.arguments) == {"case", "patient"}
    assert all(re.fullmatch(r"[\w-]{20}", value) for value in notice.arguments.values())
