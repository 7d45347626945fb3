"""The operator's forms about eligibility: a rule, its end, and facts to try the rules with."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.consultations.eligibility_models import EligibilityRule, RuleKind
from app.consultations.eligibility_rules import LONGEST_TITLE, MAX_DAYS, RuleText

WRITE = _l("적어 주세요.")
DAY = _l("날짜를 적어 주세요.")


def _stripped(text: str | None) -> str:
    return (text or "").strip()


def _title(label: Any) -> StringField:
    return StringField(
        label, filters=[_stripped], validators=[DataRequired(WRITE), Length(max=LONGEST_TITLE)]
    )


def _text(label: Any) -> TextAreaField:
    return TextAreaField(
        label, filters=[_stripped], validators=[DataRequired(WRITE), Length(max=2000)], render_kw={"rows": 4}
    )


class RuleForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped
    """A rule in both languages, its days, and what it looks at."""

    kind = RadioField(
        _l("무엇을 보는 규칙인가요?"),
        choices=[
            SelectChoice(RuleKind.REVISIT.value, _l("다시 보는 진료 (같은 점을 전에 본 의사나 병원)")),
            SelectChoice(RuleKind.RESIDENCE.value, _l("사는 지역 (병원과 같은 지역)")),
            SelectChoice(RuleKind.EXCEPTION.value, _l("예외 (환자가 해당한다고 할 때)")),
            SelectChoice(RuleKind.PILOT.value, _l("시범사업 (누구나)")),
        ],
        validators=[InputRequired(_l("하나를 골라 주세요."))],
    )
    title_ko = _title(_l("이름"))
    title_en = _title(_l("영어 이름"))
    explanation_ko = _text(_l("환자에게 보이는 설명"))
    explanation_en = _text(_l("영어 설명"))
    basis_ko = _text(_l("근거 (법, 고시, 아직 정해지지 않은 것)"))
    basis_en = _text(_l("영어 근거"))
    valid_from = DateField(_l("첫날"), validators=[InputRequired(DAY)])
    valid_until = DateField(_l("마지막 날"), validators=[Optional()])
    within_days = IntegerField(
        _l("다시 보는 진료: 며칠 안까지"),
        validators=[Optional(), NumberRange(1, MAX_DAYS, _l("1일에서 3650일 사이로 적어 주세요."))],
    )
    reading_counts = BooleanField(_l("다시 보는 진료: 사진을 읽은 판독도 본 것으로 치기"))
    level = RadioField(
        _l("사는 지역: 어디까지 같아야 하나요?"),
        choices=[SelectChoice("province", _l("시·도")), SelectChoice("district", _l("시·군·구"))],
        default="province",
    )
    needs_check = BooleanField(_l("예외: 상담 때 의사가 확인해야 함"), default=True)
    active = BooleanField(_l("이 규칙을 씁니다"), default=True)

    def validate_valid_until(self, field: DateField) -> None:
        """Refuse a span that ends before it begins."""
        if field.data and self.valid_from.data and field.data < self.valid_from.data:
            raise ValidationError(str(_l("첫날보다 앞선 날입니다. 두 날짜를 확인해 주세요.")))

    def validate(self, extra_validators: Any = None) -> bool:
        """A revisit needs its days."""
        valid = bool(super().validate(extra_validators))
        if self.kind.data == RuleKind.REVISIT.value and self.within_days.data is None:
            if not self.within_days.errors:
                self.within_days.errors = [str(_l("며칠 안까지인지 적어 주세요."))]
            return False
        return valid

    @classmethod
    def showing(cls, rule: EligibilityRule) -> RuleForm:
        """Return the form filled in with a version."""
        values = dict(vars(RuleText.of(rule)))
        values |= {name: getattr(rule, name) for name in ("reading_counts", "level", "needs_check")}
        return cls(formdata=None, data=values | {"within_days": rule.within_days or None})

    def rule(self) -> RuleText:
        """Return what was written."""
        kind = RuleKind(self.kind.data)
        parameters: dict[RuleKind, dict[str, Any]] = {
            RuleKind.REVISIT: {
                "within_days": self.within_days.data,
                "reading_counts": self.reading_counts.data,
            },
            RuleKind.RESIDENCE: {"level": self.level.data},
            RuleKind.EXCEPTION: {"needs_check": self.needs_check.data},
            RuleKind.PILOT: {},
        }
        texts = ("title_ko", "title_en", "explanation_ko", "explanation_en", "basis_ko", "basis_en")
        return RuleText(
            kind=kind,
            **{name: self[name].data for name in texts},
            valid_from=self.valid_from.data,
            valid_until=self.valid_until.data,
            parameters=parameters[kind],
            active=self.active.data,
        )


class EndForm(FlaskForm):  # type: ignore[misc]
    """The last day of a rule."""

    last_day = DateField(_l("마지막 날"), validators=[InputRequired(DAY)])


class TryForm(FlaskForm):  # type: ignore[misc]
    """Made-up facts: nobody's in particular, so they may stand in the address."""

    class Meta:
        csrf = False  # it only reads

    on = DateField(_l("상담하는 날"), validators=[InputRequired(DAY)])
    patient_area = SelectField(_l("환자가 사는 곳"), validators=[Optional()])
    doctor_area = SelectField(_l("병원이 있는 곳"), validators=[Optional()])
    last_visit = DateField(_l("같은 점을 마지막으로 상담한 날"), validators=[Optional()])
    last_reading = DateField(_l("같은 점의 판독에 서명한 날"), validators=[Optional()])
    exceptions = SelectMultipleField(
        _l("환자가 해당한다고 한 것"),
        validators=[Optional()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
