"""The telephone: taking a consent back, and having everything erased, for whoever cannot or will not sign in."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import callers, keeping, leaving, telephone_children
from app.accounts import service as accounts
from app.accounts.errors import NotYours, TooLateToStay
from app.accounts.models import ConsentKind, Patient
from app.consultations import words
from app.consultations.service import upcoming_for
from app.extensions import limiter
from app.infra import clock
from app.operator.blueprint import door
from app.operator.call_access import caller_or_404
from app.operator.call_children import relation
from app.operator.call_forms import EraseForm
from app.permissions import Permission
from app.policy import requires

TRIES = "5 per minute; 30 per hour"
"""Enough for a slip of the tongue, too few to try days of birth in a row."""


def _operator() -> str:
    return f"operator:{current_user.get_id()}"


@door.get("/calls/<public_id>/rights")
@requires(Permission.CALL_HANDLE)
def call_rights(public_id: str) -> str:
    """What the caller has agreed to, since when, and what taking it back means; and the wish to be erased."""
    return _page(caller_or_404(public_id), EraseForm(formdata=None))


def _page(patient: Patient, form: EraseForm) -> str:
    return render_template(
        "operator/call_rights.html",
        patient=patient,
        born=(patient.birth_date or "")[:4],
        guardian=telephone_children.guardian_of(patient),
        outgrown=telephone_children.has_outgrown(patient),
        relation=relation,
        states=accounts.consent_states(current_user._get_current_object(), patient),
        bookings=[one for one in upcoming_for([patient.id]) if one.starts_at > clock.now()],
        words=words,
        wish=leaving.open_for(patient),
        days=keeping.wait().days,
        years=keeping.years,
        form=form,
    )


def _back(patient: Patient) -> Response:
    return redirect(url_for("operator.call_rights", public_id=patient.public_id), 303)


@door.post("/calls/<public_id>/consents/<any(health_data, telemedicine, ai_notice):kind>/withdraw")
@requires(Permission.CALL_HANDLE)
def call_withdraw(public_id: str, kind: str) -> Response:
    """Note that the caller takes a consent back."""
    patient = caller_or_404(public_id)
    operator = current_user._get_current_object()
    if callers.withdraw_by_telephone(operator, patient.id, ConsentKind(kind)):
        flash(
            _("동의를 되돌리신 것을 적었습니다. 되돌렸다고 말씀드리세요. 문자로도 알려 드립니다."), "success"
        )
    else:
        flash(_("되돌릴 동의가 없습니다."), "info")
    return _back(patient)


@door.post("/calls/<public_id>/erasure")
@limiter.limit(TRIES, key_func=_operator)
@requires(Permission.CALL_HANDLE)
def call_erase(public_id: str) -> Any:
    """Note that the caller, who has no account, wants everything erased."""
    patient, form = caller_or_404(public_id), EraseForm()
    if form.validate_on_submit() and form.birth_date.day is not None:
        if form.birth_date.day.isoformat() != patient.birth_date:
            form.birth_date.errors = [
                _("등록된 생년월일과 다릅니다. 다시 여쭈어 보시고, 그래도 다르면 적지 마세요.")
            ]
        else:
            return _erase(patient)
    return _page(patient, form), 422


def _erase(patient: Patient) -> Response:
    try:
        leaving.ask_by_telephone(current_user._get_current_object(), patient.id)
    except NotYours:
        flash(_("계정이 있는 분은 로그인해서 직접 지우셔야 합니다."), "warning")
    except TooLateToStay:
        flash(_("이미 지우기 시작했습니다."), "info")
        return redirect(url_for("operator.calls_start"), 303)
    else:
        days = keeping.wait().days
        flash(
            _("적었습니다. “%(days)s일 안에 전화하시면 그만두실 수 있습니다.” 하고 말씀드리세요.", days=days),
            "success",
        )
    return _back(patient)


@door.post("/calls/<public_id>/erasure/cancel")
@requires(Permission.CALL_HANDLE)
def call_erase_cancel(public_id: str) -> Response:
    """Note that the caller wants to stay after all."""
    patient = caller_or_404(public_id)
    try:
        stopped = leaving.cancel_by_telephone(patient.id)
    except NotYours:
        flash(_("계정이 있는 분은 로그인해서 ‘내 자료’에서 그만두셔야 합니다."), "warning")
    except TooLateToStay:
        flash(_("이미 지우기 시작해 되돌릴 수 없습니다."), "warning")
        return redirect(url_for("operator.calls_start"), 303)
    else:
        flash(
            _("지우기를 그만두었습니다.") if stopped else _("그만둘 것이 없습니다."),
            "success" if stopped else "info",
        )
    return _back(patient)
