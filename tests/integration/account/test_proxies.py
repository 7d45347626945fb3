"""A granddaughter acts for her grandmother: asking, the code, what she may do, what is recorded, and its end."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import health_posts, proxies, service
from app.accounts.consents import is_of, may_decide_for
from app.accounts.errors import NotOfAge, NotYours, TooManyHelped, TooManyHelpers
from app.accounts.identity import parse
from app.accounts.models import Consent, Patient, User
from app.accounts.policy import patient_ids, visible_patients
from app.accounts.proxy_access import permission_of, permissions_given
from app.accounts.proxy_models import Ended, ProxyPermission, Relation, Scope
from app.audit import service as audit
from app.audit.models import AuditEntry
from app.cases.models import CaseState
from app.cases.policy import visible_cases
from app.notifications import service as notices
from tests.factories.accounts import (
    create_child,
    create_doctor,
    create_operator,
    create_patient,
    form_token,
    last_code,
    sign_in,
    submit,
)
from tests.factories.cases import create_case, create_sender
from tests.factories.consultations import create_pattern
from tests.factories.proxies import create_offer, create_permission, create_telephone_patient
from tests.integration.account.conftest import Messages

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HELPING = "/account/helping"
ASK = f"{HELPING}/ask"
NUMBER = "010-5555-7777"
WANTED = {"name": "김순자", "mobile": NUMBER, "relation": "grandchild", "scope": "read"}
DETAILS = {
    "birth_date": "19480405",
    "sex": "female",
    "health_data": "y",
    "telemedicine": "y",
    "ai_notice": "y",
    "asked": "y",
}


@pytest.fixture
def helper(db: Any) -> User:
    return create_patient(name="박하늘")


@pytest.fixture
def browser(client: FlaskClient, helper: User) -> FlaskClient:
    sign_in(client, helper)
    return client


def ask(browser: FlaskClient, **changed: str) -> str:
    """Ask for permission; return the address where the code is entered."""
    answer = submit(browser, ASK, **(WANTED | changed))
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def held(helper: User) -> list[Patient]:
    return [permission.patient for permission in proxies_of(helper)]


def proxies_of(helper: User) -> list[ProxyPermission]:
    from app.accounts.proxy_access import permissions_held

    return permissions_held(helper)


def test_by_a_number_alone_she_becomes_a_patient_with_what_she_agreed_to(
    browser: FlaskClient, helper: User, sms: Messages, db: Any
) -> None:
    code_page = ask(browser)
    message = sms()[-1]
    assert message["to"] == "+821055557777"
    for part in ("박하늘", "손주", "김순자", "사진 보내기"):
        assert part in message["body"]
    answer = submit(browser, code_page, code=last_code(sms))
    details = str(answer.location)
    assert details.endswith("/details")
    submit(browser, details, **DETAILS)

    (patient,) = held(helper)
    assert (patient.name, patient.mobile, patient.user_id) == ("김순자", "+821055557777", None)
    given = db.session.scalars(select(Consent).where(Consent.patient_id == patient.id)).all()
    assert {consent.user_id for consent in given} == {helper.id}
    assert len(given) == 3
    told = [m["body"] for m in sms()]
    assert any("/helping/stop/" in body and "박하늘" in body for body in told)
    assert any("김순자 님 대신 이용하실 수 있습니다" in body for body in told)


def test_without_having_asked_her_nothing_is_made(browser: FlaskClient, helper: User, sms: Messages) -> None:
    details = str(submit(browser, ask(browser), code=last_code(sms)).location)
    for missing in ("asked", "health_data"):
        fields = {key: value for key, value in DETAILS.items() if key != missing}
        assert submit(browser, details, **fields).status_code == 200
    assert held(helper) == []


def test_a_child_is_sent_to_its_guardian(browser: FlaskClient, helper: User, sms: Messages) -> None:
    details = str(submit(browser, ask(browser), code=last_code(sms)).location)
    page = submit(browser, details, **(DETAILS | {"birth_date": "20180505"})).text
    assert "돌보는 아이" in page
    assert held(helper) == []


def test_the_same_person_entered_by_two_helpers_is_one_patient(db: Any, helper: User, clock: Any) -> None:
    other = create_patient()
    first = create_telephone_patient(helper, mobile="+821055557777")
    clock.advance(minutes=1)
    with_spaces = create_telephone_patient(other, mobile="+821055557777", name="김 순자")
    clock.advance(minutes=1)
    husband = create_telephone_patient(helper, mobile="+821055557777", name="박영수")
    assert first.patient_id == with_spaces.patient_id
    assert husband.patient_id != first.patient_id


def test_the_owner_of_an_account_gives_permission_by_the_code_alone(
    browser: FlaskClient, helper: User, sms: Messages
) -> None:
    owner = create_patient(name="김순자", mobile="010-5555-7777")
    answer = submit(browser, ask(browser), code=last_code(sms))
    assert answer.location.endswith(HELPING)
    assert held(helper) == [owner.patient]


def test_nothing_on_the_way_shows_who_has_an_account(browser: FlaskClient, sms: Messages) -> None:
    create_patient(name="김순자", mobile="010-5555-7777")
    pages, said = [], []
    for number in (NUMBER, "010-5555-8888"):
        page = browser.get(ask(browser, mobile=number)).text
        pages.append(re.sub(r'value="[^"]+"|content="[^"]+"|/ask/[\w-]+|nonce="[^"]+"', "", page))
        said.append(re.sub(r"\b\d{6}\b", "", sms()[-1]["body"]))
    assert pages[0].replace("7777", "8888") == pages[1]
    assert said[0] == said[1]


def test_an_account_in_another_name_is_not_handed_over(
    browser: FlaskClient, helper: User, sms: Messages
) -> None:
    create_patient(name="이말순", mobile="010-5555-7777")
    code_page = ask(browser)
    assert "이름이 적으신 이름과 다릅니다" in submit(browser, code_page, code=last_code(sms)).text
    assert held(helper) == []
    assert "/details" not in str(browser.get(code_page).location)


def test_a_wrong_code_is_no_permission_and_guessing_ends(
    browser: FlaskClient, helper: User, sms: Messages
) -> None:
    code_page = ask(browser)
    right = last_code(sms)
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(4):
        assert "맞지 않거나" in submit(browser, code_page, code=wrong).text
    for entered in (wrong, right):
        said = submit(browser, code_page, code=entered).text
        assert "이 번호는 이제 쓸 수 없습니다" in said
        assert "새 번호 보내기" in said
    assert held(helper) == []


def test_a_code_is_good_for_minutes(browser: FlaskClient, helper: User, sms: Messages, clock: Any) -> None:
    code_page = ask(browser)
    right = last_code(sms)
    clock.advance(minutes=11)
    assert submit(browser, code_page, code=right).status_code == 200
    assert held(helper) == []


def test_the_code_that_another_helper_asked_for_is_no_good(
    app: Flask, browser: FlaskClient, helper: User, sms: Messages, clock: Any
) -> None:
    mine = ask(browser)
    first = last_code(sms)
    clock.advance(minutes=1)
    stranger, second = create_patient(), app.test_client()
    sign_in(second, stranger)
    ask(second)
    theirs = last_code(sms)
    assert submit(browser, mine, code=theirs).status_code == 200
    assert submit(browser, mine, code=first).status_code == 200
    assert held(helper) == []


def test_messages_carry_no_text_of_the_sender_s_own(
    browser: FlaskClient, helper: User, sms: Messages
) -> None:
    service.update_profile(helper, name="http://evil.example 당첨!", locale="ko")
    ask(browser, name="https://bad.example/9")
    body = sms()[-1]["body"]
    assert "://" not in body
    assert "evil.example" not in body
    assert "bad.example" not in body


def test_one_s_own_number_is_refused(browser: FlaskClient, helper: User) -> None:
    page = submit(browser, ASK, **(WANTED | {"mobile": helper.mobile or ""})).text
    assert "본인의 번호입니다" in page


def test_asking_ends_for_the_day(browser: FlaskClient, helper: User, clock: Any) -> None:
    from app.accounts.proxy_asking import PER_DAY
    from tests.factories.proxies import create_request

    for _ in range(PER_DAY):
        create_request(helper)
    assert "내일 다시" in submit(browser, ASK, **WANTED).text
    clock.advance(days=1, minutes=1)
    ask(browser)


def test_choosing_once_is_said_on_every_page_and_forms_are_about_her(
    browser: FlaskClient, helper: User, db: Any
) -> None:
    service.give_consents(helper, helper.patient, list(service.BEFORE_A_CASE))
    permission = create_telephone_patient(helper)
    banner = "김순자 님 대신 하고 있어요"
    assert banner not in browser.get("/patient/").text
    submit(browser, HELPING, to=f"{HELPING}/{permission.public_id}/begin")
    for page in ("/patient/", "/patient/cases/new", "/patient/bookings", "/account/consents", HELPING):
        assert banner in browser.get(page).text, page
    # What is about oneself is not said to be about her.
    assert banner not in browser.get("/account/helpers").text
    form_key = re.search(r'name="form_key"[^>]*value="([^"]+)"', browser.get("/patient/cases/new").text)
    assert form_key
    submit(browser, "/patient/cases/new", form_key=form_key.group(1))
    case = db.session.scalars(visible_cases(helper)).one()
    assert case.patient_id == permission.patient_id
    assert case.created_by_id == helper.id
    submit(browser, HELPING, to=f"{HELPING}/stop-acting")
    assert banner not in browser.get("/patient/").text
    assert case.public_id not in browser.get("/patient/").text
    # A page about her is about her, whatever was chosen.
    assert banner in browser.get(f"/patient/cases/{case.public_id}/photos").text


def test_a_form_opened_for_one_is_not_sent_for_another(
    app: Flask, browser: FlaskClient, helper: User, db: Any
) -> None:
    permission = create_telephone_patient(helper)
    page = browser.get("/patient/cases/new").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)
    assert token
    assert key
    submit(browser, HELPING, to=f"{HELPING}/{permission.public_id}/begin")
    answer = browser.post("/patient/cases/new", data={"csrf_token": token.group(1), "form_key": key.group(1)})
    assert answer.status_code == 400
    assert db.session.scalars(visible_cases(helper)).all() == []


def test_revoked_while_acting_nothing_is_done_for_oneself_instead(
    browser: FlaskClient, helper: User, db: Any
) -> None:
    owner = create_patient(name="김순자")
    permission = create_permission(owner.patient, helper)
    submit(browser, HELPING, to=f"{HELPING}/{permission.public_id}/begin")
    token = form_token(browser, "/patient/cases/new")
    proxies.revoke(permission.public_id, owner)
    answer = browser.post("/patient/cases/new", data={"csrf_token": token, "form_key": "a-form-key"})
    assert answer.status_code == 303
    assert answer.location.endswith(HELPING)
    assert db.session.scalars(visible_cases(helper)).all() == []
    assert "허락이 끝나 하지 않았습니다" in browser.get(HELPING).text


def test_a_helper_books_and_both_names_stand_in_the_log(
    browser: FlaskClient, helper: User, db: Any, work: Any
) -> None:
    doctor = create_doctor()
    for weekday in range(7):
        create_pattern(doctor, weekday=weekday)
    from app.consultations import service as consultations

    permission = create_telephone_patient(helper)
    free = consultations.free_times(doctor.id, days=7)[0]
    submit(browser, HELPING, to=f"{HELPING}/{permission.public_id}/begin")
    confirm = f"/patient/bookings/confirm?doctor={doctor.id}&at={free.starts_at:%Y-%m-%dT%H:%M:%SZ}"
    submit(
        browser,
        confirm,
        to="/patient/bookings",
        doctor=str(doctor.id),
        at=f"{free.starts_at:%Y-%m-%dT%H:%M:%SZ}",
        price=str(free.price_won),
        patient=permission.patient.public_id,
    )
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "booking.made")).one()
    assert (entry.actor_id, entry.patient_id, entry.proxy) == (
        helper.id,
        permission.patient_id,
        permission.public_id,
    )
    _end, fault = audit.verify()
    assert fault is None


def test_what_a_helper_fills_in_stands_in_the_log_under_both_names(
    browser: FlaskClient, helper: User, db: Any
) -> None:
    from app.cases import drafts

    permission = create_telephone_patient(helper)
    submit(browser, HELPING, to=f"{HELPING}/{permission.public_id}/begin")
    draft = drafts.open_draft(helper, permission.patient_id, drafts.new_form_key())
    address = f"/patient/cases/{draft.public_id}"
    submit(browser, f"{address}/place", site="face")
    submit(browser, f"{address}/answers/grew", grew="yes")
    submit(browser, f"{address}/answers/hurts", hurts="no")
    submit(browser, f"{address}/answers/grew", grew="no")
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "case.fill_in")).all()
    assert [(one.actor_id, one.patient_id, one.proxy) for one in entries] == [
        (helper.id, permission.patient_id, permission.public_id)
    ] * 3, "the place, the first answer, and another answer to the same question"


def test_that_a_helper_saw_the_list_is_recorded_and_that_one_saw_ones_own_is_not(
    browser: FlaskClient, helper: User, db: Any
) -> None:
    permission = create_telephone_patient(helper)
    submit(browser, HELPING, to=f"{HELPING}/{permission.public_id}/begin")
    case = create_case(helper, patient=permission.patient, state=CaseState.WAITING)
    for _ in range(2):
        assert case.public_id in browser.get("/patient/").text
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "case.listed")).all()
    assert [(one.actor_id, one.patient_id, one.target, one.proxy) for one in entries] == [
        (helper.id, permission.patient_id, case.topic, permission.public_id)
    ]
    submit(browser, HELPING, to=f"{HELPING}/stop-acting")
    own = create_case(helper, patient=helper.patient, state=CaseState.WAITING)
    assert own.public_id in browser.get("/patient/").text
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "case.listed")).all()) == 1


def test_taking_the_mark_out_of_the_log_is_found(browser: FlaskClient, helper: User, db: Any) -> None:
    from app.audit import chain

    permission = create_telephone_patient(helper)
    submit(browser, HELPING, to=f"{HELPING}/{permission.public_id}/begin")
    submit(browser, HELPING, to=f"{HELPING}/{permission.public_id}/give-up")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.proxy.is_not(None))).first()
    assert entry is not None
    before, key = "the one before", b"k" * 32
    signed = chain.mac_of(entry, before, key)
    with db.session.no_autoflush:
        entry.proxy = None
        without = chain.mac_of(entry, before, key)
    db.session.rollback()
    assert signed != without


def test_a_helper_who_may_only_send_never_sees_an_answer(db: Any, helper: User) -> None:
    owner, doctor = create_sender(name="김순자"), create_doctor()
    create_permission(owner.patient, helper, scope=Scope.SEND)
    waiting = create_case(owner, state=CaseState.WAITING)
    signed = create_case(owner, doctor=doctor)
    assert db.session.scalars(visible_cases(helper)).all() == [waiting]
    assert helper not in notices.family(owner.patient, Scope.READ)
    assert helper in notices.family(owner.patient)
    create_permission(owner.patient, helper, scope=Scope.READ)
    assert set(db.session.scalars(visible_cases(helper))) == {waiting, signed}
    assert helper in notices.family(owner.patient, Scope.READ)


def test_what_is_the_patient_s_alone(browser: FlaskClient, helper: User, db: Any) -> None:
    owner = create_sender(name="김순자")
    other = create_patient()
    create_permission(owner.patient, helper)
    theirs = create_permission(owner.patient, other)
    assert not may_decide_for(helper, owner.patient)
    patient_id = owner.patient.public_id
    submit(browser, HELPING, to=f"/account/consents/{patient_id}/health_data/withdraw")
    assert service.has_consent(service.ConsentKind.HEALTH_DATA, owner.patient.id)
    assert submit(browser, HELPING, to=f"/account/helpers/{theirs.public_id}/revoke").status_code == 404
    with pytest.raises(NotYours):
        proxies.revoke(theirs.public_id, helper)
    with pytest.raises(NotYours):
        proxies.renew(theirs.public_id, helper)
    assert permission_of(other, owner.patient) is not None


def test_who_has_no_account_takes_a_consent_back_through_the_helper(
    browser: FlaskClient, helper: User
) -> None:
    patient = create_telephone_patient(helper).patient
    submit(browser, HELPING, to=f"/account/consents/{patient.public_id}/ai_notice/withdraw")
    assert not service.has_consent(service.ConsentKind.AI_NOTICE, patient.id)


@pytest.mark.parametrize("days", [364, 365])
def test_a_permission_lasts_a_year(db: Any, helper: User, clock: Any, days: int) -> None:
    owner = create_patient()
    create_permission(owner.patient, helper)
    clock.advance(days=days)
    stands = days < 365
    assert is_of(helper, owner.patient) is stands
    assert (owner.patient.id in db.session.scalars(patient_ids(helper)).all()) is stands
    assert (helper in notices.family(owner.patient)) is stands


def test_another_year_takes_the_place_of_the_old_one(
    client: FlaskClient, helper: User, clock: Any, db: Any
) -> None:
    owner = create_patient()
    first = create_permission(owner.patient, helper)
    clock.advance(days=300)
    sign_in(client, owner)
    submit(client, "/account/helpers", to=f"/account/helpers/{first.public_id}/renew")
    (now,) = permissions_given(owner.patient)
    assert now.public_id != first.public_id
    assert now.ends_at - first.ends_at == timedelta(days=300)
    db.session.refresh(first)
    assert first.revoked_how == Ended.REPLACED
    assert "새 허락으로" not in client.get("/account/helpers").text


def test_the_patient_stops_it_and_both_are_told(
    client: FlaskClient, helper: User, sms: Messages, db: Any
) -> None:
    owner = create_patient(name="김순자")
    permission = create_permission(owner.patient, helper)
    sign_in(client, owner)
    submit(client, "/account/helpers", to=f"/account/helpers/{permission.public_id}/revoke")
    assert permission_of(helper, owner.patient) is None
    db.session.refresh(permission)
    assert permission.revoked_by_id == owner.id
    told = {m["to"] for m in sms() if "이제 김순자 님 대신 이용하지 않습니다" in m["body"]}
    assert told == {owner.mobile, helper.mobile}


def test_whoever_holds_her_telephone_stops_it_by_the_address_in_the_message(
    client: FlaskClient, helper: User, sms: Messages, db: Any
) -> None:
    permission = create_telephone_patient(helper)
    found = re.search(r"/helping/stop/\S+", "\n".join(m["body"] for m in sms()))
    assert found
    address = found.group(0)
    assert client.get(address).status_code == 200
    assert permission_of(helper, permission.patient) is not None, "opening a page ends nothing"
    submit(client, address)
    db.session.refresh(permission)
    assert (permission.revoked_how, permission.revoked_by_id) == (Ended.LINK, None)
    assert client.get(f"/helping/stop/{permission.public_id}.wrong").status_code == 404
    assert "이제" in client.get(address).text


def test_she_signs_up_later_and_finds_what_was_sent_and_who_helps(
    app: Flask, client: FlaskClient, helper: User, sms: Messages, db: Any
) -> None:
    permission = create_telephone_patient(helper, mobile="+821055557777")
    patient_id = permission.patient_id
    submit(client, "/sign-up", identity=NUMBER)
    submit(client, "/sign-up/code", code=last_code(sms))
    submit(client, "/sign-up/consents", terms="y", health_data="y")
    fields = {"name": "김순자", "birth_date": "19480210", "sex": "female"}
    submit(client, "/sign-up/details", **fields)
    user = service.find_user(mobile="+821055557777")
    assert user is not None
    assert user.patient is not None
    assert (user.patient.id, user.patient.birth_date) == (patient_id, "1948-02-10")
    assert "박하늘" in client.get("/account/helpers").text
    assert permission_of(helper, user.patient) is not None


def test_somebody_else_with_the_same_number_takes_nothing_over(db: Any, helper: User) -> None:
    permission = create_telephone_patient(helper, mobile="+821055557777")
    stranger = create_patient(name="최다른", mobile="+821055557777")
    assert stranger.patient is not None
    assert stranger.patient.id != permission.patient_id
    assert permission.patient.user_id is None


def test_an_offer_is_taken_up_by_whoever_has_the_address(
    app: Flask, client: FlaskClient, browser: FlaskClient, helper: User, sms: Messages
) -> None:
    owner, hers = create_patient(name="김순자"), app.test_client()
    sign_in(hers, owner)
    fields = {"identity": helper.mobile or "", "relation": "grandchild", "scope": "send"}
    submit(hers, "/account/helpers/new", **fields)
    assert any(m["to"] == helper.mobile and "김순자" in m["body"] for m in sms())
    offered = re.search(r"/account/helping/offers/([\w-]+)/accept", browser.get(HELPING).text)
    assert offered
    assert permission_of(helper, owner.patient) is None
    submit(browser, HELPING, to=offered.group(0))
    permission = permission_of(helper, owner.patient)
    assert permission is not None
    assert permission.scope == Scope.SEND


def test_an_offer_says_the_same_whoever_has_the_address(app: Flask, db: Any, helper: User) -> None:
    owner, hers = create_patient(), app.test_client()
    sign_in(hers, owner)
    pages = []
    for address in (helper.mobile or "", "010-9999-0000"):
        answer = submit(hers, "/account/helpers/new", identity=address, relation="neighbour", scope="send")
        pages.append((answer.status_code, answer.location))
    assert pages[0] == pages[1]


def test_somebody_else_s_offer_is_not_found(app: Flask, db: Any, helper: User, browser: FlaskClient) -> None:
    offer = create_offer(create_patient(), "010-7777-1234")
    for act in ("accept", "close"):
        assert (
            submit(browser, HELPING, to=f"/account/helping/offers/{offer.public_id}/{act}").status_code == 404
        )


def test_nobody_is_helped_who_has_a_guardian_or_is_no_patient(db: Any, helper: User) -> None:
    guardian = create_patient()
    child = create_child(guardian)
    with pytest.raises(NotOfAge):
        create_permission(child, helper)
    with pytest.raises(NotYours):
        create_permission(guardian.patient, create_doctor())
    with pytest.raises(NotYours):
        create_permission(guardian.patient, guardian)
    with pytest.raises(NotYours):
        create_permission(guardian.patient, helper, relation=Relation.HEALTH_POST)


def test_a_child_who_has_turned_14_may_have_a_helper(db: Any, helper: User, clock: Any) -> None:
    guardian = create_patient()
    child = create_child(guardian)
    clock.advance(days=365 * 9)
    assert not service.is_in_charge_of(guardian, child)
    create_permission(child, guardian)
    assert service.is_in_charge_of(guardian, child)
    assert not may_decide_for(guardian, child)


def test_there_is_room_for_a_handful(db: Any, helper: User) -> None:
    owner = create_patient()
    for _ in range(proxies.MAX_HELPERS):
        create_permission(owner.patient, create_patient())
    with pytest.raises(TooManyHelpers):
        create_permission(owner.patient, helper)
    for _ in range(proxies.MAX_HELPED):
        create_permission(create_patient().patient, helper)
    with pytest.raises(TooManyHelped):
        create_permission(create_patient().patient, helper)


def test_strangers_see_nothing(browser: FlaskClient, helper: User, db: Any) -> None:
    owner, other = create_sender(name="김순자"), create_patient()
    permission = create_permission(owner.patient, other)
    case = create_case(owner, state=CaseState.WAITING)
    assert owner.patient not in db.session.scalars(visible_patients(helper)).all()
    assert browser.get(f"/patient/cases/{case.public_id}").status_code == 404
    for act in ("begin", "give-up"):
        assert submit(browser, HELPING, to=f"{HELPING}/{permission.public_id}/{act}").status_code == 404


def test_a_post_that_is_no_longer_checked_asks_in_its_own_name_only(
    db: Any, helper: User, sms: Messages
) -> None:
    operator, owner = create_operator(), create_patient(name="김순자")
    health_posts.approve(operator, parse(helper.mobile or ""), "오부보건진료소")
    permission = create_permission(owner.patient, helper, relation=Relation.HEALTH_POST)
    assert any("오부보건진료소" in m["body"] for m in sms())
    assert proxies.most_helped(helper) == proxies.MAX_HELPED_BY_POST
    health_posts.end(operator, helper.id)
    assert permission_of(helper, owner.patient) is not None, "it is the patient's to end"
    with pytest.raises(NotYours):
        proxies.renew(permission.public_id, owner)
    with pytest.raises(NotYours):
        health_posts.approve(helper, parse(helper.mobile or ""), "오부보건진료소")


def test_an_operator_ends_it_for_a_caller(client: FlaskClient, db: Any, helper: User) -> None:
    permission = create_telephone_patient(helper, mobile="+821055557777")
    sign_in(client, create_operator())
    page = submit(client, "/operator/proxies", to="/operator/proxies/find", number=NUMBER).text
    assert "박하늘 → 김순자" in page
    submit(client, "/operator/proxies", to=f"/operator/proxies/{permission.public_id}/revoke")
    db.session.refresh(permission)
    assert permission.revoked_how == Ended.OPERATOR
    looked = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "proxy.looked_up")).one()
    assert looked.patient_id == permission.patient_id
