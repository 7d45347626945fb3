"""The people and things that the pages are looked at with. Everything is made up; every photo is drawn."""

from __future__ import annotations

import contextvars
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.accounts import callers, leaving, practice, residence, service, telephone_children
from app.accounts.models import Patient, User
from app.cases import drafts, lesions, reading, shadow, signing
from app.cases import service as cases
from app.cases.models import Case, CaseState
from app.consultations import eligibility_rules, exceptions, times
from app.consultations import service as consultations
from app.consultations.eligibility_models import RuleKind
from app.consultations.models import Booking
from app.extensions import db
from app.infra import clock, jobs
from app.infra.database import transaction
from app.infra.worker import WorkerBeat
from app.notifications.models import Delivery, DeliveryState, DropReason
from app.reviews import apps, collecting, schedules
from app.reviews.collection_models import CollectionState
from app.reviews.models import Analysis, ReviewImport, WorkState
from tests.e2e import story_people
from tests.e2e.site import Site
from tests.e2e.story_clinics import registers
from tests.e2e.story_people import LONG_EMAIL, LONG_NAME, sign_in
from tests.factories.accounts import (
    PASSWORD,
    create_child,
    create_doctor,
    create_operator,
    create_patient,
)
from tests.factories.cases import (
    MODEL,
    OPINION,
    RED_FLAGS,
    WORRYING,
    create_case,
    create_follow_up,
    create_sender,
    take,
)
from tests.factories.consultations import create_booking, create_extra_time, create_pattern, create_time_off
from tests.factories.eligibility import SUNCHEON, create_rule
from tests.factories.reviews import APP, HEADER, create_analysis, create_import, review_csv, review_row

ADVICE = (
    "지금 보기에는 검버섯(지루각화증)으로 보이며 해롭지 않습니다.\n\n"
    "다만 크기가 커지거나 색이 여러 가지로 변하거나 피가 나면 다시 사진을 보내 주시고, "
    "햇볕이 강한 날에는 모자를 쓰고 자외선 차단제를 발라 주세요."
)
STATES = {"waiting": "queued"}
REASON = "가장자리가 고르고 표면이 도드라져 있어 흑색종보다는 지루각화증에 가깝습니다."


def empty_house(site: Site) -> None:
    """One of each, and nothing else yet."""
    patient = create_patient(name="김순자")
    residence.set_area(patient.patient.id, SUNCHEON)
    sign_in(site, "patient", patient)
    sign_in(site, "doctor", create_doctor(name="최은영"))
    sign_in(site, "operator", create_operator(name="한운영"))


def full_house(site: Site) -> None:
    """A small practice in full swing; what it is called by is in `site.ids`."""
    morning = site.clock.now
    site.clock.set(morning - timedelta(days=3))
    patient = create_sender(name="김순자", email=LONG_EMAIL, password=PASSWORD, birth_date=date(1954, 3, 2))
    child = create_child(patient, name="김도윤", birth_date=date(2018, 5, 5))
    doctor = create_doctor(name="최은영", clinic="지리산 아래 첫 동네 살핌의원", specialty="피부과")
    other = create_doctor(name=LONG_NAME, clinic="새봄의원", specialty="가정의학과")
    operator = create_operator(name="한운영")
    site.ids |= {"child": child.public_id, "doctor": doctor.id}
    site.ids["patient"] = patient.patient.public_id if patient.patient else ""
    _leaving(site)
    _bookings(site, patient, doctor, other)
    _eligibility(site, patient, operator)
    _telephoned(site, doctor, operator)
    _patient_cases(site, patient, child.id, doctor, morning)
    _lesions(site, patient, doctor, morning)
    _visits(site, doctor)
    _doctor_cases(site, doctor)
    _drafts(site, patient)
    story_people.helping(site, patient, operator)
    _reviews(site, operator)
    _collections(site, operator)
    contextvars.copy_context().run(registers, site, operator.id)
    _run(site, "notifications.tell")
    _messages(site)
    story_people.signed_in(site, patient, doctor, operator)
    story_people.half_way(site, doctor)
    _work(site)


