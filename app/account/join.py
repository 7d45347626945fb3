"""Where an invited doctor or operator makes their account."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.account.blueprint import blueprint
from app.account.forms import JoinForm
from app.accounts import invitations
from app.accounts.errors import IdentityTaken, InvitationInvalid, LicenceTaken
from app.extensions import limiter
from app.permissions import Role
from app.policy import public


@blueprint.route("/join/<token>", methods=["GET", "POST"])
@limiter.limit("60 per minute")
@public
def join(token: str) -> Response | str | tuple[str, int]:
    """Name and password; then the ordinary sign-in, with its second factor where one is required."""
    if current_user.is_authenticated:
        return render_template("account/join_signed_in.html")
    try:
        invitation = invitations.open_invitation(token)
    except InvitationInvalid:
        return render_template("account/join_invalid.html"), 404
    form = JoinForm(personal=(invitation.email,), data={"name": invitation.details.get("name", "")})
    if form.validate_on_submit():
        try:
            invitations.accept_invitation(
                token, name=form.name.data, password=form.password.data, locale=str(get_locale())
            )
        except (InvitationInvalid, IdentityTaken, LicenceTaken):
            return render_template("account/join_invalid.html"), 409
        flash(_("계정을 만들었습니다. 로그인해 주세요."), "success")
        return redirect(url_for("security.login"))
    is_doctor = invitation.role == Role.DOCTOR
    return render_template("account/join.html", form=form, invitation=invitation, is_doctor=is_doctor)
