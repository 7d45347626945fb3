"""The telephone: another day or another doctor than the next free times, few enough at once to be read aloud."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts import callers
from app.accounts.models import DoctorProfile, Patient
from app.consultations import call_days, words
from app.consultations.call_days import DoctorsDay
from app.consultations.rules import rules
from app.infra import moments
from app.operator.blueprint import door
from app.operator.call_access import caller_or_404
from app.operator.call_screens import day_of, days_screen, times_screen
from app.permissions import Permission
from app.policy import requires


@door.get("/calls/<public_id>/times")
@requires(Permission.CALL_HANDLE)
def call_times(public_id: str) -> Any:
    """The days ahead, and which doctors are free on them; those of one doctor, or from one day on, if asked for."""
    patient = caller_or_404(public_id)
    if not _is_ready(patient):
        return _not_yet(patient)
    every = call_days.days_for(patient)
    doctors = _doctors(every)
    wanted = request.args.get("doctor", None, int)
    chosen = wanted if any(one.user_id == wanted for one in doctors) else None
    first = day_of(request.args.get("from"))
    return render_template(
        "operator/call_times.html",
        patient=patient,
        doctors=doctors,
        chosen=chosen,
        first=first,
        screen=days_screen([one for one in every if chosen in (None, one.doctor.user_id)], first),
        rules=rules(),
        words=words,
    )


def _is_ready(patient: Patient) -> bool:
    return patient.area is not None and not callers.missing_by_telephone(patient)


def _not_yet(patient: Patient) -> Response:
    flash(_("동의와 사는 곳을 적으면 예약할 수 있는 시간이 나옵니다."), "warning")
    return redirect(url_for("operator.call", public_id=patient.public_id), 303)


def _doctors(every: list[DoctorsDay]) -> list[DoctorProfile]:
    """Those who have a time for the caller at all, the soonest first."""
    return list({one.doctor.user_id: one.doctor for one in every}.values())


@door.get("/calls/<public_id>/times/day")
@requires(Permission.CALL_HANDLE)
def call_day(public_id: str) -> Any:
    """One doctor's free times on one day; each leads to what is read aloud before booking."""
    patient, on = caller_or_404(public_id), day_of(request.args.get("on")) or abort(404)
    if not _is_ready(patient):
        return _not_yet(patient)
    doctor_id = request.args.get("doctor", 0, int)
    found = [one for one in call_days.days_for(patient) if (one.day, one.doctor.user_id) == (on, doctor_id)]
    return render_template(
        "operator/call_day.html",
        patient=patient,
        on=on,
        doctor=found[0].doctor if found else None,
        screen=times_screen(found[0].times if found else [], request.args.get("page", 1, int)),
        stamp=moments.stamp,
        words=words,
    )