def _leaving(site: Site) -> None:
    """Someone who wants to go, and has a child in their care."""
    user = create_patient(name="한떠남")
    assert user.patient is not None
    create_child(user, name="한아이")
    leaving.ask(user, user.patient)
    site.ids["leaving"] = user.patient.public_id
    sign_in(site, "leaving", user)


def _bookings(site: Site, patient: User, doctor: User, other: User) -> None:
    """Book before the weekend: one time that is over by Monday, one that has just begun, two to come."""
    for weekday in range(5):
        create_pattern(doctor, weekday=weekday, start_minute=540, end_minute=720, slot_minutes=30)
    create_pattern(other, weekday=1, start_minute=600, end_minute=660, slot_minutes=20, price_won=15000)
    service.give_consents(patient, patient.patient, consultations.NEEDED)
    free = consultations.free_times(doctor.id, days=7)
    monday = site.clock.now + timedelta(days=3)
    now, later = (next(s for s in free if s.starts_at >= monday + timedelta(days=n)) for n in (0, 1))
    site.ids["over"] = create_booking(patient, doctor, free[0].starts_at).public_id
    site.ids["begun"] = create_booking(patient, doctor, now.starts_at).public_id
    site.ids["booked"] = create_booking(patient, doctor, later.starts_at).public_id
    called_off = create_booking(patient, other, consultations.free_times(other.id, days=7)[-1].starts_at)
    consultations.cancel(called_off.id, other.id, "그날 학회에 갑니다. 죄송합니다.")
    site.ids["cancelled"] = called_off.public_id
    site.ids["free"] = free[-1].starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    site.ids["free day"] = free[-1].day.isoformat()
    site.ids["held"] = free[-2].starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    site.ids["taken"] = later.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    practice.set_practice(doctor.id, languages=["ko", "en"], area="36330")
    practice.set_practice(other.id, languages=["ko"], area="11010")
    absent = create_sender(name="오말순")
    site.ids["missed"] = create_booking(absent, doctor, free[1].starts_at).public_id
    site.ids["missed too"] = create_booking(absent, doctor, free[2].starts_at).public_id
    sign_in(site, "absent", absent)
    extra = create_extra_time(doctor)
    create_booking(
        absent, doctor, consultations.free_times(doctor.id, times.moment(extra.day, 1000))[0].starts_at
    )
    exceptions.remove_extra_time(doctor.id, extra.id)
    create_extra_time(doctor, start_minute=900, end_minute=960, capacity=2, buffer_minutes=10)
    create_time_off(doctor, days=14)


def _visits(site: Site, doctor: User) -> None:
    """On Monday: who did not come is noted, and somebody is about to book."""
    for name in ("missed", "missed too"):
        booking = db.session.scalars(select(Booking).where(Booking.public_id == site.ids[name])).one()
        consultations.mark_missed(booking.id)
    undecided = create_patient(name="정복희")
    sign_in(site, "undecided", undecided)
    consultations.hold(doctor.id, datetime.fromisoformat(site.ids["held"]), undecided.id)


def _eligibility(site: Site, patient: User, operator: User) -> None:
    """A rule that ends within the horizon, an exception that holds now, and two who book by telephone."""
    residence.set_area(patient.patient.id, SUNCHEON)
    create_rule(
        operator,
        RuleKind.EXCEPTION,
        title_ko="섬이나 벽지에 삽니다",
        title_en="I live on an island or in a remote area",
        explanation_ko="가까운 곳에 병원이 없는 섬이나 벽지에 사시면 해당합니다.",
        explanation_en="If there is no clinic near where you live.",
        valid_from=date(2026, 11, 1),
        parameters={"needs_check": True},
    )
    trial = next(rule for rule in eligibility_rules.current_rules() if rule.kind == RuleKind.PILOT)
    ended = eligibility_rules.end_rule(trial.id, date(2026, 12, 18), operator.id)
    caller = callers.register_caller(
        name="박막례",
        birth_date=date(1948, 5, 1),
        sex=patient.patient.sex,
        area=SUNCHEON,
        mobile="010-9999-1234",
    )
    agreed = callers.register_caller(
        name="정복순",
        birth_date=date(1951, 8, 9),
        sex=patient.patient.sex,
        area=SUNCHEON,
        mobile="010-9999-1234",
    )
    callers.consent_by_telephone(operator, agreed.id, callers.ASKED)
    erasing = callers.register_caller(
        name="오떠남",
        birth_date=date(1944, 2, 3),
        sex=patient.patient.sex,
        area=SUNCHEON,
        mobile="010-9999-4321",
    )
    leaving.ask_by_telephone(operator, erasing.id)
    called_for = telephone_children.register_child(
        operator,
        guardian="박지은",
        relation="mother",
        name="박하늘",
        birth_date=date(2018, 5, 5),
        sex=patient.patient.sex,
        area=SUNCHEON,
        mobile="010-9999-4321",
    )
    site.ids |= {"erasing": erasing.public_id, "called for": called_for.public_id}
    site.ids |= {"old rule": trial.public_id, "rule": ended.public_id, "person": patient.patient.public_id}
    site.ids |= {"caller": caller.public_id, "agreed": agreed.public_id, "refused": "2026-12-21T00:00:00Z"}


