"""The record of messages: what was sent to whom (by id alone), how it stands, and sending again what failed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import DateField, SelectChoice, SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from app.infra.clock import KST
from app.notifications import record
from app.notifications.models import Channel, DeliveryState, DropReason, Form, NoticeKind
from app.notifications.templates import templates
from app.notifications.words import WORDS
from app.operator.blueprint import door, page_number
from app.permissions import Permission
from app.policy import requires

STATES: dict[str, tuple[LazyString, str]] = {
    DeliveryState.WAITING: (_l("보낼 차례를 기다림"), "information"),
    DeliveryState.SENT: (_l("보냄"), "success"),
    DeliveryState.FAILED: (_l("보내지 못함"), "danger"),
    DeliveryState.DROPPED: (_l("보내지 않음"), "gray"),
}
REASONS: dict[str, LazyString] = {
    DropReason.CLOSED: _l("닫힌 계정"),
    DropReason.NO_ADDRESS: _l("연락처가 없음"),
    DropReason.TOO_LATE: _l("때가 지남"),
}
CHANNELS: dict[str, LazyString] = {Channel.SMS: _l("전화"), Channel.EMAIL: _l("이메일")}
FORMS: dict[str, LazyString] = {
    Form.ALIMTALK: _l("알림톡"),
    Form.SMS: _l("짧은 문자"),
    Form.LMS: _l("긴 문자"),
    Form.EMAIL: _l("이메일"),
}
EARLIEST, LATEST = date(1900, 1, 1), date(9000, 1, 1)


def _choices(words: Any) -> list[SelectChoice]:
    return [SelectChoice("", _l("모두")), *(SelectChoice(key.value, text) for key, text in words)]


class MessageFilterForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped
    """Which messages; days in Korea, both included."""

    class Meta:
        csrf = False  # it only reads

    since = DateField(_l("이날부터"), validators=[Optional()])
    until = DateField(_l("이날까지"), validators=[Optional()])
    state = SelectField(
        _l("상태"),
        choices=_choices((key, words[0]) for key, words in STATES.items()),
        validators=[Optional()],
    )
    channel = SelectField(_l("방법"), choices=_choices(CHANNELS.items()), validators=[Optional()])
    kind = SelectField(
        _l("무슨 알림"),
        choices=_choices((key, words.title) for key, words in WORDS.items()),
        validators=[Optional()],
    )
    patient = StringField(_l("환자 번호표"), validators=[Optional(), Length(max=24)])

    def validate_until(self, field: DateField) -> None:
        """Refuse a span that ends before it begins."""
        if self.since.data and field.data and field.data < self.since.data:
            raise ValidationError(str(_l("‘이날부터’보다 앞선 날입니다. 두 날짜를 확인해 주세요.")))


@door.get("/messages")
@requires(Permission.MESSAGE_MANAGE)
def messages() -> str:
    """The messages, newest first."""
    form = MessageFilterForm(request.args)
    wanted = _filter(form) if form.validate() else record.Filter()
    kept: dict[str, Any] = {key: value for key, value in request.args.items() if key in form.data and value}
    return render_template(
        "operator/messages.html",
        form=form,
        found=record.page(wanted, page_number()),
        failed=record.failed_count(),
        states=STATES,
        reasons=REASONS,
        channels=CHANNELS,
        forms=FORMS,
        words=WORDS,
        templates=templates(),
        base=url_for("operator.messages", **kept, page="PAGE").replace("PAGE", "%d"),
    )


def _filter(form: MessageFilterForm) -> record.Filter:
    since, until = _within_reason(form.since.data), _within_reason(form.until.data)
    return record.Filter(
        since=datetime.combine(since, time(), KST) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), KST) if until else None,
        state=DeliveryState(form.state.data) if form.state.data else None,
        channel=Channel(form.channel.data) if form.channel.data else None,
        kind=NoticeKind(form.kind.data) if form.kind.data else None,
        patient=(form.patient.data or "").strip() or None,
    )


def _within_reason(day: date | None) -> date | None:
    """A day that still has a day before and after it, in every time zone."""
    return min(max(day, EARLIEST), LATEST) if day else None


@door.post("/messages/<int(max=9223372036854775807):delivery_id>/again")
@requires(Permission.MESSAGE_MANAGE)
def message_again(delivery_id: int) -> Response:
    """Send one that failed once more."""
    if record.send_again(delivery_id):
        flash(_("다시 보내도록 줄에 세웠습니다."), "success")
    else:
        flash(_("이미 보냈거나 다시 보내는 중입니다."), "info")
    return redirect(url_for("operator.messages"), 303)
