"""The forms of the doctor's times: a weekly span, a day's span, time off, and what patients choose by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    Form,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    TelField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.accounts.languages import LANGUAGES
from app.accounts.practice import NoTelephone, telephone_of
from app.consultations import times
from app.consultations.changes import REASON_LIMIT
from app.consultations.rules import rules
from app.doctor import words
from app.infra.moments import WEEKDAYS
from app.regions.areas import districts, provinces

DAY_MINUTES = 24 * 60
NO_DAY = _l("달력에서 날짜를 골라 주세요.")


class DayField(DateField):  # type: ignore[misc]  # untyped base
    """A day, with words of our own for what is none."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was chosen."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(NO_DAY) from None


class NumberField(IntegerField):  # type: ignore[misc]  # untyped base
    """A whole number, with words of our own for what is none."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was entered."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_l("숫자를 적어 주세요.")) from None


def _clock_choices() -> list[SelectChoice]:
    every_half_hour = range(0, DAY_MINUTES + 1, 30)
    return [SelectChoice(str(m), words.clock_time(m)) for m in every_half_hour]


class VisitsForm(Form):  # type: ignore[misc]  # untyped base
    """How a span of a day is cut into visits."""

    start = SelectField(_l("시작"), choices=_clock_choices()[:-1], default="540")
    end = SelectField(
        _l("끝"),
        choices=_clock_choices()[1:],
        default="720",
        description=_l("자정을 넘으면 이틀로 나누어 두 번 적어 주세요."),
    )
    slot = SelectField(_l("한 사람에게 쓰는 시간(분)"))
    buffer = SelectField(_l("다음 사람까지 쉬는 시간(분)"), default="0")
    capacity = NumberField(
        _l("한 시간에 몇 명까지"),
        default=1,
        description=_l("보통 1입니다. 여럿이 함께 듣는 상담이면 늘려 주세요."),
    )
    price = NumberField(
        _l("상담료(원)"),
        default=0,
        description=_l("0을 적으면 무료로 보입니다."),
        validators=[InputRequired(_l("숫자를 적어 주세요.")), NumberRange(min=0)],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slot.choices = [SelectChoice(str(n)) for n in rules().slot_choices]
        self.buffer.choices = [SelectChoice(str(n)) for n in rules().buffer_choices]

    def visits(self) -> dict[str, int]:
        """What was chosen, as the service wants it."""
        return {
            "start_minute": int(self.start.data),
            "end_minute": int(self.end.data),
            "slot_minutes": int(self.slot.data),
            "buffer_minutes": int(self.buffer.data),
            "capacity": self.capacity.data or 0,
            "price_won": self.price.data,
        }


class PatternForm(VisitsForm, FlaskForm):  # type: ignore[misc]  # untyped base
    """A span of every week in which the doctor can be booked."""

    weekday = SelectField(_l("요일"), choices=[SelectChoice(str(n), day) for n, day in enumerate(WEEKDAYS)])
    valid_from = DayField(
        _l("이 날부터"), description=_l("비워 두면 오늘부터입니다."), validators=[Optional()]
    )
    valid_until = DayField(
        _l("이 날까지"), description=_l("비워 두면 따로 뺄 때까지입니다."), validators=[Optional()]
    )


class ExtraForm(VisitsForm, FlaskForm):  # type: ignore[misc]  # untyped base
    """A span of one day."""

    day = DayField(_l("날짜"), validators=[InputRequired(NO_DAY)])


class TimeOffForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """From when to when the doctor is away."""

    first = DayField(_l("첫날"), validators=[InputRequired(NO_DAY)])
    start = SelectField(_l("첫날 몇 시부터"), choices=_clock_choices()[:-1], default="0")
    last = DayField(_l("마지막 날"), validators=[InputRequired(NO_DAY)])
    end = SelectField(_l("마지막 날 몇 시까지"), choices=_clock_choices()[1:], default=str(DAY_MINUTES))

    def moments(self) -> tuple[datetime, datetime]:
        """What was chosen, as moments."""
        return (
            times.moment(self.first.data, int(self.start.data)),
            times.moment(self.last.data, int(self.end.data)),
        )


class HolidaysForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """Whether the weekly times hold on public holidays."""

    works = BooleanField(_l("공휴일에도 매주 여는 시간대로 진료합니다"))


class CancelForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """What the patient is told about it."""

    reason = TextAreaField(
        _l("취소하는 까닭"),
        validators=[
            InputRequired(_l("취소하는 까닭을 적어 주세요. 환자가 그대로 읽습니다.")),
            Length(max=REASON_LIMIT, message=_l("500자까지 적을 수 있습니다.")),
        ],
    )


class PracticeForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """What patients choose a doctor by."""

    languages = SelectMultipleField(
        _l("상담할 수 있는 말"),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validators=[InputRequired(_l("하나 이상 골라 주세요."))],
    )
    area = SelectField(_l("진료하는 지역"), description=_l("환자가 지역으로 의사를 찾을 때 씁니다."))
    telephone = TelField(
        _l("병원 전화"), description=_l("예약한 환자가 그 시간에 어떻게 만나는지 물어볼 번호입니다.")
    )

    def validate_telephone(self, field: TelField) -> None:
        """A number of Korea, or nothing."""
        try:
            telephone_of(field.data or "")
        except NoTelephone:
            raise ValidationError(_l("전화번호를 적어 주세요. 예: 061-555-1234")) from None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.languages.choices = [SelectChoice(code, name) for code, name in LANGUAGES.items()]
        self.area.choices = [SelectChoice("", _l("밝히지 않음")), *_area_choices()]


def _area_choices() -> list[SelectChoice]:
    english = str(get_locale()) == "en"
    found = []
    for province in provinces():
        name = province.name_en if english else province.name
        found.append(SelectChoice(province.code, name))
        found += [SelectChoice(one.code, f"{name} {one.name}") for one in districts(province.code)]
    return found
