"""The telephone: find or register who calls, read the consents aloud, book, cancel; moving is in `call_move`.

The operator sees a name, the year of birth, the district and the bookings: no photo, no finding, no number.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import callers, residence, telephone_children
from app.accounts import service as accounts
from app.accounts.errors import ConsentMissing, NotYours, TooYoung
from app.accounts.identity import NotAnIdentity
from app.accounts.models import Patient, Sex
from app.consultations import calls, eligibility_rules, eligibility_words, service, words
from app.consultations.eligibility import Admission
from app.consultations.models import Booking
from app.consultations.rules import rules
from app.extensions import limiter
from app.infra import clock, moments
from app.infra.database import row_id
from app.operator.blueprint import door
from app.operator.call_access import caller_or_404
from app.operator.call_children import relation
from app.operator.call_clinics import elsewhere
from app.operator.call_forms import BookForm, CallerForm, PlaceForm, SearchForm, offer_areas
from app.operator.call_move import why_it_stays
from app.permissions import Permission
from app.policy import requires, visible_or_404

SEARCHES = "10 per minute; 120 per hour"
"""Enough for a busy telephone, too few to try numbers in a row."""


def _operator() -> str:
    return f"operator:{current_user.get_id()}"


@door.get("/calls")
@requires(Permission.CALL_HANDLE)
def calls_start() -> str:
    """Begin with the caller's number."""
    return render_template("operator/calls.html", form=SearchForm(formdata=None), found=None)


@door.post("/calls")
@limiter.limit(SEARCHES, key_func=_operator)
@requires(Permission.CALL_HANDLE)
def calls_search() -> Any:
    """Who is known by this number. Not in the address: it would stay in the browser's history and in logs."""
    form = SearchForm()
    if form.validate_on_submit():
        try:
            found = callers.find_callers(form.mobile.data)
        except NotAnIdentity:
            form.mobile.errors = [_("휴대전화 번호가 아닙니다. 010으로 시작하는 번호를 적어 주세요.")]
        else:
            return render_template(
                "operator/calls.html", form=form, found=found, caller=_caller_form(form.mobile.data)
            )
    return render_template("operator/calls.html", form=form, found=None), 422


def _caller_form(mobile: str = "") -> CallerForm:
    form = CallerForm(formdata=None, data={"mobile": mobile}) if mobile else CallerForm()
    offer_areas(form.area)
    return form


@door.route("/calls/new", methods=["GET", "POST"])
@limiter.limit(SEARCHES, key_func=_operator, methods=["POST"])
@requires(Permission.CALL_HANDLE)
def call_new() -> Any:
    """Register somebody who has no account and calls for the first time."""
    form = _caller_form()
    if form.validate_on_submit():
        patient = _register(form)
        if patient is not None:
            return redirect(url_for("operator.call", public_id=patient.public_id), 303)
    page = render_template("operator/call_new.html", form=form)
    return (page, 422) if form.is_submitted() else page


def _register(form: CallerForm) -> Patient | None:
    try:
        patient = callers.register_caller(
            name=form.name.data,
            birth_date=form.birth_date.day or abort(400),
            sex=Sex(form.sex.data),
            area=form.area.data,
            mobile=form.mobile.data,
        )
    except TooYoung:
        form.birth_date.errors = [
            _("만 14세 미만은 보호자가 전화하셔야 합니다. ‘아이 등록하기’에서 보호자와 함께 등록해 주세요.")
        ]
    except NotAnIdentity:
        form.mobile.errors = [_("휴대전화 번호가 아닙니다. 010으로 시작하는 번호를 적어 주세요.")]
    except callers.AlreadyKnown as known:
        flash(_("이 번호로 이미 등록된 분입니다."), "info")
        return known.patient
    else:
        flash(_("등록했습니다. 이제 동의를 받아 주세요."), "success")
        return patient
    return None


@door.get("/calls/<public_id>")
@requires(Permission.CALL_HANDLE)
def call(public_id: str) -> str:
    """Everything needed while this person is on the telephone, in the order in which it is asked."""
    return _page(caller_or_404(public_id))


def _page(patient: Patient, place: PlaceForm | None = None) -> str:
    place = place or PlaceForm(formdata=None, data={"area": patient.area})
    offer_areas(place.area)
    missing = callers.missing_by_telephone(patient)
    ready = not missing and patient.area is not None
    horizon = clock.today_in_korea().date() + timedelta(days=rules().horizon_days)
    offers = calls.offers_for(patient) if ready else []
    return render_template(
        "operator/call.html",
        patient=patient,
        born=(patient.birth_date or "")[:4],
        place=place,
        guardian=telephone_children.guardian_of(patient),
        outgrown=telephone_children.has_outgrown(patient),
        relation=relation,
        missing=[accounts.texts()[kind] for kind in missing],
        exceptions=eligibility_rules.exceptions_on(horizon),
        upcoming=service.upcoming_for([patient.id]),
        why_it_stays=why_it_stays,
        offers=offers,
        elsewhere=elsewhere(patient) if ready and not offers else None,
        refusals=calls.refusals_for(patient) if ready else [],
        ready=ready,
        now=clock.now(),
        stamp=moments.stamp,
        date_of=moments.date_of,
        words=words,
        rule_words=eligibility_words,
    )


def _moment(text: str | None) -> datetime:
    return moments.read(text) or abort(404)


def _back(patient: Patient, anchor: str = "") -> Response:
    return redirect(url_for("operator.call", public_id=patient.public_id, _anchor=anchor or None), 303)


