"""No table is forgotten: whatever is held of a person, some room answers for showing and erasing it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Table, inspect, select

from app.accounts import attempts, codes, health_posts, keeping, leaving, residence
from app.accounts.holdings import holdings
from app.accounts.identity import Channel, Identity, parse
from app.accounts.models import User
from app.accounts.telephone_models import TelephoneGuardian
from app.cases import lesions, service, shadow, signing
from app.cases.models import CaseState
from app.cases.reading_models import FindingDraft
from app.consultations import holds, identity_checks, missed
from app.consultations import service as consultations
from app.consultations.identity_models import How
from app.consultations.referral_models import Referral, Why
from app.extensions import db as database
from app.infra import jobs
from app.infra.crypto import EncryptedJson, EncryptedText, LookupText
from app.infra.database import transaction
from app.notifications import choices
from app.notifications.models import Choice
from tests.factories.accounts import create_operator
from tests.factories.cases import (
    MODEL,
    OPINION,
    create_case,
    create_follow_up,
    create_reader,
    create_sender,
    create_upload,
)
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.eligibility import SUNCHEON
from tests.factories.proxies import create_offer, create_permission, create_request
from tests.harness.clock import FrozenClock

ENCRYPTED = (EncryptedText, EncryptedJson, LookupText)
NOT_A_PATIENTS: dict[str, str] = {
    "added_app": "which operator added an app",
    "analysis": "which operator asked for it",
    "audit_entry": "never changed by anybody; ids alone, and the address of whoever asked",
    "availability": "a doctor's times",
    "clinic": "a public register",
    "clinic_register": "which operator loaded a public register",
    "clinic_rejected_row": "a public register",
    "collection_schedule": "which operator chose it",
    "doctor_profile": "a doctor's",
    "eligibility_rule": "which operator wrote it",
    "extra_time": "a doctor's times",
    "former_review": "public reviews, without their authors",
    "invitation": "to doctors and operators",
    "rejected_row": "public reviews, without their authors",
    "review": "public reviews, without their authors",
    "review_again": "public reviews, without their authors",
    "review_collection": "which operator asked for it",
    "review_import": "which operator loaded them",
    "time_off": "a doctor's times",
}
REFER_TO_SOMEBODY = {"patient_id", "user_id", "actor_id"}


def encrypted(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, ENCRYPTED)]


def about_people() -> set[str]:
    """Every table that leads to a person, by however many steps, or that was worth encrypting."""
    tables = database.metadata.tables
    found = {"user", "patient"} | {name for name, table in tables.items() if encrypted(table)}
    found |= {name for name, table in tables.items() if REFER_TO_SOMEBODY & set(table.columns.keys())}
    before = 0
    while before < len(found):
        before = len(found)
        found |= {
            name
            for name, table in tables.items()
            if any(key.column.table.name in found for key in table.foreign_keys)
        }
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_room_answers_for_every_table_about_people(app: Any) -> None:
    answered = {inspect(model).local_table.name for holding in holdings() for model in holding.tables}
    assert about_people() - answered - set(NOT_A_PATIENTS) == set(), "which holding shows and erases it?"
    assert set(NOT_A_PATIENTS) - about_people() == set(), "an exception that is none"
    assert answered & set(NOT_A_PATIENTS) == set()


def full(user: User, clock: FrozenClock) -> None:
    """Leave something in every place where something of a patient can be."""
    doctor, operator, helper = create_reader(), create_operator(), create_sender()
    own, other = user.patient, helper.patient
    assert own is not None
    assert other is not None
    assert user.mobile is not None
    create_pattern(doctor)
    residence.set_area(own.id, SUNCHEON)
    residence.set_exceptions(own.id, ["island"])
    with transaction():
        own.mobile = "+821077778888"
    create_permission(own, helper)
    create_permission(other, user)
    create_offer(user, "neighbour@example.com")
    create_request(user)
    health_posts.approve(operator, parse(user.mobile), "해남 보건진료소")
    codes.request_code(codes.Purpose.CONFIRM, Identity(Channel.MOBILE, user.mobile), "ko")
    attempts.admit("password", user.mobile)
    choices.choose(user.id, Choice.SMS)
    on_the_telephone(own.id, operator.id, clock)
    draft = create_case(user, state=CaseState.DRAFT)
    create_upload(user, draft, b"the first bytes")
    waiting = create_case(user, state=CaseState.WAITING)
    lesions.write_note(user, create_case(user, state=CaseState.DRAFT).public_id, "커졌습니다")
    signed = create_case(user, doctor=doctor, diagnosis="mel", reason="가장자리가 다릅니다")
    again = create_follow_up(user, signed, doctor=doctor, note="조금 커졌습니다")
    service.ask(user, again.public_id, "걱정해야 하나요?")
    signing.answer(again.id, doctor.id, "아닙니다.")
    assert signed.lesion is not None
    lesions.name(user, signed.lesion.public_id, "등 왼쪽 위")
    lesions.watch(user, signed.lesion.public_id, 3)
    reading = create_case(user, state=CaseState.READING, doctor=doctor)
    with transaction() as session:
        session.add(
            FindingDraft(case_id=reading.id, doctor_id=doctor.id, content={"advice": "."}, saved_at=clock.now)
        )
        shadow.store(signed.id, MODEL, [OPINION], 12.0)
    assert waiting.answers
    held = create_booking(user, doctor, case_id=signed.id)
    clock.set(held.starts_at)
    identity_checks.check(held.id, doctor, How.CARD)
    not_kept = create_booking(user, doctor)
    clock.set(not_kept.starts_at)
    identity_checks.check(not_kept.id, doctor, How.FAILED)
    missed.mark_missed(not_kept.id)
    off = create_booking(user, doctor)
    consultations.cancel(off.id, doctor.id, "진료실을 옮깁니다")
    create_booking(user, doctor)
    free = consultations.free_times(doctor.id, days=28)[0]
    holds.hold(doctor.id, free.starts_at, user.id)


def on_the_telephone(patient_id: int, operator_id: int, clock: FrozenClock) -> None:
    """What an operator writes down while somebody is on the telephone."""
    with transaction() as session:
        session.add(
            TelephoneGuardian(
                patient_id=patient_id,
                name="박지은",
                relation="mother",
                recorded_by_id=operator_id,
                recorded_at=clock.now,
            )
        )
        session.add(
            Referral(
                patient_id=patient_id,
                told_by_id=operator_id,
                told_at=clock.now,
                why=Why.ASKED,
                area=SUNCHEON,
                clinics=[{"name": "지어낸의원", "kind": "clinic", "telephone": ""}],
            )
        )


def said_about_patients() -> dict[tuple[str, str], list[Any]]:
    """What stands in the encrypted columns of the tables that a holding answers for."""
    database.session.rollback()
    found: dict[tuple[str, str], list[Any]] = {}
    for holding in holdings():
        for model in holding.tables:
            table: Table = inspect(model).local_table
            for column in encrypted(table):
                query = select(column).order_by(*table.primary_key.columns)
                found[table.name, column.name] = [v for v in database.session.scalars(query) if v]
    return found


def test_after_the_legal_period_nothing_is_left_of_a_person_anywhere(
    db: Any, clock: FrozenClock, work: Callable[[], int]
) -> None:
    user = create_sender()
    full(user, clock)
    work()
    assert user.patient is not None
    before = said_about_patients()
    staff_only = {("user", column) for column in ("email", "tf_totp_secret", "mf_recovery_codes")}
    never = {key for key, values in before.items() if not values} - staff_only
    assert never <= {("finding", "amendment_reason"), ("first_read", "note")}, "`full` must fill it"
    name, number, patient_id = user.name, user.mobile, user.patient.id
    leaving.ask(user, user.patient)
    clock.advance(seconds=keeping.wait().total_seconds() + 60)
    jobs.ask_for_regular()
    work()
    db.session.expire_all()
    assert leaving.open_for(user.patient).done_at is not None  # type: ignore[union-attr]
    clock.advance(seconds=timedelta(days=11 * 366).total_seconds())
    leaving.let_go()
    left = said_about_patients()
    others = {("user", "name"), ("user", "email"), ("user", "mobile"), ("patient", "name")}
    others |= {("patient", "birth_date"), ("one_time_code", "address"), ("failed_attempts", "identity")}
    assert {key for key, values in left.items() if values} <= others
    assert not any(value in (name, number) for values in left.values() for value in values)
    gone = db.session.execute(select(User.__table__).where(User.id == user.id)).mappings().one()
    assert (gone["name"], gone["mobile"], gone["password"]) == ("", None, None)
    assert gone["email"].endswith("@erased.invalid")
    assert refer_to(patient_id) <= {"booking", "case", "consent", "departure", "lesion"}, (
        "rows without content"
    )


def refer_to(patient_id: int) -> set[str]:
    """The tables in which something refers to a patient still; the audit log does for good."""
    found = set()
    for name, table in database.metadata.tables.items():
        if name != "audit_entry" and "patient_id" in table.columns:
            query = select(table.c.patient_id).where(table.c.patient_id == patient_id).limit(1)
            if database.session.scalar(query) is not None:
                found.add(name)
    return found
