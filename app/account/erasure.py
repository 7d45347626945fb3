"""Having everything erased: what goes and what stays, the word, a week to think it over."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.account.blueprint import blueprint
from app.account.contact import freshly
from app.account.forms import EraseForm
from app.account.my_data import is_mine, me, patient_in_hand
from app.accounts import keeping, leaving, service, words
from app.accounts.errors import NotYours, TooLateToStay
from app.accounts.holdings import kept_of
from app.accounts.models import Patient
from app.permissions import Permission
from app.policy import requires


def _ask(patient: Patient) -> Response | None:
    """Where somebody is sent who has nothing to ask here: asked already, or not theirs to decide."""
    if not service.may_decide_for(me(), patient):
        flash(words.of_age(patient.name), "warning")
    elif leaving.open_for(patient) is None:
        return None
    return redirect(url_for("account.my_data"))


@blueprint.get("/account/data/<patient_id>/erase")
@requires(Permission.DATA_MANAGE)
def erase(patient_id: str) -> Response | str:
    """First step: plainly what goes at once, what the law keeps until when, and what others keep."""
    patient = patient_in_hand(patient_id)
    away = _ask(patient)
    if away is not None:
        return away
    return render_template(
        "account/erase.html",
        patient=patient,
        mine=is_mine(patient),
        kept=kept_of(patient.id),
        wards=leaving.wards_of(me()) if is_mine(patient) else [],
        days=keeping.wait().days,
        years=keeping.years,
    )


@blueprint.route("/account/data/<patient_id>/erase/confirm", methods=["GET", "POST"])
@freshly
@requires(Permission.DATA_MANAGE)
def erase_confirm(patient_id: str) -> Response | str:
    """Second step: the word."""
    patient = patient_in_hand(patient_id)
    away = _ask(patient)
    if away is not None:
        return away
    form = EraseForm()
    if form.validate_on_submit():
        leaving.ask(me(), patient)
        flash(
            _(
                "말씀을 받았습니다. %(days)s일 동안은 언제든지 그만두실 수 있습니다.",
                days=keeping.wait().days,
            ),
            "info",
        )
        return redirect(url_for("account.my_data"))
    return render_template(
        "account/erase_confirm.html",
        form=form,
        patient=patient,
        mine=is_mine(patient),
        days=keeping.wait().days,
    )


@blueprint.post("/account/data/<patient_id>/erase/cancel")
@requires(Permission.DATA_MANAGE)
def erase_cancel(patient_id: str) -> Response:
    """Stay after all."""
    patient = patient_in_hand(patient_id)
    try:
        leaving.cancel(me(), patient)
    except NotYours:
        flash(words.of_age(patient.name), "warning")
    except TooLateToStay:
        flash(_("이미 지우기 시작해 되돌릴 수 없습니다."), "error")
    else:
        flash(_("지우기를 그만두었습니다. 모두 그대로 있습니다."), "success")
    return redirect(url_for("account.my_data"))
