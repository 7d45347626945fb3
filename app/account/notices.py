"""One's own notices. Opening one marks it as read and leads to what it is about."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectChoice
from wtforms.validators import InputRequired

from app.accounts import contacts
from app.infra.moments import moment
from app.notifications import choices, service
from app.notifications.models import Choice, Notice
from app.notifications.policy import visible_notices
from app.notifications.words import WORDS
from app.permissions import Permission, Role
from app.policy import holds, requires, visible_or_404
from app.web import navigation

door = Blueprint("notices", __name__, url_prefix="/notices", template_folder="templates")

PLACES: dict[tuple[str, str], tuple[str, str | None]] = {
    (Role.PATIENT, "case"): ("patient.case", "public_id"),
    (Role.PATIENT, "booking"): ("patient.booking", "public_id"),
    (Role.PATIENT, "lesion"): ("patient.lesion", "public_id"),
    (Role.DOCTOR, "case"): ("doctor.case", "public_id"),
    (Role.DOCTOR, "booking"): ("doctor.agenda", None),
}
"""Where each role reads what a notice is about: the endpoint, and its argument for the public id."""


CHOICES = (
    SelectChoice(Choice.USUAL, _l("문자로, 상담 예약은 이메일로도")),
    SelectChoice(Choice.BOTH, _l("모두 문자와 이메일로")),
    SelectChoice(Choice.SMS, _l("문자로만")),
    SelectChoice(Choice.EMAIL, _l("이메일로만")),
)
HINTS = {
    Choice.USUAL: _l("이메일에는 달력에 넣는 파일이 붙어 있습니다."),
}


class ChannelsForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped
    """One of the ways; there is none to hear of nothing."""

    choice = RadioField(
        _l("어디로 알려 드릴까요?"), choices=CHOICES, validators=[InputRequired(_l("하나를 골라 주세요."))]
    )


def init_app(app: Flask) -> None:
    """Open the page and put it into everyone's navigation."""
    app.register_blueprint(door)
    navigation.register_for_all(navigation.Item("notices.inbox", _l("알림"), "bell", badge=_unread))


def _unread() -> int:
    return service.unread_count(current_user.id) if holds(current_user, Permission.NOTICE_READ) else 0


@door.get("/")
@requires(Permission.NOTICE_READ)
def inbox() -> str:
    """All notices, newest first."""
    found = service.page(current_user, max(request.args.get("page", 1, type=int), 1))
    unread = service.unread_count(current_user.id)
    return render_template("account/notices.html", found=found, words=WORDS, unread=unread, moment=moment)


@door.post("/<public_id>/open")
@requires(Permission.NOTICE_READ)
def follow(public_id: str) -> Response:
    """Mark a notice as read and go to what it is about."""
    notice = visible_or_404(visible_notices(current_user).where(Notice.public_id == public_id))
    service.mark_read(notice.id)
    return redirect(_place(notice), 303)


def _place(notice: Notice) -> str:
    for what in ("case", "booking", "lesion"):
        found = PLACES.get((current_user.role, what))
        if what in notice.arguments and found and found[0] in current_app.view_functions:
            endpoint, name = found
            return url_for(endpoint, **({name: notice.arguments[what]} if name else {}))
    return url_for("notices.inbox")


@door.post("/read")
@requires(Permission.NOTICE_READ)
def read_all() -> Response:
    """Mark everything as read."""
    service.mark_all_read(current_user.id)
    flash(_("모두 읽은 것으로 표시했습니다."), "success")
    return redirect(url_for("notices.inbox"), 303)


@door.route("/channels", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE)
def channels() -> Response | str:
    """By which ways one is told."""
    form = ChannelsForm(choice=choices.choice_of(current_user.id))
    several = len(choices.channels_of(current_user)) > 1
    if several and form.validate_on_submit():
        choices.choose(current_user.id, Choice(form.choice.data))
        flash(_("저장했습니다."), "success")
        return redirect(url_for("notices.channels"), 303)
    found = contacts.identities_of(current_user)
    return render_template("account/channels.html", form=form, several=several, identities=found, hints=HINTS)
