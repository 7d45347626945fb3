"""The patient's consultations: choose a time, confirm it with its price, see it, cancel it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, SelectChoice
from wtforms.validators import AnyOf, DataRequired, InputRequired

from app.accounts import acting
from app.accounts import service as accounts
from app.accounts.errors import ConsentMissing
from app.accounts.models import ConsentKind, Patient
from app.cases import policy as case_policy
from app.cases.models import Case
from app.consultations import service, times, words
from app.consultations.models import Booking
from app.consultations.policy import visible_bookings
from app.consultations.rules import rules
from app.infra import clock
from app.patient.access import case_or_404, me
from app.patient.blueprint import blueprint
from app.patient.wizard import of_age_notes
from app.permissions import Permission
from app.policy import requires, visible_or_404


class BookingForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """The time and the price as they were shown, for whom, and the consent if it is still missing."""

    doctor = IntegerField(validators=[InputRequired()])
    at = HiddenField(validators=[DataRequired()])
    price = IntegerField(validators=[InputRequired()])
    case = HiddenField()
    patient = RadioField(_l("누가 상담을 받나요?"), validators=[InputRequired(_l("한 분을 골라 주세요."))])
    telemedicine = BooleanField(
        _l("비대면 상담"), validators=[AnyOf([True], message=_l("동의하셔야 예약할 수 있습니다."))]
    )

    def offer(self, people: list[Patient]) -> BookingForm:
        """Offer these people; one alone needs no choice. Leave the consent out where it was given."""
        self.patient.choices = [SelectChoice(person.public_id, person.name) for person in people]
        if len(people) == 1:
            self.patient.data, self.patient.validators = people[0].public_id, []
        if not any(accounts.missing_consents(me(), person, service.NEEDED) for person in people):
            del self.telemedicine
        return self


def _moment(text: str | None) -> datetime:
    """The moment in an address, 404 if it is none."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        abort(404)
    if found.tzinfo is None:
        abort(404)
    return found


def stamp(moment: datetime) -> str:
    """A moment as it stands in an address."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _case() -> Case | None:
    public_id = request.values.get("case")
    found = case_or_404(public_id) if public_id else None
    if found is not None and not case_policy.can_book(me(), found):
        abort(404)
    return found


def _people(case: Case | None) -> list[Patient]:
    return [case.patient] if case is not None else acting.people_to_act_for(me())


@blueprint.get("/bookings")
@requires(Permission.BOOKING_MAKE)
def bookings() -> str:
    """What is booked, and what was."""
    people = [person.id for person in acting.people(me())]
    return render_template(
        "patient/bookings.html",
        upcoming=service.upcoming_for(people),
        past=service.past_for(people),
        several=len(people) > 1,
        words=words,
        now=clock.now(),
    )


@blueprint.get("/bookings/new")
@requires(Permission.BOOKING_MAKE)
def booking_choose() -> str:
    """The next free times first; then a doctor's, by day."""
    case = _case()
    doctors = service.bookable_doctors(first=case.doctor_id if case else None)
    wanted = request.args.get("doctor", type=int)
    chosen = next((d for d in doctors if d.user.id == wanted), doctors[0] if doctors else None)
    first = _first_day(request.args.get("from"))
    found = service.free_times(chosen.user.id, times.moment(first, 0)) if chosen else []
    return render_template(
        "patient/bookings_choose.html",
        case=case,
        doctors=doctors,
        named={d.user.id: d for d in doctors},
        chosen=chosen,
        soonest=service.next_free_times(case.doctor_id if case else None),
        days=times.by_day(found),
        first=first,
        earlier=_shifted(first, -rules().shown_days),
        later=_shifted(first, rules().shown_days),
        stamp=stamp,
        words=words,
    )


def _today() -> date:
    return clock.today_in_korea().date()


def _first_day(text: str | None) -> date:
    try:
        wanted = date.fromisoformat(text or "")
    except ValueError:
        return _today()
    return min(max(wanted, _today()), _today() + timedelta(days=rules().horizon_days))


def _shifted(first: date, days: int) -> date | None:
    """The first day of the page before or after, None where nothing can be booked."""
    there = first + timedelta(days=days)
    if days < 0:
        return max(there, _today()) if first > _today() else None
    return there if there <= _today() + timedelta(days=rules().horizon_days) else None


