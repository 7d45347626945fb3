"""First read, reveal, signature, amendment: what can be done, in which order, and what never changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from app.accounts.models import User
from app.audit.models import AuditEntry, Outcome
from app.cases import finding_words, reading, service, signing
from app.cases.immutability import FindingIsSigned
from app.cases.models import Agreement, Case, CaseState, Finding, FirstRead
from app.cases.signing import Draft
from app.infra.database import transaction
from app.infra.events import Event
from tests.factories.cases import OPINION, WORRYING, create_case, create_reader, create_sender
from tests.harness.clock import MORNING, FrozenClock

DRAFT = Draft(diagnosis="nv", advice="해롭지 않은 점으로 보입니다.", next_step="watch")


@pytest.fixture
def doctor(db: Any) -> User:
    return create_reader()


def held(doctor: User, **given: Any) -> Case:
    return create_case(state=CaseState.READING, doctor=doctor, **given)


def revealed(doctor: User, **given: Any) -> Case:
    case = held(doctor, **given)
    reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="likely")
    reading.reveal(case.id, doctor.id)
    return case


def signed(doctor: User, draft: Draft = DRAFT, **given: Any) -> tuple[Case, Finding]:
    case = revealed(doctor, **given)
    signing.save_draft(case.id, doctor.id, draft)
    return case, signing.sign(case.id, doctor.id, draft.digest)


def test_nothing_is_revealed_before_the_first_read(doctor: User) -> None:
    case = held(doctor)
    with pytest.raises(reading.ReadFirst):
        reading.reveal(case.id, doctor.id)


def test_nothing_is_signed_before_the_reveal(doctor: User) -> None:
    case = held(doctor)
    with pytest.raises(reading.ReadFirst):
        signing.save_draft(case.id, doctor.id, DRAFT)
    reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="sure")
    with pytest.raises(reading.ReadFirst):
        signing.save_draft(case.id, doctor.id, DRAFT)
    with pytest.raises(reading.ReadFirst):
        signing.sign(case.id, doctor.id, DRAFT.digest)


def test_a_first_read_is_stored_once_and_stays(doctor: User, clock: FrozenClock) -> None:
    case = held(doctor)
    first = reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="sure", note="고르다")
    clock.advance(minutes=1)
    again = reading.store_first_read(case.id, doctor.id, diagnosis="mel", confidence="unsure")
    assert (again.id, again.diagnosis, again.confidence, again.note) == (first.id, "nv", "sure", "고르다")


@pytest.mark.parametrize("given", [{"diagnosis": "plague"}, {"confidence": "very"}, {"note": "가" * 2001}])
def test_a_first_read_that_is_not_on_offer_is_refused(doctor: User, given: dict[str, str]) -> None:
    case = held(doctor)
    values: dict[str, Any] = {"diagnosis": "nv", "confidence": "sure"} | given
    with pytest.raises(reading.BadReading) as refused:
        reading.store_first_read(case.id, doctor.id, **values)
    assert refused.value.field == next(iter(given))


def test_another_doctor_can_do_nothing_with_a_case_in_hand(doctor: User) -> None:
    case, other = revealed(doctor), create_reader()
    for attempt in (
        lambda: reading.store_first_read(case.id, other.id, diagnosis="nv", confidence="sure"),
        lambda: reading.reveal(case.id, other.id),
        lambda: signing.save_draft(case.id, other.id, DRAFT),
        lambda: signing.sign(case.id, other.id, DRAFT.digest),
        lambda: signing.answer(case.id, other.id, "네."),
    ):
        with pytest.raises(reading.NotInHand):
            attempt()


def test_a_withdrawn_case_can_no_longer_be_read(doctor: User) -> None:
    sender = create_sender()
    case = held(doctor, user=sender)
    service.withdraw(sender, case.public_id)
    with pytest.raises(reading.NotInHand):
        reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="sure")


def test_a_signature_closes_the_case_and_tells_the_patient(doctor: User, db: Any) -> None:
    case, finding = signed(doctor)
    assert (case.state, case.signed_at, finding.version) == (CaseState.SIGNED, finding.signed_at, 1)
    assert finding.before_consultation
    assert finding.agreement == Agreement.CONFIRMED
    assert signing.is_genuine(finding)
    told = db.session.scalars(select(Event.kind).where(Event.topic == case.topic)).all()
    assert told[-1] == "finding.signed"


def test_signing_twice_signs_once(doctor: User, db: Any) -> None:
    case, finding = signed(doctor)
    assert signing.sign(case.id, doctor.id, DRAFT.digest).id == finding.id
    assert len(db.session.scalars(select(Finding)).all()) == 1


def test_only_what_was_shown_is_signed(doctor: User) -> None:
    case = revealed(doctor)
    signing.save_draft(case.id, doctor.id, DRAFT)
    changed = replace(DRAFT, advice="다른 글")
    signing.save_draft(case.id, doctor.id, changed)
    with pytest.raises(signing.DraftChanged):
        signing.sign(case.id, doctor.id, DRAFT.digest)
    assert signing.sign(case.id, doctor.id, changed.digest).advice == "다른 글"


def test_what_was_previewed_is_what_is_signed(doctor: User) -> None:
    case = revealed(doctor)
    signing.save_draft(case.id, doctor.id, DRAFT)
    shown = signing.preview(case, doctor, DRAFT)
    finding = signing.sign(case.id, doctor.id, DRAFT.digest)
    for field in (
        "diagnosis",
        "advice",
        "next_step",
        "within_days",
        "agreement",
        "before_consultation",
        "version",
    ):
        assert getattr(shown, field) == getattr(finding, field)


@pytest.mark.parametrize(
    "opinion, diagnosis, expected",
    [
        (WORRYING, "mel", Agreement.CONFIRMED),
        (WORRYING, "nv", Agreement.OVERRIDDEN),
        (WORRYING, "cannot_tell", Agreement.OVERRIDDEN),
        (OPINION | {"top": "akiec"}, "nv", Agreement.CONFIRMED),  # a case's top is made of the probabilities
        (WORRYING | {"outcome": "uncertain", "reason": "set_too_large"}, "nv", Agreement.OVERRIDDEN),
        (WORRYING | {"outcome": "not_readable", "reason": "too_dark"}, "nv", Agreement.NO_OPINION),
        (None, "nv", Agreement.NO_OPINION),
    ],
)
def test_how_a_finding_stands_to_the_opinion(
    doctor: User, opinion: dict[str, Any] | None, diagnosis: str, expected: Agreement
) -> None:
    needs_reason = expected == Agreement.OVERRIDDEN
    draft = replace(DRAFT, diagnosis=diagnosis, reason="모양이 고릅니다." if needs_reason else None)
    _, finding = signed(doctor, draft, opinion=opinion)
    assert finding.agreement == expected


@pytest.mark.parametrize(
    "given, field",
    [
        ({"diagnosis": "mel"}, "reason"),
        ({"diagnosis": "mel", "reason": "  "}, "reason"),
        ({"diagnosis": "plague"}, "diagnosis"),
        ({"advice": " \n"}, "advice"),
        ({"advice": "가" * 4001}, "advice"),
        ({"next_step": "pray"}, "next_step"),
        ({"next_step": "in_person"}, "within_days"),
        ({"next_step": "in_person", "within_days": 0}, "within_days"),
        ({"next_step": "in_person", "within_days": 181}, "within_days"),
        ({"next_step": "nothing", "within_days": 7}, "within_days"),
        ({"next_step": "watch", "within_days": 0}, "within_days"),
        ({"next_step": "watch", "within_days": 181}, "within_days"),
    ],
)
def test_a_draft_that_could_not_be_signed_is_refused(doctor: User, given: dict[str, Any], field: str) -> None:
    case = revealed(doctor)
    with pytest.raises(signing.DraftRefused) as refused:
        signing.save_draft(case.id, doctor.id, replace(DRAFT, **given))
    assert list(refused.value.faults) == [field]


def test_squamous_cell_carcinoma_agrees_with_the_class_that_holds_it(doctor: User) -> None:
    shares = dict.fromkeys(OPINION["probabilities"], 0.02) | {"akiec": 0.88}
    draft = replace(DRAFT, diagnosis="scc", next_step="in_person", within_days=14)
    _, finding = signed(doctor, draft, opinion=WORRYING | {"probabilities": shares, "top": "akiec"})
    assert finding.agreement == Agreement.CONFIRMED


def test_an_amendment_is_a_new_version_with_a_reason(doctor: User, clock: FrozenClock, db: Any) -> None:
    case, first = signed(doctor)
    clock.advance(hours=2)
    amended = replace(DRAFT, advice="석 달 뒤에 다시 보내 주세요.")
    with pytest.raises(signing.DraftRefused):
        signing.save_draft(case.id, doctor.id, amended)
    amended = replace(amended, amendment_reason="기한을 덧붙입니다.")
    signing.save_draft(case.id, doctor.id, amended)
    second = signing.sign(case.id, doctor.id, amended.digest)
    assert [f.version for f in case.findings] == [1, 2]
    assert (first.advice, second.amendment_reason) == (DRAFT.advice, "기한을 덧붙입니다.")
    assert case.finding == second
    assert case.signed_at == first.signed_at
    assert signing.is_genuine(first)
    assert signing.is_genuine(second)
    assert db.session.scalars(select(Event.kind).order_by(Event.id)).all()[-1] == "finding.amended"


def test_an_amendment_that_changes_nothing_is_no_amendment(doctor: User) -> None:
    case, _ = signed(doctor)
    with pytest.raises(signing.DraftRefused) as refused:
        signing.save_draft(case.id, doctor.id, replace(DRAFT, amendment_reason="다시 보았습니다."))
    assert refused.value.faults == {"advice": "unchanged"}


def test_the_day_to_be_seen_by_moves_only_if_the_doctor_moves_it(doctor: User, clock: FrozenClock) -> None:
    draft = replace(DRAFT, next_step="in_person", within_days=7)
    case, first = signed(doctor, draft)
    seven_days = first.signed_at + timedelta(days=7)
    assert first.see_by == seven_days

    def amend(**changes: Any) -> Finding:
        clock.advance(days=5)
        amended = replace(draft, amendment_reason="다시 보았습니다.", **changes)
        signing.save_draft(case.id, doctor.id, amended)
        shown = signing.preview(case, doctor, amended).see_by
        finding = signing.sign(case.id, doctor.id, amended.digest)
        assert shown == finding.see_by
        return finding

    typo = amend(advice="해롭지 않은 점입니다.")
    assert typo.see_by == seven_days
    assert "11월\u00a030일 월요일까지" in finding_words.next_step(typo)
    longer = amend(within_days=14)
    assert longer.see_by == clock.now + timedelta(days=14)
    assert amend(next_step="watch", within_days=None).see_by is None
    assert amend().see_by == clock.now + timedelta(days=7)


def test_the_mapper_refuses_to_change_or_delete_a_finding(doctor: User, db: Any) -> None:
    _, finding = signed(doctor)
    with pytest.raises(FindingIsSigned), transaction():
        finding.advice = "다른 말"
    db.session.rollback()
    with pytest.raises(FindingIsSigned), transaction() as session:
        session.delete(finding)
    db.session.rollback()
    db.session.refresh(finding)
    assert finding.advice == DRAFT.advice


@pytest.mark.parametrize(
    "statement",
    [
        update(Finding).values(next_step="nothing"),
        delete(Finding),
        text("UPDATE finding SET within_days = 1"),
        text("DELETE FROM finding"),
    ],
)
def test_the_database_refuses_too(doctor: User, db: Any, statement: Any) -> None:
    signed(doctor)
    with pytest.raises(DBAPIError, match="a signed finding never changes"), transaction() as session:
        session.execute(statement)
    db.session.rollback()
    assert db.session.scalar(select(Finding.next_step)) == "watch"


@pytest.mark.parametrize(
    "field, value",
    [
        ("advice", "수술하세요."),
        ("diagnosis", "mel"),
        ("version", 2),
        ("next_step", "nothing"),
        ("within_days", 3),
        ("see_by", MORNING),
        ("agreement", Agreement.OVERRIDDEN),
        ("before_consultation", False),
        ("reason", "아니오"),
        ("amendment_reason", "아니오"),
        ("public_id", "another"),
        ("case_id", 99),
        ("doctor_id", 99),
        ("first_read_id", 99),
    ],
)
def test_the_signature_covers_every_field(doctor: User, field: str, value: Any, db: Any) -> None:
    _, finding = signed(doctor)
    db.session.expunge(finding)
    assert signing.signature_of(finding) == finding.signature
    setattr(finding, field, value)
    assert signing.signature_of(finding) != finding.signature


def test_the_moment_of_signing_is_covered_too(doctor: User, clock: FrozenClock, db: Any) -> None:
    _, finding = signed(doctor)
    db.session.expunge(finding)
    finding.signed_at = clock.advance(seconds=1)
    assert signing.signature_of(finding) != finding.signature


def test_a_wrong_signature_is_recorded(doctor: User, db: Any) -> None:
    _, finding = signed(doctor)
    db.session.expunge(finding)
    finding.advice = "수술하세요."
    assert not signing.is_genuine(finding)
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "finding.signature_wrong"))
    assert entry is not None
    assert entry.outcome == Outcome.FAILED


def test_the_question_is_answered_once(doctor: User, clock: FrozenClock, db: Any) -> None:
    sender = create_sender()
    case, _ = signed(doctor, user=sender)
    with pytest.raises(signing.NothingToAnswer):
        signing.answer(case.id, doctor.id, "네.")
    service.ask(sender, case.public_id, "바다에 가도 되나요?")
    with pytest.raises(signing.NothingToAnswer):
        signing.answer(case.id, doctor.id, "  ")
    answered = signing.answer(case.id, doctor.id, "네, 괜찮습니다.")
    moment = answered.answered_at
    clock.advance(minutes=1)
    again = signing.answer(case.id, doctor.id, "아니요.")
    assert (again.answer, again.answered_at) == ("네, 괜찮습니다.", moment)


def test_a_doctor_who_takes_a_case_again_keeps_their_first_read_and_the_next_doctor_does_not_see_it(
    doctor: User, db: Any
) -> None:
    case, other = revealed(doctor), create_reader()
    reading.put_back(case.id, doctor.id)
    assert reading.take_next(other.id) == case
    assert reading.first_read_of(case.id, other.id) is None
    with pytest.raises(reading.ReadFirst):
        reading.reveal(case.id, other.id)
    reading.store_first_read(case.id, other.id, diagnosis="bkl", confidence="unsure")
    reads = db.session.scalars(select(FirstRead).order_by(FirstRead.id)).all()
    assert [(r.doctor_id, r.diagnosis, r.revealed_at is None) for r in reads] == [
        (doctor.id, "nv", False),
        (other.id, "bkl", True),
    ]