@door.post("/calls/<public_id>/consents")
@requires(Permission.CALL_HANDLE)
def call_consents(public_id: str) -> Response:
    """Note what the caller agreed to after the text was read aloud."""
    patient = caller_or_404(public_id)
    agreed = [kind for kind in callers.ASKED if request.form.get(kind.value) == "y"]
    try:
        callers.consent_by_telephone(current_user._get_current_object(), patient.id, agreed)
    except NotYours:
        flash(_("만 14세가 된 분은 본인과 통화하고 본인의 동의를 받아야 합니다."), "warning")
        return _back(patient)
    if callers.missing_by_telephone(patient):
        flash(
            _("두 가지에 모두 동의하셔야 예약할 수 있습니다. 동의하지 않으시면 가까운 병원을 알려 드리세요."),
            "warning",
        )
    else:
        flash(_("전화로 동의하신 것을 적었습니다."), "success")
    return _back(patient, "times")


@door.post("/calls/<public_id>/place")
@requires(Permission.CALL_HANDLE)
def call_place(public_id: str) -> Any:
    """Note where the caller lives, and what they say applies to them."""
    patient, form = caller_or_404(public_id), PlaceForm()
    offer_areas(form.area)
    if not form.validate_on_submit():
        return _page(patient, form), 422
    residence.set_area(patient.id, form.area.data)
    horizon = clock.today_in_korea().date() + timedelta(days=rules().horizon_days)
    known = {rule.key for rule in eligibility_rules.exceptions_on(horizon)}
    if known:
        said = known & set(request.form.getlist("exception"))
        # What was said before is health data, and none of the operator's business: it is not shown, and stays.
        try:
            residence.set_exceptions(patient.id, said | set(patient.exceptions or ()))
        except ConsentMissing:
            flash(
                _("사는 곳만 저장했습니다. 나머지는 건강에 관한 정보에 동의하신 뒤에 적어 주세요."), "warning"
            )
            return _back(patient, "times")
    flash(_("저장했습니다."), "success")
    return _back(patient, "times")


@door.get("/calls/<public_id>/confirm")
@requires(Permission.CALL_HANDLE)
def call_confirm(public_id: str) -> Any:
    """Read the day, the time, the doctor and the price aloud before anything is booked."""
    patient = caller_or_404(public_id)
    try:
        slot = service.offer(
            row_id(request.args.get("doctor")) or abort(404), _moment(request.args.get("at"))
        )
        admitted = calls.admit_caller(patient, slot.doctor_id, slot.starts_at)
    except service.TimeUnavailable:
        return _gone(patient)
    except service.NotEligible as no:
        return _refused(patient, no.admission), 409
    doctor = next(d for d in service.bookable_doctors() if d.user.id == slot.doctor_id)
    data = {"doctor": slot.doctor_id, "at": moments.stamp(slot.starts_at), "price": slot.price_won}
    return render_template(
        "operator/call_confirm.html",
        patient=patient,
        slot=slot,
        doctor=doctor,
        admission=admitted.admission,
        revisit=admitted.revisit,
        form=BookForm(formdata=None, data=data),
        date_of=moments.date_of,
        words=words,
        rule_words=eligibility_words,
    )


def _gone(patient: Patient) -> Response:
    flash(_("그 시간은 이제 비어 있지 않습니다. 다른 시간을 권해 주세요."), "warning")
    return _back(patient, "times")


def _refused(patient: Patient, admission: Admission) -> str:
    return render_template(
        "operator/call_refused.html", patient=patient, elsewhere=elsewhere(patient, admission=admission)
    )


@door.post("/calls/<public_id>/book")
@requires(Permission.CALL_HANDLE)
def call_book(public_id: str) -> Any:
    """Book for the caller; who has no account gets a text message."""
    patient, form = caller_or_404(public_id), BookForm()
    if not form.validate_on_submit():
        abort(400)
    if callers.missing_by_telephone(patient):
        flash(_("먼저 동의를 받아 주세요."), "warning")
        return _back(patient, "consents")
    doctor_id, starts_at = form.doctor.data, _moment(form.at.data)
    try:
        service.book(
            patient_id=patient.id,
            doctor_id=doctor_id,
            starts_at=starts_at,
            price_won=form.price.data,
            booked_by_id=current_user.id,
            case_id=calls.admit_caller(patient, doctor_id, starts_at).case_id,
            channel="telephone",
        )
    except service.TimeUnavailable:
        return _gone(patient)
    except service.NotEligible as no:
        return _refused(patient, no.admission), 409
    except service.PriceChanged:
        flash(_("그 사이에 상담료가 바뀌었습니다. 다시 읽어 드리고 확인해 주세요."), "warning")
    except service.PatientBusy as busy:
        when = words.when(busy.booking.starts_at)
        flash(_("이분은 그 시간에 다른 예약(%(when)s)이 있습니다.", when=when), "warning")
    except ConsentMissing:
        flash(_("먼저 동의를 받아 주세요."), "warning")
    else:
        flash(_("예약했습니다. 날짜와 시간을 한 번 더 읽어 드리세요."), "success")
    return _back(patient)


@door.post("/calls/<public_id>/bookings/<booking_id>/cancel")
@requires(Permission.CALL_HANDLE)
def call_cancel(public_id: str, booking_id: str) -> Response:
    """Cancel one of the caller's bookings."""
    patient = caller_or_404(public_id)
    found = visible_or_404(calls.bookings_of(patient).where(Booking.public_id == booking_id))
    try:
        service.cancel(found.id, current_user.id)
    except service.TooLateToCancel:
        flash(_("이미 시작된 상담은 취소할 수 없습니다."), "warning")
    else:
        flash(_("예약을 취소했습니다."), "success")
    return _back(patient)