def _telephoned(site: Site, doctor: User, operator: User) -> None:
    """One of the two has booked a time of the week after."""
    caller = db.session.scalars(select(Patient).where(Patient.public_id == site.ids["agreed"])).one()
    next_week = consultations.free_times(doctor.id, site.clock.now + timedelta(days=10))[0]
    made = consultations.book(
        patient_id=caller.id,
        doctor_id=doctor.id,
        starts_at=next_week.starts_at,
        price_won=next_week.price_won,
        booked_by_id=operator.id,
        channel="telephone",
    )
    site.ids["telephoned"] = made.public_id


def _patient_cases(site: Site, patient: User, child: int, doctor: User, morning: Any) -> None:
    late = create_case(patient, state=CaseState.WAITING, site="upper_back")
    site.clock.set(morning - timedelta(days=1))
    watch = create_case(patient, doctor=doctor, site="face", diagnosis="bkl", advice=ADVICE, reason=REASON)
    amended = create_case(
        patient,
        doctor=doctor,
        opinion=WORRYING,
        answers=RED_FLAGS,
        photo_count=2,
        site="forearm_left",
        diagnosis="mel",
        advice="가까운 피부과에서 직접 진료를 받으세요.",
        next_step="in_person",
        within_days=14,
    )
    cases.ask(
        patient, amended.public_id, "약을 먹고 있는데 진료를 받으러 가도 괜찮을까요? 무엇을 챙겨 가면 될까요?"
    )
    signing.answer(amended.id, doctor.id, "드시는 약 이름을 적어 가세요. 그대로 드셔도 됩니다.")
    draft = signing.Draft(
        diagnosis="mel",
        advice="되도록 일주일 안에 가까운 피부과에서 직접 진료를 받으세요.",
        next_step="in_person",
        within_days=7,
        amendment_reason="사진을 다시 보니 더 서두르시는 것이 좋겠습니다.",
    )
    signing.save_draft(amended.id, doctor.id, draft)
    signing.sign(amended.id, doctor.id, draft.digest)
    asked = create_case(
        patient,
        doctor=doctor,
        site="neck",
        opinion=None,
        diagnosis="other",
        advice=ADVICE,
        next_step="consult",
    )
    cases.ask(patient, asked.public_id, "가려울 때 발라도 되는 연고가 있을까요?")
    site.clock.set(morning - timedelta(hours=2))
    made = {
        "late": late,
        "watch": watch,
        "amended": amended,
        "asked": asked,
        "submitted": create_case(patient, state=CaseState.SUBMITTED, site="foot_left"),
        "waiting": create_case(patient, state=CaseState.WAITING, site="hand_right"),
        "urgent": create_case(
            patient,
            state=CaseState.WAITING,
            answers=RED_FLAGS,
            opinion=WORRYING,
            photo_count=3,
            site="abdomen",
        ),
        "unanalysed": create_case(patient, state=CaseState.WAITING, opinion=None, site="thigh_left"),
        "being read": create_case(patient, state=CaseState.READING, doctor=doctor, site="chest"),
        "withdrawn": create_case(patient, state=CaseState.WITHDRAWN, site="chest"),
    }
    site.ids |= {name: case.public_id for name, case in made.items()}
    site.clock.set(morning)


