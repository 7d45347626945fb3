"""What needs attention: jobs that failed, the line, the worker, late readings; invitations; the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.accounts.models import Invitation, User
from app.audit import service as audit
from app.audit.models import GUARDS, AuditEntry, Outcome
from app.cases.models import CaseState
from app.cases.reading_models import ReturnReason
from app.consultations.identity_models import How
from app.infra import jobs, worker
from app.infra.database import transaction
from app.infra.jobs import PermanentFailure
from app.operator.audit_words import ACTIONS
from config import ROOT
from tests.factories.cases import create_case, create_reader
from tests.harness.client import Client
from tests.harness.clock import FrozenClock
from tests.harness.tampering import unguarded

Work = Callable[[], int]
RECORDED = re.compile(r'(?:record|record_each|record_listed|_entry)\(\s*"([a-z_.]+)"')


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A kind of job that fails for good until the list is emptied."""
    why = ["disk quota exceeded"]

    def compute(_run: jobs.Run, **_arguments: Any) -> None:
        if why:
            raise PermanentFailure(why[0])

    monkeypatch.setitem(
        jobs.registry.handlers, "reviews.import", jobs.Handler("reviews.import", compute, None)
    )
    return why


def _page(office: Client, address: str) -> str:
    answer = office.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def _numbers(page: str) -> list[str]:
    return re.findall(r'figures__number">([^<]*)<', page)


def test_a_job_that_failed_is_shown_with_when_and_why_and_goes_back_in_line(
    office: Client, work: Work, broken: list[str]
) -> None:
    with transaction():
        job = jobs.enqueue("reviews.import", import_id=1)
    work()
    for address in ("/operator/", "/operator/jobs"):
        page = _page(office, address)
        assert "후기 파일 가져오기" in page
        assert "disk quota exceeded" in page
        assert "2026-11-23 10:00에 실패, 1번 시도" in page
    broken.clear()
    assert office.post(f"/operator/jobs/{job.id}/retry").status_code == 303
    assert "다시 하도록 줄에 세웠습니다" in _page(office, "/operator/jobs")
    work()
    assert "실패한 작업이 없습니다" in _page(office, "/operator/jobs")
    office.post(f"/operator/jobs/{job.id}/retry")
    assert "이미 다시 하고 있거나 끝난 작업입니다" in _page(office, "/operator/jobs")


def test_many_failed_jobs_are_paged(office: Client, work: Work, broken: list[str]) -> None:
    with transaction():
        for number in range(31):
            jobs.enqueue("reviews.import", import_id=number)
    work()
    assert "31건 모두 보기" in _page(office, "/operator/")
    assert _page(office, "/operator/jobs").count("disk quota exceeded") == 30
    assert _page(office, "/operator/jobs?page=2").count("disk quota exceeded") == 1
    assert _page(office, "/operator/jobs?page=99").count("disk quota exceeded") == 1


def test_the_line_and_its_oldest_job_are_shown_in_korean_time(office: Client, clock: FrozenClock) -> None:
    with transaction():
        jobs.enqueue("reviews.import", import_id=1)
        jobs.enqueue("reviews.import", import_id=2)
    clock.advance(hours=2)
    page = _page(office, "/operator/")
    assert _numbers(page)[2] == "2"
    assert "11-23 10:00부터" in page


