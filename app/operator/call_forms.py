"""What an operator fills in for somebody on the telephone."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.accounts.fields import RELATIONS, SEXES, BirthDateField, RowIdField, name_field
from app.consultations import eligibility_words
from app.regions import areas

NUMBER = _l("휴대전화 번호를 적어 주세요.")
CHOOSE = _l("하나를 골라 주세요.")


class SearchForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped
    """The number that somebody calls from, or gives."""

    mobile = StringField(_l("휴대전화 번호"), validators=[InputRequired(NUMBER), Length(max=40)])


def area_field() -> SelectField:
    """One list, the districts of each province together."""
    return SelectField(_l("사는 곳 (시·군·구)"), validators=[InputRequired(CHOOSE)])


def offer_areas(field: SelectField) -> None:
    """Fill in the districts, in the reader's language."""
    groups = {"": [("", _l("골라 주세요"))]}
    for province in areas.provinces():
        name = eligibility_words.short_area_name(province)
        districts = areas.districts(province.code)
        groups[name] = [(one.code, eligibility_words.short_area_name(one)) for one in districts]
    field.choices = groups


class CallerForm(FlaskForm):  # type: ignore[misc]
    """Somebody without an account who calls for the first time."""

    name = name_field(_l("이름"))
    birth_date = BirthDateField(_l("생년월일"), validators=[InputRequired(_l("생년월일을 적어 주세요."))])
    sex = RadioField(_l("성별"), choices=SEXES, validators=[InputRequired(CHOOSE)])
    area = area_field()
    mobile = StringField(_l("휴대전화 번호"), validators=[InputRequired(NUMBER), Length(max=40)])


class ChildForm(FlaskForm):  # type: ignore[misc]
    """A child under 14, and the guardian who calls for it."""

    guardian = name_field(_l("보호자 이름"))
    # Nothing is chosen beforehand: a father would be entered as the mother.
    relation = SelectField(
        _l("아이와의 관계"),
        choices=[SelectChoice("", _l("골라 주세요")), *RELATIONS],
        validators=[InputRequired(CHOOSE)],
    )
    mobile = StringField(_l("보호자의 휴대전화 번호"), validators=[InputRequired(NUMBER), Length(max=40)])
    name = name_field(_l("아이 이름"))
    birth_date = BirthDateField(
        _l("아이 생년월일"), validators=[InputRequired(_l("생년월일을 적어 주세요."))]
    )
    sex = RadioField(_l("성별"), choices=SEXES, validators=[InputRequired(CHOOSE)])
    area = area_field()


class PlaceForm(FlaskForm):  # type: ignore[misc]
    """Where the caller lives."""

    area = area_field()


class EraseForm(FlaskForm):  # type: ignore[misc]
    """The caller's day of birth, as they say it: the page shows the year alone."""

    birth_date = BirthDateField(
        _l("전화하신 분이 말씀하신 생년월일"), validators=[InputRequired(_l("생년월일을 적어 주세요."))]
    )


class BookForm(FlaskForm):  # type: ignore[misc]
    """The time and the price as they were read aloud."""

    doctor = RowIdField(validators=[InputRequired()])
    at = HiddenField(validators=[DataRequired()])
    price = IntegerField(validators=[InputRequired()])


class MoveForm(FlaskForm):  # type: ignore[misc]
    """The new time and its price as they were read aloud."""

    at = HiddenField(validators=[DataRequired()])
    price = IntegerField(validators=[InputRequired()])
