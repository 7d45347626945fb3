"""The forms of the patient's door, one for each step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    StringField,
    TextAreaField,
)
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, NumberRange, ValidationError

from app.accounts.models import ConsentKind, Patient
from app.cases import body_sites, questions
from app.cases.questions import Question
from app.cases.service import QUESTION_LENGTH

CHOOSE_ONE = _l("하나를 골라 주세요.")


class StartForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """For whom, and the key that makes this form one case."""

    form_key = HiddenField(validators=[DataRequired(), Length(max=40)])
    patient = RadioField(_l("누구의 사진인가요?"), validators=[InputRequired(CHOOSE_ONE)])

    def offer(self, patients: Iterable[Patient]) -> StartForm:
        """Offer these people; one alone needs no choice."""
        people = list(patients)
        self.patient.choices = [SelectChoice(person.public_id, person.name) for person in people]
        if len(people) == 1:
            self.patient.data = people[0].public_id
            self.patient.validators = []
        return self


class PhotosForm(FlaskForm):  # type: ignore[misc]
    """Nothing but the token: the files are read one by one."""


class PlaceForm(FlaskForm):  # type: ignore[misc]
    """Where on the body."""

    site = StringField(_l("몸의 어느 곳인가요?"), validators=[InputRequired(_l("몸의 한 곳을 골라 주세요."))])

    def validate_site(self, field: StringField) -> None:
        """Refuse a place that is not on offer."""
        if body_sites.find(field.data) is None:
            raise ValidationError(_l("몸의 한 곳을 골라 주세요."))


def _radio(question: Question) -> RadioField:
    choices = [SelectChoice(value, label) for value, label in question.options]
    return RadioField(question.words, choices=choices, validators=[InputRequired(CHOOSE_ONE)])


class LesionForm(FlaskForm):  # type: ignore[misc]
    """What the patient noticed."""


class AgeField(IntegerField):  # type: ignore[misc]
    """Completed years, with words of our own for what is no number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was entered."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_l("나이를 숫자로 적어 주세요.")) from None


class PersonForm(FlaskForm):  # type: ignore[misc]
    """Age, sex and earlier skin cancer."""

    age = AgeField(
        _l("나이(만)"),
        validators=[
            InputRequired(_l("나이를 숫자로 적어 주세요.")),
            NumberRange(0, questions.OLDEST, _l("나이를 0에서 120 사이의 숫자로 적어 주세요.")),
        ],
    )


for _question in questions.ABOUT_LESION:
    setattr(LesionForm, _question.key, _radio(_question))
for _question in questions.ABOUT_PERSON:
    setattr(PersonForm, _question.key, _radio(_question))


class ReviewForm(FlaskForm):  # type: ignore[misc]
    """The consents that are still missing; each has its own box, and none is ticked."""

    def kinds_given(self) -> list[ConsentKind]:
        """Return what was ticked."""
        return [kind for kind in ConsentKind if kind.value in self and self[kind.value].data]


def review_form(missing: Iterable[ConsentKind], titles: Mapping[ConsentKind, str]) -> ReviewForm:
    """Return the last form, with one required box for each consent that is missing."""

    class Filled(ReviewForm):
        """This case's form."""

    for kind in missing:
        needed: list[Any] = [InputRequired(_l("동의하셔야 보낼 수 있습니다.")), AnyOf([True])]
        setattr(Filled, kind.value, BooleanField(titles[kind], validators=needed))
    return Filled()


class QuestionForm(FlaskForm):  # type: ignore[misc]
    """The one question about a finding."""

    text = TextAreaField(
        _l("의사에게 물어볼 것"),
        validators=[
            DataRequired(_l("물어볼 것을 적어 주세요.")),
            Length(max=QUESTION_LENGTH, message=_l("1,000자까지 적을 수 있습니다.")),
        ],
    )