def _lesions(site: Site, patient: User, doctor: User, morning: Any) -> None:
    """A lesion photographed three times within a year and once more in a draft, and one whose day has come."""
    made = []
    for days in (380, 190, 5):
        site.clock.set(morning - timedelta(days=days))
        facts: dict[str, Any] = {"doctor": doctor, "diagnosis": "nv", "advice": ADVICE, "within_days": 90}
        if not made:
            made.append(create_case(patient, site="upper_back", photo_count=2, **facts))
            lesions.name(patient, made[0].lesion.public_id, "등 왼쪽 위 점")
        else:
            note = "조금 커진 것 같고, 가장자리가 예전보다 흐립니다." if days < 100 else ""
            made.append(create_follow_up(patient, made[0], note=note, **facts))
    site.clock.set(morning - timedelta(days=100))
    due = create_case(patient, site="hand_left", **facts)
    lesions.watch(patient, due.lesion.public_id, 3)
    site.clock.set(morning - timedelta(days=90))
    create_case(patient, patient=service.patients_for(patient)[1], site="face", **facts)
    site.clock.set(morning)
    followed = create_follow_up(patient, due, state=CaseState.DRAFT)
    site.ids |= {"lesion": made[0].lesion.public_id, "due lesion": due.lesion.public_id}
    site.ids |= {"followed draft": followed.public_id, "pictured": made[-1].public_id}


def _drafts(site: Site, patient: User) -> None:
    begun = drafts.open_draft(patient, patient.patient.id, drafts.new_form_key())
    full = create_case(patient, state=CaseState.DRAFT, photo_count=2, site="face")
    for photo, quality in zip(full.photos, ([], _doubt()), strict=True):
        with transaction():
            photo.quality = quality
    same = create_case(patient, state=CaseState.DRAFT, site="upper_back")
    site.ids["same draft"] = same.public_id
    newcomer = create_patient(name=LONG_NAME)
    theirs = create_case(newcomer, state=CaseState.DRAFT, site="lower_back")
    site.ids |= {"begun draft": begun.public_id, "draft": full.public_id, "new draft": theirs.public_id}
    sign_in(site, "newcomer", newcomer)


def _doubt() -> list[dict[str, str]]:
    return [
        {
            "key": "too_blurry",
            "ko": "사진이 흐립니다. 휴대전화를 두 손으로 잡고 초점이 맞은 뒤에 다시 찍어 주세요.",
            "en": "The photo is blurred. Hold the phone with both hands and wait for the focus.",
        }
    ]


def _doctor_cases(site: Site, doctor: User) -> None:
    """The cases of the blinded first reading, one at each stage."""
    stages: dict[str, Case] = {}
    sender = create_sender(name="박영수")
    for name in ("unread", "read", "revealed", "to sign"):
        case = create_case(
            sender,
            state=CaseState.WAITING,
            photo_count=2,
            answers=RED_FLAGS,
            opinion=WORRYING,
            site="upper_back",
        )
        stages[name] = take(case, doctor)
    for name in ("read", "revealed", "to sign"):
        reading.store_first_read(
            stages[name].id, doctor.id, diagnosis="mel", confidence="likely", note="경계가 고르지 않음"
        )
    for name in ("revealed", "to sign"):
        reading.reveal(stages[name].id, doctor.id)
    draft = signing.Draft(diagnosis="bkl", advice=ADVICE, next_step="watch", reason=REASON)
    signing.save_draft(stages["to sign"].id, doctor.id, draft)
    site.ids |= {name: case.public_id for name, case in stages.items()}
    with transaction():
        for case, said in zip(stages.values(), (WORRYING, OPINION, WORRYING, OPINION), strict=True):
            shadow.store(case.id, replace(MODEL, name="trial", version="2.0", sha256="cd" * 32), [said], 31.0)


