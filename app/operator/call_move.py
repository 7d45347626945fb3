"""The telephone: moving a caller's booking to another free time of the same doctor, by the rules that patients have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import telephone_children
from app.accounts.models import Patient
from app.consultations import call_days, calls, service, words
from app.consultations.call_days import DoctorsDay
from app.consultations.eligibility import Admission
from app.consultations.eligibility_admit import admit_to
from app.consultations.models import Booking
from app.consultations.rules import rules
from app.infra import moments
from app.operator.blueprint import door
from app.operator.call_access import caller_or_404
from app.operator.call_clinics import elsewhere
from app.operator.call_forms import MoveForm
from app.operator.call_screens import day_of, days_screen, moment_of, times_screen
from app.permissions import Permission
from app.policy import requires, visible_or_404

STAYS = {
    "over": _l("이미 시작되었거나 취소된 상담은 옮길 수 없습니다."),
    "late": _l("상담이 곧 시작되어 이제 옮길 수 없습니다."),
    "often": _l("이 예약은 더 옮길 수 없습니다. 취소하고 새로 예약해 주세요."),
}

OUTGROWN = _l("만 14세가 된 분은 본인과 통화하고 본인의 동의를 받아야 합니다.")


def why_it_stays(patient: Patient, booking: Booking) -> str | None:
    """Say why a caller's booking cannot be moved now, None if it can."""
    if telephone_children.has_outgrown(patient):
        return str(OUTGROWN)
    reason = service.why_not_moved(booking, current_user)
    return str(STAYS[reason]) if reason is not None else None


def _booking(patient: Patient, booking_id: str) -> Booking:
    return visible_or_404(calls.bookings_of(patient).where(Booking.public_id == booking_id))


def _back(patient: Patient) -> Response:
    return redirect(url_for("operator.call", public_id=patient.public_id), 303)


def _stays(patient: Patient, why: str) -> Response:
    flash(why, "warning")
    return _back(patient)


def _free(booking: Booking) -> list[DoctorsDay]:
    return call_days.days_for(booking.patient, doctor_id=booking.doctor_id, case_id=booking.case_id)


@door.get("/calls/<public_id>/bookings/<booking_id>/move")
@requires(Permission.CALL_HANDLE)
def call_move(public_id: str, booking_id: str) -> Any:
    """The days ahead on which the same doctor is free."""
    patient = caller_or_404(public_id)
    booking = _booking(patient, booking_id)
    why = why_it_stays(patient, booking)
    if why is not None:
        return _stays(patient, why)
    return render_template(
        "operator/call_move.html",
        patient=patient,
        booking=booking,
        screen=days_screen(_free(booking), day_of(request.args.get("from"))),
        left=rules().move_limit - booking.moves,
        rules=rules(),
        words=words,
    )


@door.get("/calls/<public_id>/bookings/<booking_id>/move/day")
@requires(Permission.CALL_HANDLE)
def call_move_day(public_id: str, booking_id: str) -> Any:
    """The doctor's free times on one of these days."""
    patient, on = caller_or_404(public_id), day_of(request.args.get("on")) or abort(404)
    booking = _booking(patient, booking_id)
    why = why_it_stays(patient, booking)
    if why is not None:
        return _stays(patient, why)
    times = [time for one in _free(booking) if one.day == on for time in one.times]
    return render_template(
        "operator/call_move_day.html",
        patient=patient,
        booking=booking,
        on=on,
        screen=times_screen(times, request.args.get("page", 1, int)),
        stamp=moments.stamp,
        words=words,
    )


@door.get("/calls/<public_id>/bookings/<booking_id>/move/confirm")
@requires(Permission.CALL_HANDLE)
def call_move_confirm(public_id: str, booking_id: str) -> Any:
    """Read aloud from when to when, and the price, before anything is changed."""
    patient, starts_at = caller_or_404(public_id), moment_of(request.args.get("at"))
    booking = _booking(patient, booking_id)
    why = why_it_stays(patient, booking)
    if why is not None:
        return _stays(patient, why)
    try:
        slot = service.offer(booking.doctor_id, starts_at, current_user.id)
        admit_to(patient, booking.doctor_id, booking.case_id, slot.starts_at)
    except service.TimeUnavailable as gone:
        return _instead(booking, gone)
    except service.NotEligible as no:
        return _refused(patient, no.admission)
    return render_template(
        "operator/call_move_confirm.html",
        patient=patient,
        booking=booking,
        slot=slot,
        form=MoveForm(formdata=None, at=moments.stamp(slot.starts_at), price=slot.price_won),
        words=words,
    )


@door.post("/calls/<public_id>/bookings/<booking_id>/move")
@requires(Permission.CALL_HANDLE)
def call_move_make(public_id: str, booking_id: str) -> Any:
    """Move it; the caller and the doctor are told. Sent twice, it is moved once."""
    patient, form = caller_or_404(public_id), MoveForm()
    booking, starts_at = _booking(patient, booking_id), moment_of(form.at.data)
    if telephone_children.has_outgrown(patient):
        return _stays(patient, str(OUTGROWN))
    if not form.validate():
        return _confirm_again(booking, starts_at)
    return _move(booking, starts_at, form.price.data)


def _move(booking: Booking, starts_at: datetime, price_won: int) -> Any:
    patient = booking.patient
    try:
        service.move(booking.id, starts_at, price_won, current_user.id)
    except service.CannotMove as stays:
        return _stays(patient, str(STAYS[stays.reason]))
    except service.TimeUnavailable as gone:
        return _instead(booking, gone)
    except service.NotEligible as no:
        return _refused(patient, no.admission)
    except service.PriceChanged:
        flash(_("그 사이에 상담료가 바뀌었습니다. 다시 읽어 드리고 확인해 주세요."), "warning")
        return _confirm_again(booking, starts_at)
    except service.PatientBusy as busy:
        when = words.when(busy.booking.starts_at)
        flash(_("이분은 그 시간에 다른 예약(%(when)s)이 있습니다.", when=when), "warning")
        return redirect(_address("operator.call_move", booking), 303)
    flash(_("예약을 옮겼습니다. 새 날짜와 시간을 한 번 더 읽어 드리세요."), "success")
    return _back(patient)


def _address(endpoint: str, booking: Booking, at: str | None = None) -> str:
    return url_for(endpoint, public_id=booking.patient.public_id, booking_id=booking.public_id, at=at)


def _confirm_again(booking: Booking, starts_at: datetime) -> Response:
    return redirect(_address("operator.call_move_confirm", booking, at=moments.stamp(starts_at)), 303)


def _instead(booking: Booking, gone: service.TimeUnavailable) -> tuple[str, int]:
    """The doctor's next free times, where the one that was read aloud has gone meanwhile."""
    times = [time for one in _free(booking) for time in one.times]
    page = render_template(
        "operator/call_move_taken.html",
        patient=booking.patient,
        booking=booking,
        taken=isinstance(gone, service.TimeTaken),
        instead=times[: calls.OFFERED],
        stamp=moments.stamp,
        words=words,
    )
    return page, 409


def _refused(patient: Patient, admission: Admission) -> tuple[str, int]:
    flash(_("그 시간으로는 옮길 수 없습니다. 지금 예약은 그대로 있습니다."), "warning")
    page = render_template(
        "operator/call_refused.html", patient=patient, elsewhere=elsewhere(patient, admission=admission)
    )
    return page, 409
