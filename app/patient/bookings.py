"""The patient's consultations: what is booked, one of them, cancelling it."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts import acting
from app.accounts import words as account_words
from app.cases import history
from app.consultations import service, words
from app.consultations.models import Booking, BookingState
from app.consultations.policy import visible_bookings
from app.consultations.rules import rules
from app.infra import clock, moments
from app.patient import bookings_choose as bookings_choose  # the pages on which a time is chosen,
from app.patient import bookings_confirm as bookings_confirm  # confirmed,
from app.patient import bookings_move as bookings_move  # and moved
from app.patient.access import me, settings
from app.patient.blueprint import blueprint
from app.patient.bookings_forms import key_of
from app.permissions import Permission
from app.policy import requires, visible_or_404


@blueprint.get("/bookings")
@requires(Permission.BOOKING_MAKE)
def bookings() -> str:
    """What is booked, and what was."""
    people = [person.id for person in acting.people(me())]
    return render_template(
        "patient/bookings.html",
        upcoming=service.shown(service.upcoming_for(people, me()), me()),
        past=service.shown(service.past_for(people, me()), me()),
        several=len(people) > 1,
        held=service.hold_of(me().id),
        case=None,
        stamp=moments.stamp,
        words=words,
        now=clock.now(),
    )


@blueprint.get("/bookings/<public_id>")
@requires(Permission.BOOKING_MAKE)
def booking(public_id: str) -> str:
    """One booking: when, with whom, at what price, and what happens then."""
    found = visible_or_404(visible_bookings(me()).where(Booking.public_id == public_id))
    called_off = found.state == BookingState.CANCELLED and found.cancelled_by_id == found.doctor_id
    return render_template(
        "patient/bookings_one.html",
        booking=found,
        several=len(acting.people(me())) > 1,
        instead=service.next_free_times(found.doctor_id) if called_off else [],
        named={d.user.id: d for d in service.bookable_doctors()} if called_off else {},
        case=history.case_to_book(me(), found.case_id),
        key=key_of,
        can_cancel=service.can_cancel(found),
        why_not_moved=service.why_not_moved(found, me()),
        of_age=account_words.of_age,
        missed=len(service.missed_by(found.patient_id)),
        telephone_until=service.telephone_until(found.patient_id),
        contact=settings().contact,
        rules=rules(),
        words=words,
        now=clock.now(),
    )


@blueprint.post("/bookings/<public_id>/cancel")
@requires(Permission.BOOKING_MAKE)
def booking_cancel(public_id: str) -> Response:
    """Cancel a booking; the doctor is told."""
    found = visible_or_404(visible_bookings(me()).where(Booking.public_id == public_id))
    try:
        service.cancel(found.id, me().id)
    except service.TooLateToCancel:
        if found.starts_at <= clock.now():
            flash(_("이미 시작된 상담은 취소할 수 없습니다."), "warning")
        else:
            minutes = rules().cancel_minutes
            flash(
                _("상담이 %(minutes)s분 안에 시작되어 이제 취소할 수 없습니다.", minutes=minutes), "warning"
            )
    else:
        flash(_("예약을 취소했습니다."), "success")
    return redirect(url_for("patient.booking", public_id=public_id), 303)
