"""What the booking pages have in common: the forms, and the times in addresses."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import abort, request, url_for
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, SelectChoice
from wtforms.validators import AnyOf, DataRequired, InputRequired

from app.accounts import acting
from app.accounts import service as accounts
from app.accounts.fields import RowIdField
from app.accounts.languages import LANGUAGES
from app.accounts.models import ConsentKind, Patient
from app.cases import policy as case_policy
from app.cases.models import Case
from app.consultations import service
from app.consultations.rules import rules
from app.consultations.times import FreeTime
from app.infra import clock, moments
from app.infra.database import row_id
from app.patient.access import case_to_book_or_404, me
from app.regions.areas import provinces

MUST_AGREE = AnyOf([True], message=_l("동의하셔야 예약할 수 있습니다."))


class BookingForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """The time and the price as they were shown, for whom, and the consents that are still missing, a box for each."""

    doctor = RowIdField(validators=[InputRequired()])
    at = HiddenField(validators=[DataRequired()])
    price = IntegerField(validators=[InputRequired()])
    case = HiddenField()
    patient = RadioField(_l("누가 상담을 받나요?"), validators=[InputRequired(_l("한 분을 골라 주세요."))])
    health_data = BooleanField(_l("건강에 관한 정보"), validators=[MUST_AGREE])
    telemedicine = BooleanField(_l("비대면 상담"), validators=[MUST_AGREE])

    def offer(self, people: list[Patient]) -> BookingForm:
        """Offer these people; one alone needs no choice. Leave the consents out that were given for all of them."""
        self.patient.choices = [SelectChoice(person.public_id, person.name) for person in people]
        if len(people) == 1:
            self.patient.data, self.patient.validators = people[0].public_id, []
        missing = {
            kind for person in people for kind in accounts.missing_consents(me(), person, service.NEEDED)
        }
        for kind in set(service.NEEDED) - missing:
            del self[kind.value]
        return self

    def consents(self) -> list[ConsentKind]:
        """Return the consents that are asked for with this booking."""
        return [kind for kind in service.NEEDED if kind.value in self]


class MoveForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """The new time and its price as they were shown."""

    at = HiddenField(validators=[DataRequired()])
    price = IntegerField(validators=[InputRequired()])


def moment_of(text: str | None) -> datetime:
    """Return the moment in an address, 404 if it is none."""
    return moments.read(text) or abort(404)


def key_of(slot: FreeTime) -> str:
    """Return what a button says of the time that it stands for."""
    return f"{slot.doctor_id}.{moments.stamp(slot.starts_at)}"


def read_key(key: str | None) -> tuple[int, datetime]:
    """Return the doctor and the moment that a button stands for; 404 for anything else."""
    doctor, _, at = (key or "").partition(".")
    return doctor_of(doctor), moment_of(at)


def doctor_of(text: str | None) -> int:
    """Return the number of the doctor in an address, 404 if it is none."""
    return row_id(text) or abort(404)


def case_asked_for() -> Case | None:
    """Return the case that the consultation is about, None for none; 404 if it may not be booked for."""
    public_id = request.values.get("case")
    return case_to_book_or_404(public_id) if public_id else None


def back_from(case: Case | None) -> str:
    """Return the address that the booking began at: the case, for who may open it, or the bookings."""
    if case is not None and case_policy.can_read_finding(me(), case):
        return url_for("patient.case", public_id=case.public_id)
    return url_for("patient.bookings")


def people_for(case: Case | None) -> list[Patient]:
    """Return for whom the person at the door may book."""
    return [case.patient] if case is not None else acting.people_to_act_for(me())


def by_telephone(people: list[Patient]) -> list[tuple[Patient, datetime]]:
    """Return those who can book by telephone only, and until when."""
    found = ((person, service.telephone_until(person.id)) for person in people)
    return [(person, until) for person, until in found if until is not None]


def wish() -> service.Wish:
    """Return which doctors are looked for; what is no choice is passed over."""
    language, province = request.args.get("language"), request.args.get("area")
    return service.Wish(
        request.args.get("doctor", None, int),
        language if language in LANGUAGES else None,
        province if any(one.code == province for one in provinces()) else None,
    )


def today() -> date:
    """Return the day in Korea."""
    return clock.today_in_korea().date()


def first_day(text: str | None) -> date:
    """Return the day from which times are to be shown: today, where nothing sensible is asked for."""
    try:
        wanted = date.fromisoformat(text or "")
    except ValueError:
        return today()
    return min(max(wanted, today()), today() + timedelta(days=rules().horizon_days))


def shifted(first: date, days: int) -> date | None:
    """Return the first day of the page before or after, None where nothing can be booked."""
    there = first + timedelta(days=days)
    if days < 0:
        return max(there, today()) if first > today() else None
    return there if there <= today() + timedelta(days=rules().horizon_days) else None
