"""The operator's forms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.permissions import Role


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped
    """Several review files at once."""

    files = MultipleFileField(_l("후기 파일"))


class AnalysisForm(FlaskForm):  # type: ignore[misc]
    """Which apps, whether with the reviews of likely promotions, and how reviews are split into words."""

    apps = SelectMultipleField(_l("앱"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())
    without_bursts = BooleanField(_l("홍보로 몰린 후기는 빼고 분석합니다"))
    tokenizer = RadioField(_l("낱말을 나누는 방법"), validators=[InputRequired()])


class AppForm(FlaskForm):  # type: ignore[misc]
    """An app whose reviews are to be collected; what an id looks like is known to the room."""

    name_ko = StringField(_l("앱 이름"), validators=[InputRequired(_l("앱 이름을 적어 주세요."))])
    name_en = StringField(_l("영어 이름"))
    app_store = StringField(_l("App Store 번호"), validators=[Length(max=500)])
    google_play = StringField(_l("Google Play 패키지 이름"), validators=[Length(max=500)])


class ScheduleForm(FlaskForm):  # type: ignore[misc]
    """How often, on which day and at what hour in Korea reviews are collected by themselves."""

    often = RadioField(
        _l("얼마나 자주 모을까요?"),
        choices=[
            SelectChoice("never", _l("스스로 모으지 않음")),
            SelectChoice("daily", _l("날마다")),
            SelectChoice("weekly", _l("주마다")),
        ],
        validators=[InputRequired(_l("하나를 골라 주세요."))],
    )
    weekday = SelectField(_l("요일 (주마다일 때)"), coerce=int, validators=[InputRequired()])
    hour = SelectField(_l("몇 시에 (한국 시간)"), coerce=int, validators=[InputRequired()])


class InvitationForm(FlaskForm):  # type: ignore[misc]
    """Who is invited as what; a doctor also by licence."""

    role = RadioField(
        _l("누구를 초대하나요?"),
        choices=[
            SelectChoice(Role.DOCTOR.value, _l("의사")),
            SelectChoice(Role.OPERATOR.value, _l("운영자")),
        ],
        default=Role.DOCTOR.value,
        validators=[InputRequired()],
    )
    email = EmailField(
        _l("이메일"),
        validators=[
            InputRequired(_l("이메일을 적어 주세요.")),
            Length(max=254),
        ],
    )
    licence_number = StringField(_l("의사 면허 번호"), validators=[Length(max=20)])
    clinic = StringField(_l("병원 이름"), validators=[Length(max=120)])
    specialty = StringField(_l("진료 과목"), validators=[Length(max=80)])

    def _needed_of_doctors(self, field: StringField) -> None:
        if self.role.data == Role.DOCTOR.value and not (field.data or "").strip():
            raise ValidationError(str(_l("의사를 초대할 때는 꼭 적어 주세요.")))

    validate_licence_number = validate_clinic = validate_specialty = _needed_of_doctors


_NUMBER = _l("표에 적힌 번호를 적어 주세요.")


class NumberField(IntegerField):  # type: ignore[misc]
    """The number by which the log knows a person."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Say in the reader's language what is wrong with what is no number."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_NUMBER) from None


class AuditFilterForm(FlaskForm):  # type: ignore[misc]
    """Which entries of the audit log; days in Korea, both included."""

    class Meta:
        csrf = False  # it only reads

    since = DateField(_l("이날부터"), validators=[Optional()])
    until = DateField(_l("이날까지"), validators=[Optional()])
    action = SelectField(_l("한 일"), validators=[Optional()])
    outcome = SelectField(_l("결과"), validators=[Optional()])
    actor = NumberField(_l("누가 (번호)"), validators=[Optional(), NumberRange(1, 2**31, _NUMBER)])
    patient = NumberField(
        _l("누구의 정보 (환자 번호)"), validators=[Optional(), NumberRange(1, 2**31, _NUMBER)]
    )

    def validate_until(self, field: DateField) -> None:
        """Refuse a span that ends before it begins."""
        if self.since.data and field.data and field.data < self.since.data:
            raise ValidationError(str(_l("‘이날부터’보다 앞선 날입니다. 두 날짜를 확인해 주세요.")))
