"""Signing up, one thing at a time: number or address, code, what one agrees to, who one is."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.account import pending
from app.account.blueprint import blueprint
from app.account.codes import ask_for_code, code_is_right
from app.account.forms import CodeForm, IdentityForm, SignUpConsentsForm, SignUpForm
from app.account.sign_in import local_next
from app.accounts import service
from app.accounts.codes import Purpose
from app.accounts.errors import IdentityTaken, TooYoung
from app.accounts.identity import Channel
from app.accounts.models import ConsentKind, Sex, User
from app.accounts.proxy_access import permissions_given
from app.accounts.security import HOME, enter
from app.extensions import limiter
from app.policy import public


@blueprint.route("/sign-up", methods=["GET", "POST"])
@limiter.limit("20 per minute; 100 per hour", methods=["POST"])
@public
def sign_up() -> Response | str:
    """First: by which number or address."""
    if current_user.is_authenticated:
        return redirect(local_next() or url_for(HOME))
    form = IdentityForm()
    identity = form.identity.identity if form.validate_on_submit() else None
    if identity is not None and ask_for_code(Purpose.SIGN_UP, identity, form, next_loc=local_next()):
        return redirect(url_for("account.sign_up_code"))
    return render_template("account/sign_up.html", form=form, next=local_next())


@blueprint.route("/sign-up/code", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
@public
def sign_up_code() -> Response | str:
    """Second: that it is one's own."""
    waiting = pending.get(Purpose.SIGN_UP)
    if waiting is None:
        return redirect(url_for("account.sign_up"))
    form = CodeForm()
    if form.validate_on_submit() and code_is_right(waiting, form):
        pending.prove(waiting)
        return redirect(url_for("account.sign_up_consents"))
    return render_template(
        "account/sign_up_code.html", form=form, identity=waiting.identity, next=waiting.next
    )


@blueprint.route("/sign-up/consents", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
@public
def sign_up_consents() -> Response | str:
    """Third: what one agrees to, before anything about oneself is written down."""
    waiting = pending.get(Purpose.SIGN_UP, proven=True)
    if waiting is None:
        return redirect(url_for("account.sign_up"))
    form = SignUpConsentsForm(data=dict.fromkeys(waiting.consents, True))
    if form.validate_on_submit():
        pending.agree(waiting, [kind.value for kind in ConsentKind if form[kind.value].data])
        return redirect(url_for("account.sign_up_details"))
    if form.is_submitted():
        pending.agree(waiting, [])  # what was taken back must not be registered by an address from before
    return render_template("account/sign_up_consents.html", form=form, texts=service.texts())


@blueprint.route("/sign-up/details", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
@public
def sign_up_details() -> Response | str:
    """Fourth: who one is."""
    waiting = pending.get(Purpose.SIGN_UP, proven=True)
    if waiting is None:
        return redirect(url_for("account.sign_up"))
    if not waiting.consents:
        return redirect(url_for("account.sign_up_consents"))
    by_mobile = waiting.identity.channel is Channel.MOBILE
    form = SignUpForm(personal=(waiting.value,))
    if form.validate_on_submit() and (by_mobile or _has_password(form)):
        try:
            user = _register(form, waiting)
        except TooYoung:
            form.birth_date.errors = [
                _("만 14세 미만은 혼자 가입할 수 없습니다. 보호자가 가입한 뒤 아이를 등록해 주세요.")
            ]
        except IdentityTaken:
            # The code was right, so this is the owner of an account made meanwhile.
            pending.drop()
            flash(_("이미 가입되어 있습니다. 로그인해 주세요."), "info")
            return redirect(url_for("security.login", next=waiting.next or None))
        else:
            pending.drop()
            flash(_("가입되었습니다. 환영합니다."), "success")
            _say_who_helps(user)
            return enter(user, "sms" if by_mobile else "email", waiting.next or None)
    return render_template("account/sign_up_details.html", form=form, by_mobile=by_mobile)


def _say_who_helps(user: User) -> None:
    """Others have acted for this person before they signed up: they should know it, and how to stop it."""
    if user.patient is not None and permissions_given(user.patient):
        flash(
            _(
                "그동안 대신 도와준 분이 있어, 보낸 사진과 예약을 이어서 보여 드립니다. "
                "누구인지는 내 계정의 ‘나를 도와주는 사람’에서 보고 멈출 수 있습니다."
            ),
            "info",
        )


def _has_password(form: SignUpForm) -> bool:
    if form.password.data:
        return True
    form.password.errors = [_("이메일로 가입하시려면 비밀번호를 정해 주세요.")]
    return False


def _register(form: SignUpForm, waiting: pending.Pending) -> User:
    if form.birth_date.day is None:
        abort(400)
    known_by: dict[str, Any] = {waiting.identity.channel.value: waiting.value}
    return service.register_patient(
        name=form.name.data,
        birth_date=form.birth_date.day,
        sex=Sex(form.sex.data),
        password=form.password.data or None,
        consents=[ConsentKind(kind) for kind in waiting.consents],
        locale=str(get_locale()),
        **known_by,
    )
