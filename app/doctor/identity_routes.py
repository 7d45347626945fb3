"""Whom the doctor is talking to: looked at when a consultation begins, and recorded."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice
from wtforms.validators import InputRequired

from app.accounts import proxy_words
from app.accounts.identity import domestic
from app.accounts.identity_proof import agency
from app.accounts.proxy_access import posts_of
from app.audit import service as audit
from app.consultations import identity_checks
from app.consultations.identity_models import How
from app.consultations.models import Booking
from app.consultations.policy import visible_bookings
from app.doctor import words
from app.doctor.blueprint import blueprint
from app.doctor.common import doctor
from app.infra import moments
from app.permissions import Permission
from app.policy import requires, visible_or_404

HOW = {
    How.CARD: _l("신분증을 화면에 비추어 보았습니다"),
    How.KNOWN: _l("전에 만나 알고 있는 환자입니다"),
    How.TOLD: _l("전화번호와 생년월일을 물어 맞았습니다"),
    How.FAILED: _l("확인하지 못했습니다"),
}


class IdentityForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """By what the patient was recognised. Nothing of what was seen or said is written down."""

    how = RadioField(
        _l("어떻게 확인하셨나요?"),
        choices=[SelectChoice(how.value, label) for how, label in HOW.items()],
        validators=[InputRequired(_l("하나를 골라 주세요."))],
    )


@blueprint.route("/bookings/<public_id>/identity", methods=["GET", "POST"])
@requires(Permission.BOOKING_READ_OWN)
def booking_identity(public_id: str) -> Any:
    """What to compare, and by what the patient was recognised."""
    booking = visible_or_404(visible_bookings(doctor()).where(Booking.public_id == public_id))
    form = IdentityForm()
    if form.validate_on_submit():
        try:
            identity_checks.check(booking.id, doctor(), How(form.how.data))
        except identity_checks.NotNow:
            flash(_("지금은 적을 수 없습니다. 상담 30분 전부터 그날 안에 적어 주세요."), "warning")
        else:
            flash(_("본인 확인을 적었습니다."), "success")
        return redirect(url_for("doctor.booking_identity", public_id=public_id), 303)
    return _page(booking, form), 422 if form.errors else 200


def _page(booking: Booking, form: IdentityForm) -> str:
    audit.record("identity.shown", booking.topic, patient_id=booking.patient_id)
    number, acted = identity_checks.number_of(booking), identity_checks.acted_by(booking)
    return render_template(
        "doctor/identity.html",
        booking=booking,
        form=form,
        how=HOW,
        checks=identity_checks.checks_of(booking),
        is_time=identity_checks.is_time(booking),
        number=domestic(number) if number else None,
        acted=acted,
        posts=posts_of([acted.proxy_id]) if acted else {},
        agency=agency(),
        proxy_words=proxy_words,
        date_of=moments.date_of,
        words=words,
        moment=moments.moment,
    )
