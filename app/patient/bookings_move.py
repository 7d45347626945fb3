"""Moving a booking to another free time of the same doctor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.accounts import words as account_words
from app.cases import history
from app.consultations import service, times, words
from app.consultations.models import Booking
from app.consultations.policy import visible_bookings
from app.consultations.public_holidays import between
from app.consultations.rules import rules
from app.infra import moments
from app.patient.access import me
from app.patient.blueprint import blueprint
from app.patient.bookings_choose import holiday_name
from app.patient.bookings_forms import MoveForm, first_day, moment_of, shifted
from app.patient.eligibility_refused import page
from app.permissions import Permission
from app.policy import requires, visible_or_404

STAYS = {
    "over": _l("이미 시작되었거나 취소된 상담은 옮길 수 없습니다."),
    "late": _l("상담이 곧 시작되어 이제 옮길 수 없습니다."),
    "often": _l("이 예약은 더 옮길 수 없습니다. 취소하고 새로 예약해 주세요."),
}


def _mine(public_id: str) -> Booking:
    return visible_or_404(visible_bookings(me()).where(Booking.public_id == public_id))


def _back(booking: Booking) -> Response:
    return redirect(url_for("patient.booking", public_id=booking.public_id), 303)


def _stays(booking: Booking, reason: str) -> Response:
    said = account_words.of_age(booking.patient.name) if reason == "of_age" else STAYS[reason]
    flash(said, "warning")
    return _back(booking)


@blueprint.get("/bookings/<public_id>/move")
@requires(Permission.BOOKING_MAKE)
def booking_move(public_id: str) -> Any:
    """The other free times of the same doctor, by day."""
    booking, first = _mine(public_id), first_day(request.args.get("from"))
    reason = service.why_not_moved(booking, me())
    if reason is not None:
        return _stays(booking, reason)
    last = first + timedelta(days=rules().shown_days - 1)
    return render_template(
        "patient/bookings_move.html",
        booking=booking,
        days=times.by_day(service.free_times(booking.doctor_id, times.moment(first, 0))),
        holidays={one.day: holiday_name(one) for one in between(first, last)},
        earlier=shifted(first, -rules().shown_days),
        later=shifted(first, rules().shown_days),
        left=rules().move_limit - booking.moves,
        rules=rules(),
        stamp=moments.stamp,
        words=words,
    )


@blueprint.get("/bookings/<public_id>/move/confirm")
@requires(Permission.BOOKING_MAKE)
def booking_move_confirm(public_id: str) -> Any:
    """Show from when to when, and the price, before anything is changed."""
    booking, starts_at = _mine(public_id), moment_of(request.args.get("at"))
    reason = service.why_not_moved(booking, me())
    if reason is not None:
        return _stays(booking, reason)
    try:
        slot = service.offer(booking.doctor_id, starts_at, me().id)
    except service.TimeUnavailable as gone:
        return _instead(booking, gone)
    return render_template(
        "patient/bookings_move_confirm.html",
        booking=booking,
        slot=slot,
        form=MoveForm(formdata=None, at=moments.stamp(slot.starts_at), price=slot.price_won),
        words=words,
    )


@blueprint.post("/bookings/<public_id>/move")
@requires(Permission.BOOKING_MAKE)
def booking_move_make(public_id: str) -> Any:
    """Move it. Sent twice, it is moved once."""
    booking, form = _mine(public_id), MoveForm()
    starts_at = moment_of(form.at.data)
    confirm = url_for("patient.booking_move_confirm", public_id=public_id, at=moments.stamp(starts_at))
    if not form.validate():
        return redirect(confirm, 303)
    return _move(booking, starts_at, form.price.data, confirm)


def _move(booking: Booking, starts_at: datetime, price_won: int, confirm: str) -> Any:
    try:
        service.move(booking.id, starts_at, price_won, me().id)
    except service.CannotMove as stays:
        return _stays(booking, stays.reason)
    except service.TimeUnavailable as gone:
        return _instead(booking, gone)
    except service.NotEligible as no:
        return page(booking.patient, no.admission, history.case_to_book(me(), booking.case_id)), 409
    except service.PriceChanged:
        flash(_("그 사이에 상담료가 바뀌었습니다. 다시 확인해 주세요."), "warning")
        return redirect(confirm, 303)
    except service.PatientBusy as busy:
        when = words.when(busy.booking.starts_at)
        flash(
            _("그 시간에는 이미 다른 예약(%(when)s)이 있습니다. 다른 시간을 골라 주세요.", when=when),
            "warning",
        )
        return redirect(url_for("patient.booking_move", public_id=booking.public_id), 303)
    flash(_("예약을 옮겼습니다."), "success")
    return _back(booking)


def _instead(booking: Booking, gone: service.TimeUnavailable) -> tuple[str, int]:
    taken = render_template(
        "patient/bookings_move_taken.html",
        booking=booking,
        taken=isinstance(gone, service.TimeTaken),
        instead=[slot for slot in gone.instead if slot.doctor_id == booking.doctor_id],
        stamp=moments.stamp,
        words=words,
    )
    return taken, 409