def _reviews(site: Site, operator: User) -> None:
    rows = [[*review_row(), ("1.9.0", "1.10.0", "")[n % 3]] for n in range(90)]
    rows += [[*review_row(star=9), ""], ["", "", "", "", "", "", ""]]
    done = create_import(operator, review_csv(rows, (*HEADER, "VERSION")))
    refused = create_import(
        operator, b"not,a,review\n1,2,3\n", filename=f"{'a-rather-long-name-of-a-file-' * 3}.csv"
    )
    _run(site, "reviews.import")
    analysed = create_analysis(operator)
    _run(site, "reviews.analyse")
    old = create_analysis(operator)
    _run(site, "reviews.analyse")
    with transaction():
        old.index_id = None
    failed = create_analysis(operator)
    with transaction():
        _fail(failed)
    running = create_analysis(operator)
    with transaction():
        running.state, running.stage, running.progress = WorkState.RUNNING, "tokenize", 0.4
    queued, reading_now = create_import(operator), create_import(operator)
    with transaction():
        reading_now.state, reading_now.total, reading_now.handled = WorkState.RUNNING, 1869, 500
    files: dict[str, ReviewImport] = {
        "done": done,
        "refused": refused,
        "queued": queued,
        "reading": reading_now,
    }
    runs: dict[str, Analysis] = {"analysed": analysed, "old": old, "failed": failed, "running": running}
    site.ids |= {f"import {name}": item.public_id for name, item in files.items()}
    site.ids |= {f"analysis {name}": run.public_id for name, run in runs.items()}
    site.ids["app"] = APP


def _collections(site: Site, operator: User) -> None:
    """One of each state, none of which a store was asked for."""
    added = apps.add(
        operator.id, name_ko="우리 동네 비대면 진료", google_play="kr.co.neighbourhood.clinic.remote"
    )
    site.ids["added app"] = str(added.id)
    schedules.save(operator.id, "appstore", APP, active=True, hour=4, weekday=None)
    made = {}
    for name, app in (
        ("done", "1014889755"),
        ("failed", "1584940053"),
        ("stopped", "1565924524"),
        ("running", APP),
        ("waiting", "1621486623"),
    ):
        item = made[name] = collecting.start(operator.id, "appstore", app)
        with transaction():
            if name == "failed":
                item.error_ko = "장터가 요청이 너무 잦다고 합니다. 900초 뒤에 이어서 모아 주세요."
                item.error_en = "The store says that we ask too often. Go on in 900 seconds."
                item.retry_at = clock.now() + timedelta(minutes=15)
            item.state, item.capped = CollectionState(STATES.get(name, name)), name == "done"
            if name != "waiting":
                item.pages, item.pages_total = 20 if name == "done" else 7, 20
                item.added, item.edited, item.known = 312, 3, 35
            if not item.busy:
                item.finished_at = clock.now()
    site.ids |= {f"collection {name}": item.public_id for name, item in made.items()}


def _fail(run: Analysis) -> None:
    run.state, run.finished_at = WorkState.FAILED, clock.now()
    run.error_ko, run.error_en = "낱말을 나누는 사전을 찾지 못했습니다.", "The dictionary was not found."


def _messages(site: Site) -> None:
    """Messages that went out, one that could not, and one that was not needed any more."""
    _run(site, "notifications.deliver")
    with transaction() as session:
        failed, dropped = session.scalars(select(Delivery).order_by(Delivery.id.desc()).limit(2))
        for delivery, state in ((failed, DeliveryState.FAILED), (dropped, DeliveryState.DROPPED)):
            delivery.state, delivery.sent_at, delivery.given_up_at = state, None, clock.now()
            delivery.form = delivery.template = delivery.size = None
        dropped.why = DropReason.TOO_LATE


def _work(site: Site) -> None:
    """A worker that is there, and jobs that failed for good."""
    with transaction() as s:
        s.add(WorkerBeat(holder="here", seen_at=clock.now()))
        for kind, why in (
            ("analyse_case", "ModelError: the model file is damaged"),
            ("notifications.deliver", None),
        ):
            job = jobs.Job(kind=kind, arguments={}, state=jobs.JobState.FAILED, attempts=5, error=why)
            job.run_after = job.created_at = job.finished_at = clock.now()
            s.add(job)


def _run(site: Site, kind: str) -> None:
    """Do the jobs of one kind, as the worker would: in a context of its own, so that ours keeps its rows."""

    def run(job_id: int) -> None:
        with site.app.app_context():
            jobs.run(job_id, "story")

    query = select(jobs.Job.id).where(jobs.Job.kind == kind, jobs.Job.state == jobs.JobState.QUEUED)
    for job_id in list(db.session.scalars(query)):
        db.session.rollback()
        contextvars.Context().run(run, job_id)
    db.session.rollback()
