"""The children in one's care."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.account.blueprint import blueprint
from app.account.consents import own_patient
from app.account.forms import Confirm, DependentForm
from app.accounts import service, words
from app.accounts.errors import NotAChild, NotYours, TooManyDependents
from app.accounts.fields import RELATIONS
from app.accounts.models import ConsentKind, Sex
from app.infra import moments
from app.permissions import Permission
from app.policy import requires


@blueprint.get("/account/dependents")
@requires(Permission.DEPENDENT_MANAGE)
def dependents() -> str:
    """Who they are."""
    return render_template(
        "account/dependents.html",
        guardianships=service.guardianships_of(current_user),
        relations={choice.value: choice.label for choice in RELATIONS},
        form=Confirm(),
        date_of=moments.date_of,
        grown=service.outgrown(current_user),
        of_age=words.of_age,
    )


@blueprint.route("/account/dependents/new", methods=["GET", "POST"])
@requires(Permission.DEPENDENT_MANAGE)
def add_dependent() -> Response | str:
    """Add one, with the guardian's consents."""
    form = DependentForm()
    if form.validate_on_submit():
        if form.birth_date.day is None:
            abort(400)
        try:
            service.add_dependent(
                current_user,
                name=form.name.data,
                birth_date=form.birth_date.day,
                sex=Sex(form.sex.data),
                relation=form.relation.data,
                consents=[kind for kind in ConsentKind if kind.value in form and form[kind.value].data],
            )
        except NotAChild:
            form.birth_date.errors = [_("만 14세부터는 본인이 직접 가입합니다.")]
        except TooManyDependents:
            form.form_errors.append(
                _("아이는 %(count)s명까지 등록할 수 있습니다.", count=service.MAX_DEPENDENTS)
            )
        else:
            flash(_("아이를 등록했습니다."), "success")
            return redirect(url_for("account.dependents"))
    return render_template("account/dependent_new.html", form=form, texts=service.texts())


@blueprint.post("/account/dependents/<patient_id>/end")
@requires(Permission.DEPENDENT_MANAGE)
def end_guardianship(patient_id: str) -> Response:
    """No longer act for a child."""
    try:
        service.end_guardianship(current_user, own_patient(patient_id))
    except NotYours:
        abort(404)
    flash(_("더는 이 아이를 대신해 이용하지 않습니다. 기록은 그대로 있습니다."), "success")
    return redirect(url_for("account.dependents"))
