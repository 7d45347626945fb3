"""Confirming a time: it is held for some minutes, shown with its price, and booked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts import acting
from app.accounts import service as accounts
from app.accounts.errors import ConsentMissing
from app.accounts.models import Patient
from app.cases.models import Case
from app.consultations import service, times, words
from app.extensions import limiter
from app.infra import moments
from app.patient.access import me, settings
from app.patient.blueprint import blueprint
from app.patient.bookings_forms import (
    BookingForm,
    by_telephone,
    case_asked_for,
    doctor_of,
    key_of,
    moment_of,
    people_for,
    read_key,
)
from app.patient.eligibility_refused import Asked, refusal, refused
from app.patient.wizard import of_age_notes
from app.permissions import Permission
from app.policy import requires

HOLDS = "20 per minute; 120 per hour"
"""Enough to look at many times one after the other, too few to keep a doctor's times from others."""


def _person() -> str:
    return f"holds:{me().get_id()}"


@blueprint.post("/bookings/hold")
@limiter.limit(HOLDS, key_func=_person)
@requires(Permission.BOOKING_MAKE)
def booking_hold() -> Any:
    """Keep the chosen time while its person reads and agrees."""
    case = case_asked_for()
    doctor, starts_at = read_key(request.form.get("time"))
    people = people_for(case)
    if people and len(by_telephone(people)) == len(people):
        return _back_to_choice(case)  # which says why
    not_remote = refusal(Asked(people, doctor, starts_at, case))
    if not_remote is not None:
        return not_remote, 409
    try:
        service.hold(doctor, starts_at, me().id)
    except service.TimeUnavailable as gone:
        mine = _mine(doctor, starts_at)
        return redirect(mine, 303) if mine else (_instead(gone, case), 409)
    return redirect(_confirm_url(doctor, starts_at, case), 303)


@blueprint.post("/bookings/release")
@limiter.limit(HOLDS, key_func=_person)
@requires(Permission.BOOKING_MAKE)
def booking_release() -> Response:
    """Give the held time back."""
    service.let_go(me().id)
    flash(_("맡아 둔 시간을 놓았습니다."), "success")
    return _back_to_choice(case_asked_for())


def _back_to_choice(case: Case | None) -> Response:
    return redirect(url_for("patient.booking_choose", case=case.public_id if case else None), 303)


def _confirm_url(doctor: int, starts_at: datetime, case: Case | None) -> str:
    case_id = case.public_id if case else None
    return url_for("patient.booking_confirm", doctor=doctor, at=moments.stamp(starts_at), case=case_id)


@blueprint.get("/bookings/confirm")
@requires(Permission.BOOKING_MAKE)
def booking_confirm() -> Any:
    """Show the time, the doctor and the price, before anything is booked."""
    case, doctor = case_asked_for(), doctor_of(request.args.get("doctor"))
    starts_at = moment_of(request.args.get("at"))
    form = BookingForm(formdata=None).offer(people_for(case))
    try:
        slot = service.offer(doctor, starts_at, me().id)
    except service.TimeUnavailable as gone:
        mine = _mine(doctor, starts_at)
        return redirect(mine, 303) if mine else (_instead(gone, case), 409)
    not_remote = refusal(Asked(people_for(case), doctor, slot.starts_at, case))
    if not_remote is not None:
        return not_remote, 409
    form.doctor.data, form.at.data, form.price.data = doctor, moments.stamp(starts_at), slot.price_won
    form.case.data = case.public_id if case else ""
    return _confirm_page(form, slot, case)


def _mine(doctor: int, starts_at: datetime) -> str | None:
    """The address of the person's own booking at this time, None if it is not theirs."""
    people = [person.id for person in acting.people(me())]
    for found in service.upcoming_for(people, me()):
        if (found.doctor_id, found.starts_at) == (doctor, starts_at):
            return url_for("patient.booking", public_id=found.public_id)
    return None


def _confirm_page(form: BookingForm, slot: times.FreeTime, case: Case | None) -> str:
    doctor = next(d for d in service.bookable_doctors() if d.user.id == slot.doctor_id)
    return render_template(
        "patient/bookings_confirm.html",
        form=form,
        slot=slot,
        case=case,
        doctor=doctor,
        person=form.patient.choices[0].label if len(form.patient.choices) == 1 else None,
        consents=[(form[kind.value], accounts.texts()[kind]) for kind in form.consents()],
        held=service.hold_of(me().id, slot.doctor_id, slot.starts_at),
        telephone=by_telephone(people_for(case)),
        contact=settings().contact,
        grown=[] if case else of_age_notes(),
        key=key_of,
        words=words,
    )


def _instead(gone: service.TimeUnavailable, case: Case | None) -> str:
    return render_template(
        "patient/bookings_taken.html",
        taken=isinstance(gone, service.TimeTaken),
        instead=gone.instead,
        named={d.user.id: d for d in service.bookable_doctors()},
        case=case,
        key=key_of,
        words=words,
    )


@blueprint.post("/bookings")
@requires(Permission.BOOKING_MAKE)
def booking_make() -> Any:
    """Book it. Sent twice, it is booked once."""
    case = case_asked_for()
    people = people_for(case)
    form = BookingForm().offer(people)
    starts_at = moment_of(form.at.data)
    doctor = form.doctor.data or 0
    try:
        if not form.validate():
            return _confirm_page(form, service.offer(doctor, starts_at, me().id), case), 422
        return _book(form, people, starts_at, case)
    except service.TimeUnavailable as gone:
        return _instead(gone, case), 409
    except service.PriceChanged:
        flash(_("그 사이에 상담료가 바뀌었습니다. 다시 확인해 주세요."), "warning")
        return redirect(_confirm_url(doctor, starts_at, case), 303)


def _book(form: BookingForm, people: list[Patient], starts_at: datetime, case: Case | None) -> Any:
    patient = next(person for person in people if person.public_id == form.patient.data)
    try:
        booking = service.book(
            patient_id=patient.id,
            doctor_id=form.doctor.data,
            starts_at=starts_at,
            price_won=form.price.data,
            booked_by_id=me().id,
            case_id=case.id if case else None,
            agreed=form.consents(),
        )
    except service.NotEligible as no:
        return refused(Asked(people, form.doctor.data, starts_at, case), patient, no.admission), 409
    except service.PatientBusy as busy:
        when = words.when(busy.booking.starts_at)
        flash(
            _("그 시간에는 이미 다른 예약(%(when)s)이 있습니다. 다른 시간을 골라 주세요.", when=when),
            "warning",
        )
        return _back_to_choice(case)
    except service.NeedsTelephone:
        flash(_("%(name)s 님은 지금 전화로만 예약할 수 있습니다.", name=patient.name), "warning")
        return _back_to_choice(case)
    except ConsentMissing:  # taken back in another window
        flash(_("건강 정보와 비대면 상담에 동의하셔야 예약할 수 있습니다."), "warning")
        return _back_to_choice(case)
    return redirect(url_for("patient.booking", public_id=booking.public_id), 303)
