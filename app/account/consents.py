"""What one has agreed to, and taking it back."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.account.blueprint import blueprint
from app.account.forms import Confirm
from app.accounts import acting, service, words
from app.accounts.errors import NotYours
from app.accounts.models import ConsentKind, Patient
from app.accounts.policy import visible_patients
from app.permissions import Permission
from app.policy import requires, visible_or_404


def own_patient(patient_id: str) -> Patient:
    """Return the patient if the signed-in person is them or acts for them; 404 otherwise."""
    query = visible_patients(current_user).where(Patient.public_id == patient_id)
    return visible_or_404(query, select(Patient.id).where(Patient.public_id == patient_id))


@blueprint.get("/account/consents")
@requires(Permission.CONSENT_MANAGE)
def consents() -> str:
    """Every text, for oneself and each child, or whom one helps: given or not, when, in which version."""
    people = [
        (patient, service.consent_states(current_user, patient)) for patient in acting.people(current_user)
    ]
    grown, of_age = acting.outgrown(current_user), words.of_age
    return render_template("account/consents.html", people=people, form=Confirm(), grown=grown, of_age=of_age)


@blueprint.post("/account/consents/<patient_id>/<any(terms, health_data, telemedicine, ai_notice):kind>/give")
@requires(Permission.CONSENT_MANAGE)
def give_consent(patient_id: str, kind: str) -> Response:
    """Agree to the text in force."""
    patient = own_patient(patient_id)
    if request.form.get("agree") == "y":
        try:
            service.give_consents(current_user, patient, [ConsentKind(kind)])
        except NotYours:  # a child who has turned 14: anybody else's patient was not found at all
            flash(words.of_age(patient.name), "warning")
        else:
            flash(_("동의하셨습니다."), "success")
    else:
        flash(_("동의하시려면 상자를 눌러 표시해 주세요."), "error")
    return redirect(url_for("account.consents"))


@blueprint.post("/account/consents/<patient_id>/<any(health_data, telemedicine, ai_notice):kind>/withdraw")
@requires(Permission.CONSENT_MANAGE)
def withdraw_consent(patient_id: str, kind: str) -> Response:
    """Take a consent back."""
    try:
        service.withdraw_consent(current_user, own_patient(patient_id), ConsentKind(kind))
    except NotYours:  # whom one helps and who has an account
        flash(_("동의는 본인만 되돌릴 수 있습니다."), "warning")
    else:
        flash(_("동의를 되돌렸습니다."), "success")
    return redirect(url_for("account.consents"))
