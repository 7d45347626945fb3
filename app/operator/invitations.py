"""Inviting doctors and operators."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import invitations as service
from app.accounts.errors import IdentityTaken, InvitationInvalid, LicenceTaken
from app.accounts.identity import NotAnIdentity
from app.operator.blueprint import door
from app.operator.forms import InvitationForm
from app.permissions import Permission, Role
from app.policy import requires


@door.get("/invitations")
@requires(Permission.INVITATION_SEND)
def invitations() -> str:
    """Who is invited and has not come yet, and the form to invite someone."""
    return _page(InvitationForm(formdata=None))


def _page(form: InvitationForm) -> str:
    return render_template("operator/invitations.html", form=form, pending=service.pending_invitations())


@door.post("/invitations")
@requires(Permission.INVITATION_SEND)
def invitation_send() -> Response | tuple[str, int]:
    """Invite someone."""
    form = InvitationForm()
    if form.validate_on_submit() and _invite(form):
        flash(_("초대장을 이메일로 보냈습니다."), "success")
        return redirect(url_for("operator.invitations"), 303)
    return _page(form), 422


def _invite(form: InvitationForm) -> bool:
    role = Role(form.role.data)
    details: dict[str, str] = {}
    if role is Role.DOCTOR:
        details = {name: form[name].data.strip() for name in ("licence_number", "clinic", "specialty")}
    try:
        service.invite(
            invited_by=current_user,
            role=role,
            email=form.email.data,
            locale=str(get_locale()),
            **details,
        )
    except IdentityTaken:
        form.email.errors = [*form.email.errors, _("이미 계정이 있는 이메일입니다.")]
    except NotAnIdentity:
        form.email.errors = [*form.email.errors, _("이메일 주소를 다시 확인해 주세요.")]
    except LicenceTaken:
        form.licence_number.errors = [*form.licence_number.errors, _("이미 가입한 의사의 면허 번호입니다.")]
    else:
        return True
    return False


@door.post("/invitations/<public_id>/revoke")
@requires(Permission.INVITATION_SEND)
def invitation_revoke(public_id: str) -> Response:
    """Make an invitation void."""
    try:
        service.revoke_invitation(public_id)
        flash(_("초대를 거두었습니다. 보낸 주소로는 이제 가입할 수 없습니다."), "success")
    except InvitationInvalid:
        flash(_("이미 쓰였거나 끝난 초대입니다."), "info")
    return redirect(url_for("operator.invitations"), 303)
