"""When the doctor can be booked, and who has booked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.consultations import availability as patterns
from app.consultations import service as consultations
from app.consultations.models import Booking
from app.consultations.policy import visible_bookings
from app.consultations.rules import rules
from app.doctor import days_routes as days_routes  # what differs from the weekly times
from app.doctor import words
from app.doctor.blueprint import blueprint
from app.doctor.common import doctor
from app.doctor.schedule_forms import CancelForm, PatternForm
from app.infra import clock
from app.infra.moments import WEEKDAYS
from app.permissions import Permission
from app.policy import requires, visible_or_404

REFUSED = {
    "weekday": ("weekday", _l("요일을 골라 주세요.")),
    "span": ("end", _l("끝이 시작보다 적어도 한 사람 몫만큼 뒤여야 합니다.")),
    "slot": ("slot", _l("시간을 골라 주세요.")),
    "buffer": ("buffer", _l("시간을 골라 주세요.")),
    "capacity": ("capacity", _l("1에서 20 사이의 숫자를 적어 주세요.")),
    "price": ("price", _l("상담료가 너무 큽니다. 원 단위로 적어 주세요.")),
    "valid": ("valid_until", _l("마지막 날이 첫날보다 앞이거나 이미 지났습니다.")),
    "overlap": ("start", _l("이미 있는 시간과 겹칩니다.")),
}


@blueprint.get("/availability")
@requires(Permission.AVAILABILITY_MANAGE)
def availability() -> str:
    """The weekly patterns."""
    return _page(PatternForm(formdata=None))


def _page(form: PatternForm) -> str:
    me = doctor()
    return render_template(
        "doctor/availability.html",
        form=form,
        weekdays=WEEKDAYS,
        patterns=patterns.patterns_of(me.id),
        next_free=consultations.free_times(me.id, days=rules().horizon_days)[:6],
        to_come=patterns.bookings_to_come(me.id),
        outside=patterns.outside(me.id),
        rules=rules(),
        words=words,
    )


@blueprint.post("/availability")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_add() -> Any:
    """Offer a span of every week."""
    form = PatternForm()
    if form.validate():
        try:
            patterns.add_pattern(
                doctor().id,
                weekday=int(form.weekday.data),
                valid_from=form.valid_from.data,
                valid_until=form.valid_until.data,
                **form.visits(),
            )
        except patterns.PatternRefused as refused:
            name, problem = REFUSED[refused.reason]
            form[name].errors = [*form[name].errors, problem]
        else:
            flash(_("진료 시간을 더했습니다."), "success")
            return redirect(url_for("doctor.availability"))
    return _page(form), 422


@blueprint.post("/availability/<int(max=9223372036854775807):pattern_id>/remove")
@requires(Permission.AVAILABILITY_MANAGE)
def availability_remove(pattern_id: int) -> Response:
    """Stop offering it. What is booked stays booked."""
    try:
        kept = patterns.remove_pattern(doctor().id, pattern_id)
    except patterns.NoSuchPattern:
        flash(_("이미 없는 시간입니다."), "info")
    else:
        flash(_("진료 시간을 뺐습니다. 이미 잡힌 예약 %(count)s건은 그대로입니다.", count=kept), "success")
    return redirect(url_for("doctor.availability"))


@blueprint.get("/agenda")
@requires(Permission.BOOKING_READ_OWN)
def agenda() -> str:
    """The bookings to come, by day; and those of the last days, where one may say who did not come."""
    me, today = doctor(), clock.today_in_korea().date()
    back = rules().missed_mark_days
    past = consultations.agenda(me.id, today - timedelta(days=back), back)
    return render_template(
        "doctor/agenda.html",
        days=consultations.agenda(me.id, today, rules().horizon_days + 1),
        past=dict(sorted(past.items(), reverse=True)),
        today=today,
        now=clock.now(),
        can_mark=consultations.can_mark,
        form=CancelForm(formdata=None),
        rules=rules(),
        words=words,
        bookable=bool(patterns.patterns_of(me.id)),
    )


def _mine(public_id: str) -> Booking:
    return visible_or_404(visible_bookings(doctor()).where(Booking.public_id == public_id))


@blueprint.post("/bookings/<public_id>/cancel")
@requires(Permission.BOOKING_READ_OWN)
def booking_cancel(public_id: str) -> Response:
    """Cancel a booking, with a word to the patient, who is offered the next free times."""
    booking, form = _mine(public_id), CancelForm()
    if not form.validate():
        flash(next(iter(form.errors.values()))[0], "warning")
        return redirect(url_for("doctor.agenda"))
    try:
        consultations.cancel(booking.id, doctor().id, form.reason.data)
    except consultations.TooLateToCancel:
        flash(_("이미 시작된 상담은 취소할 수 없습니다."), "warning")
    else:
        flash(_("예약을 취소하고 환자에게 알렸습니다."), "success")
    return redirect(url_for("doctor.agenda"))


@blueprint.post("/bookings/<public_id>/missed")
@requires(Permission.BOOKING_READ_OWN)
def booking_missed(public_id: str) -> Response:
    """Note that the patient did not come."""
    try:
        consultations.mark_missed(_mine(public_id).id)
    except consultations.CannotMark:
        flash(_("시작한 뒤 %(days)s일 안에만 적을 수 있습니다.", days=rules().missed_mark_days), "warning")
    else:
        flash(_("환자가 오지 않았다고 적었습니다. 잘못 적었으면 되돌릴 수 있습니다."), "success")
    return redirect(url_for("doctor.agenda"))


@blueprint.post("/bookings/<public_id>/came")
@requires(Permission.BOOKING_READ_OWN)
def booking_came(public_id: str) -> Response:
    """Take that back."""
    try:
        consultations.unmark_missed(_mine(public_id).id)
    except consultations.CannotMark:
        flash(_("시작한 뒤 %(days)s일 안에만 적을 수 있습니다.", days=rules().missed_mark_days), "warning")
    else:
        flash(_("되돌렸습니다."), "success")
    return redirect(url_for("doctor.agenda"))
