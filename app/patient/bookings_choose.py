"""Choosing a time: the next free ones first; then by day, by doctor, by language, by region."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template, request
from flask_babel import get_locale

from app.accounts.languages import LANGUAGES, language_names
from app.accounts.models import Patient
from app.cases.models import Case
from app.consultations import service, times, words
from app.consultations.eligibility_admit import Judge, served_by
from app.consultations.public_holidays import Holiday, between
from app.consultations.rules import rules
from app.infra import moments
from app.patient.access import me, settings
from app.patient.blueprint import blueprint
from app.patient.bookings_forms import (
    back_from,
    by_telephone,
    case_asked_for,
    first_day,
    key_of,
    people_for,
    shifted,
    wish,
)
from app.permissions import Permission
from app.policy import requires
from app.regions.areas import Area, area, provinces


@blueprint.get("/bookings/new")
@requires(Permission.BOOKING_MAKE)
def booking_choose() -> str:
    """The next free times first; then those of the doctors that are looked for, by day."""
    case, asked, first = case_asked_for(), wish(), first_day(request.args.get("from"))
    own = case.doctor_id if case else None
    people = people_for(case)
    offered = Offered(people, case, service.bookable_doctors(first=own))
    everyone = offered.doctors
    found = [doctor for doctor in everyone if asked.is_met_by(doctor.profile)]
    free = service.free_times([d.user.id for d in found], times.moment(first, 0))
    last = first + timedelta(days=rules().shown_days - 1)
    return render_template(
        "patient/bookings_choose.html",
        case=case,
        back=back_from(case),
        everyone=everyone,
        doctors=found,
        named={d.user.id: d for d in everyone},
        languages=[(code, str(name)) for code, name in LANGUAGES.items() if _spoken(code, everyone)],
        areas=[(one.code, area_name(one)) for one in provinces() if _served(one, everyone)],
        wish=asked,
        wished=any((asked.doctor_id, asked.language, asked.province)),
        left_out=offered.left_out,
        soonest=service.next_free_times(own, wish=asked, only=offered.is_open),
        days=times.by_day(filter(offered.is_open, free)),
        hidden=sum(not offered.is_open(time) for time in free),
        holidays={one.day: holiday_name(one) for one in between(first, last)},
        first=first,
        earlier=shifted(first, -rules().shown_days),
        later=shifted(first, rules().shown_days),
        held=service.hold_of(me().id),
        telephone=by_telephone(people),
        may_book=len(by_telephone(people)) < len(people) or not people,
        contact=settings().contact,
        area_of=lambda profile: area_name(area(profile.area)),
        language_names=language_names,
        key=key_of,
        stamp=moments.stamp,
        rules=rules(),
        words=words,
    )


class Offered:
    """The doctors and times to choose from: where it is known who comes, those alone that a rule admits to."""

    def __init__(
        self, people: list[Patient], case: Case | None, doctors: list[service.BookableDoctor]
    ) -> None:
        self._judge = Judge(people[0], case.id if case else None) if len(people) == 1 else None
        self._profiles = {doctor.user.id: doctor.profile for doctor in doctors}
        refused = [] if self._judge is None else served_by(self._judge, doctors)
        away = {one.doctor.user.id for one in refused if not one.is_admitted}
        self.left_out = len(away)
        self.doctors = [doctor for doctor in doctors if doctor.user.id not in away]

    def is_open(self, time: times.FreeTime) -> bool:
        """True if the time may be offered; by the rules of its own day."""
        profile = self._profiles.get(time.doctor_id)
        return self._judge is None or (profile is not None and self._judge.admits(profile, time.starts_at))


def _spoken(code: str, doctors: list[service.BookableDoctor]) -> bool:
    return any(code in doctor.profile.languages for doctor in doctors)


def _served(province: Area, doctors: list[service.BookableDoctor]) -> bool:
    homes = (area(doctor.profile.area) for doctor in doctors)
    return any(home is not None and home.province == province.code for home in homes)


def area_name(home: Area | None) -> str:
    """Return a district with its province (전라남도 구례군), or a province, as far as the language has names."""
    if home is None:
        return ""
    english = str(get_locale()) == "en"
    parts = [area(home.province), home] if not home.is_province else [home]
    names = [(one.name_en if english else one.name) for one in parts if one is not None]
    return " ".join(name for name in names if name)


def holiday_name(day: Holiday) -> str:
    """Return what a holiday is called in the reader's language."""
    return day.en if str(get_locale()) == "en" else day.ko