def test_what_is_meant_for_later_does_not_wait_yet_but_a_retry_does(
    office: Client, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        jobs.enqueue("reviews.import", delay=timedelta(hours=24), import_id=1)
        again = jobs.enqueue("reviews.import", import_id=2)
    assert _numbers(_page(office, "/operator/"))[2] == "1"

    def no_luck(run: jobs.Run, import_id: int) -> None:
        raise OSError

    monkeypatch.setitem(jobs.registry.handlers, "reviews.import", jobs.Handler("reviews.import", no_luck))
    assert jobs.run(again.id, "test") == jobs.JobState.QUEUED
    assert _numbers(_page(office, "/operator/"))[2] == "1"
    clock.advance(hours=25)
    assert _numbers(_page(office, "/operator/"))[2] == "2"


def test_a_worker_that_is_gone_is_the_first_thing_on_the_page(
    office: Client, db: Any, clock: FrozenClock
) -> None:
    assert "작업자가 멈춰 있습니다" in _page(office, "/operator/")
    with transaction() as session:
        session.add(worker.WorkerBeat(holder="w", seen_at=clock.now))
    assert "작업자가 멈춰 있습니다" not in _page(office, "/operator/")
    clock.advance(seconds=31)
    assert "작업자가 멈춰 있습니다" in _page(office, "/operator/")


def test_late_readings_are_counted_and_nothing_more_is_told(office: Client, clock: FrozenClock) -> None:
    create_case(state=CaseState.WAITING)
    create_case(state=CaseState.READING)
    create_case(state=CaseState.SIGNED)
    create_case(state=CaseState.WITHDRAWN)
    assert _numbers(_page(office, "/operator/"))[0] == "0"
    clock.advance(hours=25)
    assert _numbers(_page(office, "/operator/"))[0] == "2"


def test_a_doctor_is_invited_and_the_invitation_taken_back(office: Client, db: Any) -> None:
    sent = {"role": "doctor", "email": "new@example.test", "licence_number": "12345"}
    answer = office.post("/operator/invitations", data=sent)
    assert answer.status_code == 422
    assert "의사를 초대할 때는 꼭 적어 주세요." in answer.text
    answer = office.post("/operator/invitations", data=sent | {"clinic": "새의원", "specialty": "피부과"})
    assert answer.status_code == 303
    page = _page(office, "/operator/invitations")
    assert "new@example.test" in page
    assert "새의원" in page
    invitation = db.session.scalar(select(Invitation))
    assert (invitation.role, invitation.details["licence_number"]) == ("doctor", "12345")
    assert office.post(f"/operator/invitations/{invitation.public_id}/revoke").status_code == 303
    page = _page(office, "/operator/invitations")
    assert "기다리는 초대가 없습니다" in page
    office.post(f"/operator/invitations/{invitation.public_id}/revoke")
    assert "이미 쓰였거나 끝난 초대입니다" in _page(office, "/operator/invitations")


@pytest.mark.parametrize(
    "sent, said",
    [
        ({"role": "operator", "email": "not an address"}, "이메일 주소를 다시 확인해 주세요."),
        ({"role": "operator", "email": "known@example.test"}, "이미 계정이 있는 이메일입니다."),
        ({"role": "patient", "email": "a@example.test"}, "초대"),
        (
            {
                "role": "doctor",
                "email": "a@example.test",
                "licence_number": "L1",
                "clinic": "a",
                "specialty": "b",
            },
            "이미 가입한 의사의 면허 번호입니다.",
        ),
    ],
)
def test_an_invitation_that_cannot_be_says_why(
    office: Client, db: Any, sent: dict[str, str], said: str
) -> None:
    create_reader(email="known@example.test", licence_number="L1")
    answer = office.post("/operator/invitations", data=sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert db.session.scalar(select(Invitation)) is None


def test_the_audit_log_tells_who_when_where_whose_what_and_how_it_ended(
    office: Client, operator: User, db: Any, clock: FrozenClock
) -> None:
    case = create_case(state=CaseState.SIGNED)
    clock.set(datetime(2026, 11, 30, 15, 30, tzinfo=UTC))  # 00:30 on 1 December in Korea
    office.post("/operator/audit/verify")
    page = _page(office, "/operator/audit")
    assert "모두 온전합니다" in page
    assert "2026-12-01 00:30:00" in page
    assert "운영자 박운영" in page
    assert "127.0.0.1" in page
    assert "접속기록을 검사함" in page
    assert 'value="audit.verify">접속기록을 검사함<' in page
    assert f"환자 {case.patient_id}번" in page
    assert case.patient.name not in page


def test_the_audit_log_names_the_staff_member_who_signed_in(office: Client, operator: User, db: Any) -> None:
    patient = create_case(state=CaseState.SIGNED).patient.user
    for account in (operator.id, patient.id, "unknown"):
        audit.record("sign_in", f"user:{account}")
    page = _page(office, "/operator/audit?action=sign_in")
    assert f'user:{operator.id}</span> <span class="nowrap">박운영' in page
    assert f"user:{patient.id}</span>" in page
    assert patient.name not in page


def test_everything_that_is_recorded_has_words_for_the_operator() -> None:
    recorded = {f"case.returned.{reason}" for reason in ReturnReason} | {"finding.signed", "finding.amended"}
    recorded |= {f"identity.{how}" for how in How}
    for file in (ROOT / "app").rglob("*.py"):
        recorded |= set(RECORDED.findall(file.read_text(encoding="utf-8")))
    assert {"photo.read", "finding.read", "finding.signature_wrong", "audit.head_renewed"} <= recorded
    assert recorded == set(ACTIONS)


def test_a_span_that_ends_before_it_begins_is_pointed_out(office: Client) -> None:
    assert "앞선 날입니다" in _page(office, "/operator/audit?since=2026-11-23&until=2026-11-20")
    assert "앞선 날입니다" not in _page(office, "/operator/audit?since=2026-11-20&until=2026-11-20")


def test_the_audit_log_is_searched_by_korean_days_and_by_action_and_paged(
    office: Client, db: Any, clock: FrozenClock
) -> None:
    for hour in (14, 16):  # before and after midnight in Korea
        clock.set(datetime(2027, 1, 10, hour, tzinfo=UTC))
        audit.record(f"test.{hour}", "thing:1")
    for _ in range(60):
        audit.record("test.many", "thing:2")
    first, second = "thing:1", "2027-01-11"
    page = _page(office, f"/operator/audit?since={second}&action=test.14")
    assert first not in page
    page = _page(office, "/operator/audit?until=2027-01-10&action=test.14")
    assert first in page
    page = _page(office, f"/operator/audit?since={second}&until={second}&action=test.16")
    assert first in page
    # Days that no calendar of ours reaches are no reason to fail.
    assert first in _page(office, "/operator/audit?since=0001-01-01&until=9999-12-31&action=test.14")
    page = _page(office, "/operator/audit?action=test.many")
    assert "60건" in page
    assert page.count("thing:2") == 50
    assert "page=2" in page
    assert "action=test.many" in page
    assert _page(office, "/operator/audit?action=test.many&page=2").count("thing:2") == 10


def test_a_log_that_was_changed_is_found_from_the_page(office: Client, db: Any) -> None:
    audit.record("test.first", "thing:1")
    number = db.session.scalar(select(AuditEntry.number).where(AuditEntry.action == "test.first"))
    with unguarded(GUARDS) as session:
        session.execute(text("UPDATE audit_entry SET target = 'thing:2' WHERE number = :n"), {"n": number})
    office.post("/operator/audit/verify")
    page = _page(office, "/operator/audit")
    assert "접속기록이 온전하지 않습니다" in page
    assert f"{number}번 기록" in page


HEALTH = ("흑색종", "melanoma", "모반", "얼굴", "해롭지 않은 점")


def test_no_page_of_an_operator_shows_anything_of_a_patient(
    app: Flask, office: Client, work: Work, clock: FrozenClock
) -> None:
    """Every page that an operator may open without knowing an id, with cases in every state behind it."""
    made = [create_case(state=state) for state in CaseState if state is not CaseState.SIGNED]
    made.append(create_case(state=CaseState.SIGNED, advice="해롭지 않은 점으로 보입니다."))
    people = [case.patient.name for case in made] + [case.patient.birth_date for case in made]
    clock.advance(days=2)
    addresses = [
        str(rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(("operator.", "notices."))
        and "GET" in (rule.methods or ())
        and not rule.arguments
    ]
    assert len(addresses) >= 9
    pages = {address: office.get(address).text for address in addresses if not address.endswith("/events")}
    for address, page in pages.items():
        shown = re.sub(r"<[^>]+>", " ", page)
        # The audit log names the case that was read: that is what it is for. Nothing else does.
        ids = [] if address == "/operator/audit" else [case.public_id for case in made]
        assert not [word for word in (*HEALTH, *people, *ids) if word in shown], address


def test_the_doors_of_patients_and_doctors_are_shut_to_operators(app: Flask, office: Client) -> None:
    case = create_case(state=CaseState.SIGNED)
    values = {"public_id": case.public_id, "case_id": case.public_id, "photo_id": case.photos[0].public_id}
    open_to_operator = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint.split(".")[0] not in ("patient", "doctor") or "GET" not in (rule.methods or ()):
                continue
            built = rule.build(
                {name: values.get(name, case.public_id) for name in rule.arguments}, append_unknown=False
            )
            if built is not None:
                open_to_operator.append((rule.endpoint, built[1]))
    assert open_to_operator
    answers = {endpoint: office.get(address).status_code for endpoint, address in open_to_operator}
    assert set(answers.values()) <= {403, 404}, answers


def test_a_stranger_is_sent_to_the_sign_in(client: Client) -> None:
    for address in ("/operator/", "/operator/reviews", "/operator/audit", "/notices/"):
        assert client.get(address).status_code == 302


def test_the_audit_log_is_narrowed_down_to_one_person_and_to_what_was_refused(
    office: Client, operator: User, db: Any
) -> None:
    with transaction():
        audit.record("test.read", "thing:1", patient_id=41)
        audit.record("test.read", "thing:2", patient_id=42)
        audit.record("test.try", "thing:3", patient_id=42, outcome=Outcome.DENIED)
    page = _page(office, "/operator/audit?patient=42")
    assert ("thing:2" in page, "thing:3" in page, "thing:1" in page) == (True, True, False)
    assert 'href="/operator/audit?patient=42"' in page
    page = _page(office, "/operator/audit?patient=42&outcome=denied")
    assert ("thing:3" in page, "thing:2" in page) == (True, False)
    office.post("/operator/audit/verify")
    page = _page(office, f"/operator/audit?actor={operator.id}")
    assert '<span class="breakable">audit</span>' in page
    assert "thing:" not in page


@pytest.mark.parametrize("number", ["abc", "0", "99999999999999999999"])
def test_a_number_that_is_none_is_said(office: Client, db: Any, number: str) -> None:
    said = "표에 적힌 번호를"
    assert said not in _page(office, "/operator/audit")
    assert said in _page(office, f"/operator/audit?patient={number}")
