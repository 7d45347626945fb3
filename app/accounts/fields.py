"""Fields that more than one door asks for: a name, a day of birth, the sex, the number of a row."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectChoice, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from app.accounts.age import age_in_years
from app.accounts.care import LATEST_BIRTH_YEARS_AGO
from app.accounts.models import Sex
from app.infra.database import row_id

SEXES = [
    SelectChoice(Sex.FEMALE.value, _l("여성")),
    SelectChoice(Sex.MALE.value, _l("남성")),
    SelectChoice(Sex.UNSTATED.value, _l("밝히지 않음")),
]

RELATIONS = [
    SelectChoice("mother", _l("어머니")),
    SelectChoice("father", _l("아버지")),
    SelectChoice("grandparent", _l("조부모")),
    SelectChoice("guardian", _l("그 밖의 법정대리인")),
]
"""What a guardian is to the child."""

_PARTS = r"\D{{{0},3}}(\d{{{1},2}})\D{{{0},3}}(\d{{{1},2}})\D{{0,2}}"
# Without signs in between each part has all its digits: 1954112 could be two days.
_WRITTEN = re.compile(rf"\s*(\d{{4}})(?:{_PARTS.format(0, 2)}|{_PARTS.format(1, 1)})")
_SHORT_YEAR = re.compile(rf"\s*\d{{2}}(?:{_PARTS.format(0, 2)}|{_PARTS.format(1, 1)})")


class RowIdField(IntegerField):  # type: ignore[misc]  # untyped base
    """The number of a row; what can be none is refused and stays empty."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take a number that the database can hold."""
        if valuelist:
            self.data = row_id(valuelist[0])
            if self.data is None:
                raise ValueError(_l("숫자를 적어 주세요."))


class BirthDateField(StringField):  # type: ignore[misc]  # untyped base
    """A date written as eight digits, with or without signs in between; `day` is what it means."""

    day: date | None = None

    def pre_validate(self, form: Any) -> None:
        """Refuse what is no date of a living person."""
        text = self.data or ""
        found = _WRITTEN.fullmatch(text)
        if found is None and _SHORT_YEAR.fullmatch(text):
            raise ValidationError(_l("태어난 해를 네 자리로 적어 주세요. 예: 19540302"))
        if found is None:
            raise ValidationError(_l("생년월일을 여덟 자리 숫자로 적어 주세요. 예: 19540302"))
        try:
            born = date(*(int(part) for part in found.groups() if part is not None))
        except ValueError:
            raise ValidationError(_l("달력에 없는 날입니다. 생년월일을 다시 확인해 주세요.")) from None
        age = age_in_years(born)
        if age < 0:
            raise ValidationError(_l("아직 오지 않은 날입니다. 태어난 해를 다시 확인해 주세요."))
        if age > LATEST_BIRTH_YEARS_AGO:
            raise ValidationError(_l("너무 오래전입니다. 태어난 해를 다시 확인해 주세요."))
        self.day = born


def name_field(label: Any) -> StringField:
    """A person's name."""
    return StringField(
        label,
        filters=[lambda text: " ".join((text or "").split())],
        validators=[
            DataRequired(_l("이름을 적어 주세요.")),  # blanks alone are no name
            Length(min=1, max=60, message=_l("이름은 60자까지 적을 수 있습니다.")),
        ],
    )