@blueprint.get("/bookings/confirm")
@requires(Permission.BOOKING_MAKE)
def booking_confirm() -> Any:
    """Show the time, the doctor and the price, before anything is booked."""
    case, doctor, starts_at = _case(), request.args.get("doctor", 0, int), _moment(request.args.get("at"))
    form = BookingForm(formdata=None).offer(_people(case))
    try:
        slot = service.offer(doctor, starts_at)
    except service.TimeUnavailable as gone:
        mine = _mine(doctor, starts_at)
        return redirect(mine) if mine else (_instead(gone, case), 409)
    form.doctor.data, form.at.data, form.price.data = doctor, stamp(slot.starts_at), slot.price_won
    form.case.data = case.public_id if case else ""
    return _confirm_page(form, slot, case)


def _mine(doctor: int, starts_at: datetime) -> str | None:
    """The address of the person's own booking at this time, None if it is not theirs."""
    people = [person.id for person in acting.people(me())]
    for found in service.upcoming_for(people):
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
        consent=accounts.texts()[ConsentKind.TELEMEDICINE],
        grown=[] if case else of_age_notes(),
        words=words,
    )


def _instead(gone: service.TimeUnavailable, case: Case | None) -> str:
    return render_template(
        "patient/bookings_taken.html",
        taken=isinstance(gone, service.TimeTaken),
        instead=gone.instead,
        named={d.user.id: d for d in service.bookable_doctors()},
        case=case,
        stamp=stamp,
        words=words,
    )


@blueprint.post("/bookings")
@requires(Permission.BOOKING_MAKE)
def booking_make() -> Any:
    """Book it. Sent twice, it is booked once."""
    case = _case()
    people = _people(case)
    form = BookingForm().offer(people)
    starts_at = _moment(form.at.data)
    doctor = form.doctor.data or 0
    try:
        if not form.validate():
            return _confirm_page(form, service.offer(doctor, starts_at), case), 422
        return _book(form, people, starts_at, case)
    except service.TimeUnavailable as gone:
        return _instead(gone, case), 409
    except service.PriceChanged:
        flash(_("그 사이에 상담료가 바뀌었습니다. 다시 확인해 주세요."), "warning")
        case_id = case.public_id if case else None
        back = url_for("patient.booking_confirm", doctor=doctor, at=stamp(starts_at), case=case_id)
        return redirect(back, 303)


def _book(form: BookingForm, people: list[Patient], starts_at: datetime, case: Case | None) -> Response:
    patient = next(person for person in people if person.public_id == form.patient.data)
    if "telemedicine" in form:
        accounts.give_consents(me(), patient, service.NEEDED)
    try:
        booking = service.book(
            patient_id=patient.id,
            doctor_id=form.doctor.data,
            starts_at=starts_at,
            price_won=form.price.data,
            booked_by_id=me().id,
            case_id=case.id if case else None,
        )
    except service.PatientBusy as busy:
        when = words.when(busy.booking.starts_at)
        flash(
            _("그 시간에는 이미 다른 예약(%(when)s)이 있습니다. 다른 시간을 골라 주세요.", when=when),
            "warning",
        )
        return redirect(url_for("patient.booking_choose", case=case.public_id if case else None), 303)
    except ConsentMissing:  # taken back in another window
        flash(_("비대면 상담에 동의하셔야 예약할 수 있습니다."), "warning")
        return redirect(url_for("patient.booking_choose", case=case.public_id if case else None), 303)
    return redirect(url_for("patient.booking", public_id=booking.public_id), 303)


def _booking_or_404(public_id: str) -> Booking:
    return visible_or_404(visible_bookings(me()).where(Booking.public_id == public_id))


@blueprint.get("/bookings/<public_id>")
@requires(Permission.BOOKING_MAKE)
def booking(public_id: str) -> str:
    """One booking: when, with whom, at what price, and what happens then."""
    return render_template(
        "patient/bookings_one.html",
        booking=_booking_or_404(public_id),
        several=len(acting.people(me())) > 1,
        words=words,
        now=clock.now(),
    )


@blueprint.post("/bookings/<public_id>/cancel")
@requires(Permission.BOOKING_MAKE)
def booking_cancel(public_id: str) -> Response:
    """Cancel a booking; the doctor is told."""
    found = _booking_or_404(public_id)
    try:
        service.cancel(found.id, me().id)
    except service.TooLateToCancel:
        flash(_("이미 시작된 상담은 취소할 수 없습니다."), "warning")
    else:
        flash(_("예약을 취소했습니다."), "success")
    return redirect(url_for("patient.booking", public_id=public_id), 303)
