"""A guardian calls for a child under 14: who it is, what they agree to for the child, and what ends when it is 14."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import callers, care, contacts, leaving, telephone_children
from app.accounts.errors import NotYours
from app.accounts.identity import parse
from app.accounts.models import Consent, ConsentChannel, Guardianship, Patient, Sex, User
from app.accounts.own_data import shown
from app.accounts.telephone_models import TelephoneGuardian
from app.audit.models import AuditEntry
from app.consultations import service
from app.consultations.models import Booking
from app.infra import jobs
from tests.factories.accounts import PASSWORD, create_child, create_patient, sign_in
from tests.factories.cases import create_reader
from tests.factories.consultations import create_pattern
from tests.factories.eligibility import SUNCHEON
from tests.harness.client import Client
from tests.harness.clock import FrozenClock

NUMBER = "010-9876-5432"
FORM = {
    "guardian": "박지은",
    "relation": "mother",
    "mobile": NUMBER,
    "name": "박하늘",
    "birth_date": "20180505",
    "sex": "female",
    "area": SUNCHEON,
}
AGREED = {kind.value: "y" for kind in callers.ASKED}


def registered(operator: User, **given: Any) -> Patient:
    values: dict[str, Any] = {
        "guardian": "박지은",
        "relation": "mother",
        "name": "박하늘",
        "birth_date": date(2018, 5, 5),
        "sex": Sex.FEMALE,
        "area": SUNCHEON,
        "mobile": NUMBER,
    }
    return telephone_children.register_child(operator, **(values | given))


def test_a_guardian_registers_a_child_agrees_for_it_and_books(
    office: Client, operator: User, db: Any
) -> None:
    doctor = create_reader(name="이서연")
    create_pattern(doctor)
    answer = office.post("/operator/calls/child", data=FORM)
    assert answer.status_code == 303
    page = office.get(answer.location).text
    assert "보호자: 박지은 (어머니)" in page
    assert "박하늘 님을 대신해 동의하시는지" in page
    assert "예약할 수 있는 시간이 나옵니다" in page, "nothing before the guardian has agreed"
    office.post(f"{answer.location}/consents", data=AGREED)
    consents = db.session.scalars(select(Consent)).all()
    assert {(one.channel, one.recorded_by_id, one.user_id) for one in consents} == {
        (ConsentChannel.TELEPHONE, operator.id, None)
    }
    slot = service.free_times(doctor.id, days=28)[0]
    at = slot.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    form = {"doctor": doctor.id, "at": at, "price": slot.price_won}
    assert office.post(f"{answer.location}/book", data=form).status_code == 303
    booking = db.session.scalars(select(Booking)).one()
    assert (booking.patient.name, booking.booked_by_id) == ("박하늘", operator.id)
    assert "박하늘" in office.post("/operator/calls", data={"mobile": NUMBER}).text
    row = db.session.scalars(select(TelephoneGuardian)).one()
    assert (row.name, row.relation, row.recorded_by_id) == ("박지은", "mother", operator.id)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "call.child_registered")).one()
    assert (entry.actor_id, entry.patient_id) == (operator.id, booking.patient_id)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"birth_date": "19480501"}, "본인과 통화"),
        ({"mobile": "02-123-4567"}, "휴대전화 번호가 아닙니다"),
        ({"guardian": " "}, "이름을 적어"),
        ({"relation": ""}, "골라 주세요"),
        ({"relation": "neighbour"}, ""),
        ({"birth_date": "20990101"}, "아직 오지 않은 날"),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_registered(
    office: Client, db: Any, given: dict[str, str], said: str
) -> None:
    answer = office.post("/operator/calls/child", data=FORM | given)
    assert answer.status_code == 422
    assert said in answer.text
    assert db.session.scalars(select(Patient)).all() == []


def test_the_same_child_is_registered_once(operator: User, db: Any) -> None:
    first = registered(operator)
    again = registered(operator, name="박 하늘", guardian="박기영", relation="father")
    assert again.id == first.id
    assert db.session.scalars(select(TelephoneGuardian)).one().name == "박기영"
    assert registered(operator, name="박바다").id != first.id


def test_a_guardian_with_an_account_has_the_child_in_care(operator: User, db: Any) -> None:
    user = create_patient(name="박지은", mobile="+821098765432")
    known = create_child(user, name="박하늘", birth_date=date(2018, 5, 5))
    assert registered(operator).id == known.id, "the child of the account, not a second one"
    new = registered(operator, name="박바다")
    query = select(Guardianship.patient_id).where(Guardianship.guardian_id == user.id)
    assert set(db.session.scalars(query)) == {known.id, new.id}
    other = registered(operator, guardian="김이웃", name="김별")
    assert other.id not in set(db.session.scalars(query)), "another name is somebody else in the house"


@pytest.mark.parametrize("proven", ["when they sign up", "later"])
def test_a_guardian_who_makes_an_account_finds_the_child_there(operator: User, db: Any, proven: str) -> None:
    child = registered(operator)
    registered(operator, guardian="김이웃", name="김별")
    if proven == "later":
        user = create_patient(name="박 지은", mobile=None, email="jieun@example.com", password=PASSWORD)
        assert care.dependents_of(user) == []
        contacts.set_contact(user, parse(NUMBER))
    else:
        user = create_patient(name="박 지은", mobile="+821098765432")
    assert [one.id for one in care.dependents_of(user)] == [child.id], "another name is somebody else's child"
    assert telephone_children.guardian_of(child) is not None, "and may still call for it"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "guardianship.started")).one()
    assert entry.patient_id == child.id


def test_who_has_turned_14_meanwhile_comes_into_nobodys_care(
    operator: User, db: Any, clock: FrozenClock
) -> None:
    registered(operator)
    clock.set(clock.now.replace(year=2032, month=6))
    user = create_patient(name="박지은", mobile="+821098765432")
    assert care.dependents_of(user) == []


def test_of_a_child_the_guardian_decides_and_is_named_as_who_agreed(
    office: Client, operator: User, db: Any, clock: FrozenClock
) -> None:
    child = registered(operator)
    callers.consent_by_telephone(operator, child.id, callers.ASKED)
    address = f"/operator/calls/{child.public_id}/rights"
    page = office.get(address).text
    assert "보호자 박지은 님(어머니)이 정합니다" in page
    assert "보호자 박지은 님이 전화로 대신 동의하셨습니다" in page
    assert "아이 생년월일" in page
    assert "본인이 원하실 때만" not in page
    clock.advance(hours=1)
    registered(operator, guardian="박기영", relation="father")
    page = office.get(address).text
    assert "보호자 박기영 님(아버지)이 정합니다" in page
    assert "보호자가 전화로 대신 동의하셨습니다" in page, "it was not he who agreed then"
    clock.set(clock.now.replace(year=2032, month=6))
    sign_in(office, operator)
    page = office.get(address).text
    assert "보호자가 아니라 본인이 정합니다" in page
    assert "박기영" not in page


def test_at_14_nothing_new_rests_on_the_guardian_and_the_child_is_asked(
    office: Client, operator: User, db: Any, clock: FrozenClock
) -> None:
    create_pattern(create_reader(name="이서연"))
    child = registered(operator)
    callers.consent_by_telephone(operator, child.id, callers.ASKED)
    address = f"/operator/calls/{child.public_id}"
    office.post(f"{address}/of-age")
    assert telephone_children.guardian_of(child) is not None, "not before"
    clock.set(clock.now.replace(year=2032, month=6))
    sign_in(office, operator)
    page = office.get(address).text
    assert "만 14세가 되었습니다" in page
    assert "이서연" not in page
    office.post(f"{address}/consents", data=AGREED)
    with pytest.raises(NotYours):
        callers.consent_by_telephone(operator, child.id, callers.ASKED)
    assert office.post(f"{address}/of-age").status_code == 303
    page = office.get(address).text
    assert "소리 내어 읽고 동의 받기" in page
    assert "박지은" not in page
    office.post(f"{address}/consents", data=AGREED)
    assert "이서연" in office.get(address).text
    consents = db.session.scalars(select(Consent).where(Consent.withdrawn_at.is_(None))).all()
    assert {one.given_at.year for one in consents} == {2032}


def test_who_signs_up_at_14_agrees_themself(operator: User, db: Any, clock: FrozenClock) -> None:
    child = registered(operator)
    callers.consent_by_telephone(operator, child.id, callers.ASKED)
    clock.set(clock.now.replace(year=2032, month=6))
    user = create_patient(name="박하늘", birth_date=date(2018, 5, 5), mobile="+821098765432")
    assert user.patient.id == child.id
    assert db.session.scalars(select(TelephoneGuardian)).all() == []
    standing = db.session.scalars(
        select(Consent).where(Consent.patient_id == child.id, Consent.withdrawn_at.is_(None))
    ).all()
    assert {one.user_id for one in standing} == {user.id}


def test_the_guardian_is_shown_and_goes_with_the_child(
    operator: User, db: Any, clock: FrozenClock, work: Callable[[], int]
) -> None:
    child = registered(operator)
    assert shown(operator, child)["guardian_on_the_telephone"]["name"] == "박지은"
    leaving.ask_by_telephone(operator, child.id)
    clock.advance(days=8)
    jobs.ask_for_regular()
    work()
    db.session.rollback()
    db.session.expire_all()
    assert db.session.scalars(select(TelephoneGuardian)).all() == []
    assert child.name == ""
