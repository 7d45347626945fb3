"""Changing the e-mail address or mobile number that one is known by."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_security.decorators import auth_required
from werkzeug.wrappers import Response

from app.account import pending
from app.account.blueprint import blueprint
from app.account.codes import ask_for_code, code_is_right, wrong_code
from app.account.forms import CodeForm, IdentityForm
from app.accounts import contacts
from app.accounts.codes import Purpose
from app.accounts.errors import IdentityMissing, IdentityTaken, PasswordMissing
from app.accounts.identity import Channel
from app.accounts.security import FRESH_FOR
from app.extensions import limiter
from app.permissions import Permission
from app.policy import requires

freshly = auth_required("session", within=FRESH_FOR.total_seconds() / 60, grace=0)


@blueprint.route("/account/contact", methods=["GET", "POST"])
@freshly
@limiter.limit("20 per minute; 60 per hour", methods=["POST"])
@requires(Permission.ACCOUNT_MANAGE)
def contact() -> Response | str:
    """The new number or address; a code goes there."""
    form = IdentityForm()
    if form.validate_on_submit() and form.identity.identity is not None:
        if form.identity.identity in contacts.identities_of(current_user):
            form.identity.errors = [_("이미 등록되어 있습니다.")]
        elif ask_for_code(Purpose.NEW_CONTACT, form.identity.identity, form):
            return redirect(url_for("account.contact_code"))
    return render_template("account/contact.html", form=form)


@blueprint.route("/account/contact/code", methods=["GET", "POST"])
@freshly
@limiter.limit("30 per minute", methods=["POST"])
@requires(Permission.ACCOUNT_MANAGE)
def contact_code() -> Response | str:
    """Prove that it is one's own."""
    waiting = pending.get(Purpose.NEW_CONTACT)
    if waiting is None:
        return redirect(url_for("account.contact"))
    form = CodeForm()
    if form.validate_on_submit() and code_is_right(waiting, form):
        try:
            contacts.set_contact(current_user, waiting.identity)
        except IdentityTaken:
            form.code.errors = [wrong_code()]
        else:
            pending.drop()
            flash(_("연락처를 바꾸었습니다."), "success")
            return redirect(url_for("account.profile"))
    return render_template("account/contact_code.html", form=form, identity=waiting.identity)


@blueprint.post("/account/contact/remove/<any(email, mobile):channel>")
@freshly
@requires(Permission.ACCOUNT_MANAGE)
def remove_contact(channel: str) -> Response:
    """Forget one of two."""
    try:
        contacts.remove_contact(current_user, Channel(channel))
    except IdentityMissing:
        flash(_("연락처가 하나는 있어야 합니다."), "error")
    except PasswordMissing:
        flash(_("비밀번호를 먼저 정해 주세요. 지금은 이 번호로만 로그인할 수 있습니다."), "error")
    else:
        flash(_("연락처를 지웠습니다."), "success")
    return redirect(url_for("account.profile"))
