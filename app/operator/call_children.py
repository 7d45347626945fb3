"""The telephone: a guardian calls for a child under 14; at 14 the child speaks for itself."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import telephone_children
from app.accounts.care import MAX_DEPENDENTS
from app.accounts.errors import NotAChild, NotYours, TooManyDependents
from app.accounts.fields import RELATIONS
from app.accounts.identity import NotAnIdentity
from app.accounts.models import Patient, Sex
from app.extensions import limiter
from app.operator.blueprint import door
from app.operator.call_access import caller_or_404
from app.operator.call_forms import ChildForm, offer_areas
from app.permissions import Permission
from app.policy import requires


def relation(key: str) -> str:
    """Return what a guardian is to the child, in words."""
    return next((str(one.label) for one in RELATIONS if one.value == key), key)


@door.route("/calls/child", methods=["GET", "POST"])
@limiter.limit(
    "10 per minute; 120 per hour", key_func=lambda: f"operator:{current_user.get_id()}", methods=["POST"]
)
@requires(Permission.CALL_HANDLE)
def call_child_new() -> Any:
    """Register a child whose guardian is on the telephone."""
    form = ChildForm()
    offer_areas(form.area)
    if form.validate_on_submit():
        patient = _register(form)
        if patient is not None:
            flash(_("등록했습니다. 이제 보호자께 동의를 받아 주세요."), "success")
            return redirect(url_for("operator.call", public_id=patient.public_id), 303)
    page = render_template("operator/call_child_new.html", form=form)
    return (page, 422) if form.is_submitted() else page


def _register(form: ChildForm) -> Patient | None:
    try:
        return telephone_children.register_child(
            current_user._get_current_object(),
            guardian=form.guardian.data,
            relation=form.relation.data,
            name=form.name.data,
            birth_date=form.birth_date.day or abort(400),
            sex=Sex(form.sex.data),
            area=form.area.data,
            mobile=form.mobile.data,
        )
    except NotAChild:
        form.birth_date.errors = [_("만 14세부터는 본인과 통화해 등록해 주세요.")]
    except NotAnIdentity:
        form.mobile.errors = [_("휴대전화 번호가 아닙니다. 010으로 시작하는 번호를 적어 주세요.")]
    except TooManyDependents:
        form.name.errors = [_("아이는 %(count)s명까지 등록할 수 있습니다.", count=MAX_DEPENDENTS)]
    return None


@door.post("/calls/<public_id>/of-age")
@requires(Permission.CALL_HANDLE)
def call_of_age(public_id: str) -> Response:
    """Note that who has turned 14 is on the telephone themself."""
    patient = caller_or_404(public_id)
    try:
        telephone_children.come_of_age(patient.id)
    except NotYours:
        flash(_("만 14세가 안 된 아이는 보호자와 통화해야 합니다."), "warning")
    else:
        flash(_("이제 본인에게 글을 읽어 드리고 동의를 받아 주세요."), "success")
    return redirect(url_for("operator.call", public_id=patient.public_id), 303)
