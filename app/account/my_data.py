"""What is held of me and of the children in my care: who saw it, all of it to take along, setting it right."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import abort, flash, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.account import access_lines
from app.account.blueprint import blueprint
from app.account.contact import freshly
from app.account.forms import Confirm, CorrectionForm
from app.accounts import leaving, service, words
from app.accounts.errors import NotAChild, NotYours, TooYoung
from app.accounts.models import Patient, Sex, User
from app.accounts.policy import patients_in_hand
from app.audit import reading
from app.audit import service as audit
from app.extensions import limiter
from app.infra import clock, moments
from app.permissions import Permission
from app.policy import requires, visible_or_404
from app.records import archive

EVERYBODY = "all"


def me() -> User:
    """Return the signed-in user (the row itself)."""
    user: User = current_user._get_current_object()
    return user


def is_mine(patient: Patient) -> bool:
    """True if the patient is whoever is signed in."""
    return bool(patient.user_id == current_user.id)


def patient_in_hand(patient_id: str) -> Patient:
    """Return the patient if the signed-in person is them or their guardian; 404 for everybody else, helpers too."""
    query = patients_in_hand(current_user).where(Patient.public_id == patient_id)
    return visible_or_404(query, select(Patient.id).where(Patient.public_id == patient_id))


def _not_theirs(patient: Patient) -> Response | None:
    """Where the guardian of a child is sent who has turned 14: what is held is the child's own by now."""
    if service.may_decide_for(me(), patient):
        return None
    flash(words.of_age(patient.name), "warning")
    return redirect(url_for("account.my_data"))


@blueprint.get("/account/data")
@requires(Permission.DATA_MANAGE)
def my_data() -> str:
    """For oneself and each child: what can be done with what is held."""
    people = service.patients_for(me())
    grown = service.outgrown(me())
    return render_template(
        "account/my_data.html",
        people=people,
        grown=grown,
        of_age=words.of_age,
        leaving={patient.id: leaving.open_for(patient) for patient in people},
        date_of=moments.date_of,
        form=Confirm(),
    )


@blueprint.route("/account/data/<patient_id>/archive", methods=["GET", "POST"])
@freshly
@limiter.limit("10 per hour", methods=["POST"])
@requires(Permission.DATA_MANAGE)
def archive_of(patient_id: str) -> Response | str:
    """Everything in one file; it is written while it is sent."""
    patient = patient_in_hand(patient_id)
    away = _not_theirs(patient)
    if away is not None:
        return away
    if request.method == "GET":
        return render_template("account/archive.html", patient=patient, mine=is_mine(patient))
    pieces = stream_with_context(archive.stream(me(), patient))
    answer = FlaskResponse(pieces, mimetype="application/zip")
    name = f"salpim-{clock.today_in_korea():%Y%m%d}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.route("/account/data/<patient_id>/correct", methods=["GET", "POST"])
@requires(Permission.DATA_MANAGE)
def correct_person(patient_id: str) -> Response | str:
    """Set name, birth date and sex right."""
    patient = patient_in_hand(patient_id)
    away = _not_theirs(patient)
    if away is not None:
        return away
    given: dict[str, Any] = {"name": patient.name, "sex": patient.sex}
    given["birth_date"] = (patient.birth_date or "").replace("-", "")
    form = CorrectionForm(data=given)
    if form.validate_on_submit():
        if form.birth_date.day is None:
            abort(400)
        new = {"name": form.name.data, "birth_date": form.birth_date.day, "sex": Sex(form.sex.data)}
        try:
            service.correct_person(me(), patient, **new)
        except TooYoung:
            form.birth_date.errors = [_("만 14세가 안 되면 보호자가 대신 이용합니다. 날짜를 확인해 주세요.")]
        except NotAChild:
            form.birth_date.errors = [_("만 14세부터는 본인이 직접 가입합니다.")]
        except NotYours:
            flash(words.of_age(patient.name), "warning")
            return redirect(url_for("account.my_data"))
        else:
            flash(_("고쳤습니다. 이미 서명한 판독은 서명한 그대로 남습니다."), "success")
            return redirect(url_for("account.my_data"))
    return render_template("account/correct_person.html", form=form, patient=patient, mine=is_mine(patient))


@blueprint.get("/account/data/<patient_id>/log")
@requires(Permission.DATA_MANAGE)
def access_log(patient_id: str) -> Response | str:
    """Who looked at what, when; at first what others did."""
    patient = patient_in_hand(patient_id)
    away = _not_theirs(patient)
    if away is not None:
        return away
    everybody = request.args.get("show") == EVERYBODY
    asked = request.args.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 8 else 1
    found = reading.about(patient.id, number, by_others=() if everybody else (current_user.id,))
    audit.record("access_log.read", f"patient:{patient.public_id}", patient_id=patient.id)
    show = EVERYBODY if everybody else None
    base = url_for("account.access_log", patient_id=patient_id, show=show, page="PAGE")
    return render_template(
        "account/access_log.html",
        patient=patient,
        mine=is_mine(patient),
        found=found,
        lines=access_lines.lines(me(), patient, found.entries),
        everybody=everybody,
        base=base.replace("PAGE", "%d"),
    )
