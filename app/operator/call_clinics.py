"""The telephone: who cannot be seen remotely is read the nearest clinics, and that is noted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts.models import Patient
from app.accounts.residence import NoSuchArea
from app.consultations import calls, referrals
from app.consultations.eligibility import Admission
from app.consultations.referral_models import Referral, Why
from app.operator import call_words
from app.operator.blueprint import door
from app.operator.call_access import caller_or_404
from app.operator.call_forms import PlaceForm, offer_areas
from app.permissions import Permission
from app.policy import requires
from app.regions.areas import Area, area
from app.regions.kinds import kinds
from app.regions.models import Register
from app.regions.service import Near, current_register


@dataclass(frozen=True)
class Elsewhere:
    """What is read aloud: why, the rules behind it, the clinics near a district; and what was read before."""

    why: Why
    reasons: list[str]
    area: Area | None
    near: list[Near]
    register: Register | None
    told: list[Referral]
    english: bool

    @property
    def kinds(self) -> dict[str, str]:
        """What each kind of clinic is called."""
        return {one.key: one.en if self.english else one.ko for one in kinds().values()}

    @property
    def where(self) -> str:
        """The district, with its province."""
        return self.area.full_name(english=self.english) if self.area is not None else ""

    @property
    def say(self) -> str:
        """The sentence to begin with."""
        return call_words.why(self.why)


def elsewhere(patient: Patient, *, code: str | None = None, admission: Admission | None = None) -> Elsewhere:
    """Return what to read to the caller for the district named, or the one on record.

    admission: of the time that was just refused; without it, every free time is looked at.
    """
    found = area(code) or area(patient.area)
    if found is not None and found.is_province:
        found = None
    why = Why.NOT_ADMITTED if admission is not None else referrals.why_elsewhere(patient)
    behind: list[str] = []
    if admission is not None:
        behind = call_words.reasons([admission])
    elif why is Why.NOT_ADMITTED:
        behind = call_words.reasons_of(calls.refusals_for(patient))
    return Elsewhere(
        why,
        behind,
        found,
        referrals.nearest(found.code) if found is not None else [],
        current_register(),
        referrals.referrals_of(patient.id),
        str(get_locale()) == "en",
    )


@door.get("/calls/<public_id>/clinics")
@requires(Permission.CALL_HANDLE)
def call_clinics(public_id: str) -> str:
    """The nearest clinics, to be read aloud; another district can be named."""
    return _page(caller_or_404(public_id), request.args.get("area"))


def _page(patient: Patient, code: str | None) -> str:
    found = elsewhere(patient, code=code)
    place = PlaceForm(formdata=None, data={"area": found.area.code if found.area else None})
    offer_areas(place.area)
    return render_template("operator/call_clinics.html", patient=patient, elsewhere=found, place=place)


@door.post("/calls/<public_id>/clinics")
@requires(Permission.CALL_HANDLE)
def call_clinics_read(public_id: str) -> Any:
    """Note which of them were read aloud."""
    patient, code = caller_or_404(public_id), request.form.get("area", "")
    ids = {int(one) for one in request.form.getlist("clinic") if one.isascii() and one.isdecimal()}
    try:
        why = Why(request.form.get("why", ""))
    except ValueError:
        why = referrals.why_elsewhere(patient)
    try:
        referrals.note(current_user._get_current_object(), patient.id, code, ids, why)
    except NoSuchArea:
        flash(_("먼저 사는 곳을 골라 주세요."), "warning")
        return _page(patient, None), 422
    except referrals.NothingRead:
        flash(_("읽어 드린 병원을 하나 이상 표시해 주세요."), "warning")
        return _page(patient, code), 422
    flash(_("읽어 드린 병원을 적었습니다."), "success")
    return redirect(url_for("operator.call_clinics", public_id=patient.public_id, area=code), 303)
