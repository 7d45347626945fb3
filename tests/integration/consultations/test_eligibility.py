"""Rules in the database: what a booking rests on, edits that change nothing of what was, two who edit at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import residence
from app.audit.models import AuditEntry
from app.consultations import eligibility_rules, service
from app.consultations.eligibility import Reason
from app.consultations.eligibility_admit import admission
from app.consultations.eligibility_models import EligibilityRule, RuleIsFixed, RuleKind
from app.consultations.eligibility_rules import RuleText
from app.infra.clock import KST
from app.infra.database import transaction
from tests.factories.accounts import create_operator
from tests.factories.cases import create_case, create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.eligibility import SEOUL, SUNCHEON, YEOSU, create_rule, rule_text
from tests.harness.clock import FrozenClock

MIDNIGHT = datetime(2026, 12, 24, 0, 0, tzinfo=KST)


def by_key(key: str) -> EligibilityRule:
    return next(rule for rule in eligibility_rules.current_rules() if rule.key == key)


def open_all_day(doctor: Any) -> None:
    for weekday in range(7):
        create_pattern(doctor, weekday=weekday, start_minute=0, end_minute=1440, slot_minutes=30)


def test_the_first_rules_are_there_and_dated_by_the_law(db: Any) -> None:
    rules = {rule.key: rule for rule in eligibility_rules.current_rules()}
    assert rules["trial"].valid_until == date(2026, 12, 23)
    later = [rule for key, rule in rules.items() if key != "trial"]
    assert {rule.valid_from for rule in later} == {date(2026, 12, 24)}
    assert {RuleKind(rule.kind) for rule in later} == {
        RuleKind.REVISIT,
        RuleKind.RESIDENCE,
        RuleKind.EXCEPTION,
    }
    assert all("확정되지 않았습니다" in rule.basis_ko and "not final" in rule.basis_en for rule in later)


def test_the_last_half_hour_of_the_trial_is_open_to_all_and_midnight_is_not(
    db: Any, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 12, 20, 9, 0, tzinfo=KST))
    doctor, sender = create_reader(), create_sender()
    open_all_day(doctor)
    booking = create_booking(sender, doctor, MIDNIGHT - timedelta(minutes=30))
    assert booking.admitted_by.key == "trial"
    assert booking.admission["on"] == "2026-12-23"
    with pytest.raises(service.NotEligible) as no:
        create_booking(sender, doctor, MIDNIGHT)
    reasons = {verdict.rule.key: verdict.reason for verdict in no.value.admission.refusals}
    assert reasons["revisit"] == Reason.NO_LESION
    assert reasons["same_region"] == Reason.AREA_UNKNOWN
    assert reasons["island_remote"] == Reason.NOT_DECLARED
    assert "trial" not in reasons


def test_a_reading_of_the_spot_by_the_clinic_makes_it_a_revisit(db: Any, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 12, 28, 9, 0, tzinfo=KST))
    doctor, colleague = create_reader(clinic="한빛의원"), create_reader(clinic="한빛의원")
    stranger, sender = create_reader(clinic="먼의원"), create_sender()
    case = create_case(sender, doctor=doctor)
    for each in (doctor, colleague, stranger):
        open_all_day(each)
    for each in (doctor, colleague):
        booking = create_booking(sender, each, case_id=case.id)
        assert booking.admitted_by.key == "revisit"
        assert booking.admission["facts"]["last_reading"] == "2026-12-28"
        service.cancel(booking.id, sender.id)
    with pytest.raises(service.NotEligible):
        create_booking(sender, stranger, case_id=case.id)
    with pytest.raises(service.NotEligible):  # about no spot in particular
        create_booking(sender, doctor)


def test_the_region_is_the_doctor_s_and_the_patient_s(db: Any) -> None:
    sender, profile = create_sender(), create_reader().doctor
    residence.set_area(sender.patient.id, SUNCHEON)
    at = MIDNIGHT + timedelta(hours=9)
    for place, key in ((YEOSU, "same_region"), (SEOUL, None), (None, None)):
        profile.area = place  # kept by the profile once it has a place for it
        found = admission(sender.patient, profile, None, at)
        assert (found.rule.key if found.rule else None) == key
    db.session.rollback()


def test_what_a_patient_says_admits_and_is_to_be_checked(db: Any, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 12, 28, 9, 0, tzinfo=KST))
    doctor, sender = create_reader(), create_sender()
    open_all_day(doctor)
    residence.set_exceptions(sender.patient.id, ["disability"])
    booking = create_booking(sender, doctor)
    assert booking.admitted_by.key == "disability"
    assert booking.admission["needs_check"] is True


def test_an_edit_leaves_what_older_bookings_rest_on(db: Any) -> None:
    doctor, sender, operator = create_reader(), create_sender(), create_operator()
    open_all_day(doctor)
    booking = create_booking(sender, doctor)
    first = by_key("trial")
    text = replace(RuleText.of(first), title_ko="시범사업, 고쳐 씀", explanation_ko="달라졌습니다.")
    second = eligibility_rules.change_rule(first.id, text, operator.id)
    db.session.expire_all()
    assert booking.admitted_by.title_ko == "비대면진료 시범사업"
    assert (second.version, second.created_by_id, second.closed_at) == (2, operator.id, None)
    assert [rule.version for rule in eligibility_rules.history_of("trial")] == [2, 1]
    later = create_booking(create_sender(), doctor)
    assert later.admitted_by_id == second.id
    assert eligibility_rules.admitted_counts([first, second]) == {first.id: 1, second.id: 1}
    done = db.session.scalars(select(AuditEntry.action).where(AuditEntry.actor_role == "system")).all()
    assert "eligibility.changed" in done


def test_what_changes_nothing_makes_no_version(db: Any) -> None:
    rule, operator = by_key("trial"), create_operator()
    assert eligibility_rules.change_rule(rule.id, RuleText.of(rule), operator.id) is rule


def test_a_version_cannot_be_changed_in_place(db: Any) -> None:
    rule = by_key("trial")
    with pytest.raises(RuleIsFixed), transaction():
        rule.title_ko = "몰래 고침"
    db.session.refresh(rule)
    assert rule.title_ko == "비대면진료 시범사업"


def test_a_rule_that_is_ended_admits_until_its_last_day(db: Any, clock: FrozenClock) -> None:
    operator, doctor, sender = create_operator(), create_reader(), create_sender()
    open_all_day(doctor)
    eligibility_rules.end_rule(by_key("trial").id, clock.now.astimezone(KST).date(), operator.id)
    assert create_booking(sender, doctor).admitted_by.key == "trial"
    with pytest.raises(service.NotEligible):
        create_booking(sender, doctor, clock.now + timedelta(days=1))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"title_en": " "}, "title_en"),
        ({"valid_until": date(2026, 10, 1)}, "valid_until"),
        ({"kind": RuleKind.REVISIT, "parameters": {"within_days": 0}}, "within_days"),
        ({"kind": RuleKind.RESIDENCE, "parameters": {"level": "village"}}, "level"),
    ],
)
def test_what_cannot_be_a_rule_is_refused(db: Any, given: dict[str, Any], fault: str) -> None:
    with pytest.raises(eligibility_rules.RuleInvalid) as error:
        eligibility_rules.add_rule(rule_text(**given), create_operator().id)
    assert error.value.fault == fault


def test_of_two_who_edit_at_once_one_wins_and_the_other_is_told(app: Flask, db: Any) -> None:
    rule, operator = create_rule(create_operator()), create_operator()
    rule_id, by_id = rule.id, operator.id
    start = threading.Barrier(2)
    won: list[int] = []
    told: list[int] = []

    def edit(title: str) -> None:
        with app.app_context():
            start.wait(timeout=10)
            try:
                won.append(eligibility_rules.change_rule(rule_id, rule_text(title_ko=title), by_id).id)
            except eligibility_rules.RuleChanged as late:
                told.append(late.now.id)

    threads = [threading.Thread(target=edit, args=(title,)) for title in ("첫째", "둘째")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(won) == 1
    assert told == won
    db.session.expire_all()
    assert [r.version for r in eligibility_rules.history_of(rule.key)] == [2, 1]


def test_the_next_change_is_the_day_of_the_act(db: Any) -> None:
    assert eligibility_rules.next_change(date(2026, 11, 30), date(2026, 12, 28)) == date(2026, 12, 24)
    assert eligibility_rules.next_change(date(2026, 11, 1), date(2026, 11, 29)) is None
    assert eligibility_rules.next_change(date(2026, 12, 24), date(2027, 1, 20)) is None
