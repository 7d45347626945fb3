"""A forgotten password: a link by e-mail, or a code by SMS."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.account import pending
from app.account.blueprint import blueprint
from app.account.codes import ask_for_code, code_is_right, wrong_code
from app.account.forms import IdentityForm, NewPasswordForm
from app.accounts import contacts, service
from app.accounts.codes import Purpose
from app.accounts.identity import Channel
from app.extensions import limiter
from app.permissions import Role
from app.policy import public


@blueprint.route("/recover", methods=["GET", "POST"])
@limiter.limit("20 per minute; 100 per hour", methods=["POST"])
@public
def recover() -> Response | str:
    """By which number or address one is known. The answer is the same for those that nobody has."""
    form = IdentityForm()
    if form.validate_on_submit() and form.identity.identity is not None:
        by_mobile = form.identity.identity.channel is Channel.MOBILE
        purpose = Purpose.RECOVER if by_mobile else Purpose.RESET_LINK
        if ask_for_code(purpose, form.identity.identity, form):
            return redirect(url_for("account.recover_code" if by_mobile else "account.recover_sent"))
    return render_template("account/recover.html", form=form)


@blueprint.get("/recover/sent")
@public
def recover_sent() -> Response | str:
    """Look into your mail."""
    waiting = pending.get(Purpose.RESET_LINK)
    if waiting is None:
        return redirect(url_for("account.recover"))
    return render_template("account/recover_sent.html", identity=waiting.identity)


@blueprint.route("/recover/code", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
@public
def recover_code() -> Response | str:
    """The code, and the new password."""
    waiting = pending.get(Purpose.RECOVER)
    if waiting is None:
        return redirect(url_for("account.recover"))
    form = NewPasswordForm(personal=(waiting.value,))
    if form.validate_on_submit() and code_is_right(waiting, form):
        user = service.find_user(mobile=waiting.value)
        if user is not None and user.active and user.role == Role.PATIENT:
            contacts.set_password(user, form.password.data)
            pending.drop()
            flash(_("비밀번호를 새로 정했습니다. 새 비밀번호로 로그인해 주세요."), "success")
            return redirect(url_for("security.login"))
        form.code.errors = [wrong_code()]
    return render_template("account/recover_code.html", form=form, identity=waiting.identity)
