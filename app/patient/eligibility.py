"""Before a time is chosen: can this be done remotely at all, with whom, and if not, where to go instead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, RadioField, SelectChoice
from wtforms.validators import InputRequired

from app.accounts import acting, residence
from app.accounts.errors import ConsentMissing
from app.accounts.models import Patient
from app.cases import history, overview
from app.cases import policy as case_policy
from app.cases.models import Case, Finding
from app.consultations import eligibility_rules, eligibility_words, service
from app.consultations.eligibility_admit import Judge, served_by
from app.consultations.rules import rules
from app.infra import clock, moments
from app.patient import status
from app.patient.access import me
from app.patient.blueprint import blueprint
from app.patient.bookings_forms import back_from, case_asked_for, people_for
from app.patient.eligibility_refused import elsewhere
from app.patient.eligibility_spots import spots_of, with_a_doctor
from app.permissions import Permission
from app.policy import requires
from app.regions import areas


class AreaForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """The district in which somebody lives."""

    patient = HiddenField()
    case = HiddenField()
    then = HiddenField()
    area = RadioField(_l("어느 시·군·구에 사세요?"), validators=[InputRequired(_l("하나를 골라 주세요."))])


def _person(people: list[Patient]) -> Patient | None:
    """Who is asked about: the one named, or the only one there is; 404 for anybody else's."""
    wanted = request.values.get("patient")
    if wanted:
        return next((one for one in people if one.public_id == wanted), None) or abort(404)
    return people[0] if len(people) == 1 else None


@blueprint.get("/bookings/check")
@requires(Permission.BOOKING_MAKE)
def booking_check() -> Any:
    """Say honestly whether a consultation can be remote for this person, before a time is chosen."""
    case = case_asked_for()
    people = people_for(case)
    patient = _person(people)
    case_id = case.public_id if case else None
    if patient is None:
        return render_template("patient/eligibility_who.html", people=people)
    if not patient.area:
        return redirect(url_for("patient.area", patient=patient.public_id, case=case_id, then="check"))
    return _verdict(patient, case)


def _verdict(patient: Patient, case: Case | None) -> str:
    doctors = service.bookable_doctors(first=case.doctor_id if case else None)
    served = served_by(Judge(patient, case.id if case else None), doctors)
    yes = [one for one in served if one.time is not None]
    today = clock.today_in_korea().date()
    horizon = today + timedelta(days=rules().horizon_days)
    change = eligibility_rules.next_change(today, horizon)
    return render_template(
        "patient/eligibility_check.html",
        patient=patient,
        case=case,
        back=back_from(case),
        several=len(people_for(case)) > 1,
        yes=yes,
        full=[one for one in served if one.is_admitted and one.time is None],
        no=[one for one in served if not one.is_admitted],
        horizon=rules().horizon_days,
        sent_to_clinic=_sent_to_clinic(case),
        spots=[] if case else spots_of(patient),
        revisits=[] if case or yes else with_a_doctor(patient, doctors),
        next_step=status.next_step,
        share=overview.in_person_share(),
        exceptions=eligibility_rules.exceptions_on(horizon),
        change=moments.day(change) if change else None,
        elsewhere=elsewhere(patient),
        words=eligibility_words,
    )


def _sent_to_clinic(case: Case | None) -> Finding | None:
    """The finding that says so, for who may read it."""
    if case is None or not case_policy.can_read_finding(me(), case):
        return None
    return case.finding if history.is_sent_to_clinic(case) else None


@blueprint.post("/bookings/check")
@requires(Permission.BOOKING_MAKE)
def booking_exceptions() -> Response:
    """Note which exceptions the patient says apply to them; the doctor checks."""
    case = case_asked_for()
    patient = _person(people_for(case)) or abort(404)
    horizon = clock.today_in_korea().date() + timedelta(days=rules().horizon_days)
    known = {rule.key for rule in eligibility_rules.exceptions_on(horizon)}
    said = known & set(request.form.getlist("exception"))
    try:
        residence.set_exceptions(patient.id, said)
    except ConsentMissing:
        flash(
            _(
                "건강에 관한 정보를 다루는 데 동의하셔야 적어 둘 수 있습니다. ‘동의’ 화면에서 하실 수 있습니다."
            ),
            "warning",
        )
    else:
        told = (
            _("적어 두었습니다. 상담 때 의사가 확인합니다.")
            if said
            else _("해당하는 것이 없다고 적어 두었습니다.")
        )
        flash(told, "success")
    case_id = case.public_id if case else None
    return redirect(url_for("patient.booking_check", patient=patient.public_id, case=case_id), 303)


@blueprint.route("/area", methods=["GET", "POST"])
@requires(Permission.BOOKING_MAKE)
def area() -> Any:
    """Where somebody lives, in two steps that need no scripts: the province, then the district."""
    people = acting.people_to_act_for(me())
    patient = _person(people)
    if patient is None:
        return render_template("patient/eligibility_who.html", people=people, endpoint="patient.area")
    province = areas.area(request.values.get("province"))
    if province is None:
        return _page("patient/eligibility_province.html", patient, provinces=areas.provinces())
    form = AreaForm(
        data={
            "area": patient.area,
            **{name: request.values.get(name) for name in ("patient", "case", "then")},
        }
    )
    form.area.choices = [
        SelectChoice(one.code, eligibility_words.short_area_name(one))
        for one in areas.districts(province.province)
    ]
    if form.validate_on_submit():
        residence.set_area(patient.id, form.area.data)
        return redirect(_onward(form, patient), 303)
    page = _page("patient/eligibility_district.html", patient, form=form, province=province)
    return (page, 422) if form.is_submitted() else page


def _page(template: str, patient: Patient, **values: Any) -> str:
    kept = {name: request.values.get(name) for name in ("case", "then")}
    return render_template(
        template,
        patient=patient,
        own=patient.user_id == me().id,
        kept=kept,
        words=eligibility_words,
        **values,
    )


def _onward(form: AreaForm, patient: Patient) -> str:
    if form.then.data == "check":
        return url_for("patient.booking_check", patient=patient.public_id, case=form.case.data or None)
    flash(_("저장했습니다."), "success")
    return url_for("account.settings")


blueprint.add_app_template_global(eligibility_words.title, "rule_title")
blueprint.add_app_template_global(eligibility_words.area_name, "area_name")
