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
from app.cases.lesions import NAME_LENGTH, NOTE_LENGTH
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


class AgeField(IntegerField):  # type: ignore[misc]
    """Completed years, with words of our own for what is no number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was entered."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_l("나이를 숫자로 적어 주세요.")) from None


def _age() -> AgeField:
    missing = _l("나이를 숫자로 적어 주세요.")
    limits = NumberRange(0, questions.OLDEST, _l("나이를 0에서 120 사이의 숫자로 적어 주세요."))
    return AgeField(_l("나이(만)"), validators=[InputRequired(missing), limits])


def _note() -> TextAreaField:
    return TextAreaField(
        questions.CHANGED,
        description=_l("보이시는 대로 적어 주세요. 달라진 것이 없으면 비워 두셔도 됩니다."),
        validators=[Length(max=NOTE_LENGTH, message=_l("1,000자까지 적을 수 있습니다."))],
    )


class AnswerForm(FlaskForm):  # type: ignore[misc]
    """One question about a new case."""


def answer_form(key: str, given: Any) -> AnswerForm:
    """Return the form of one question, named by its key; given: what was answered before."""

    class Asked(AnswerForm):
        """This question's form."""

    question = questions.find(key)
    asked = _radio(question) if question else _age() if key == questions.AGE else _note()
    setattr(Asked, key, asked)
    return Asked(data={key: given})


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


class LesionNameForm(FlaskForm):  # type: ignore[misc]
    """What the patient calls a lesion."""

    label = StringField(
        _l("이 점의 이름"),
        description=_l("예: 등 왼쪽 위 점. 비워 두시면 위치로 부릅니다."),
        validators=[Length(max=NAME_LENGTH, message=_l("40자까지 적을 수 있습니다."))],
    )


class WatchForm(FlaskForm):  # type: ignore[misc]
    """After how many months to be reminded of the next photo; 0 for never."""

    months = RadioField(_l("언제 다시 찍을까요?"), validators=[InputRequired(CHOOSE_ONE)])

    def offer(self, months: Iterable[int]) -> WatchForm:
        """Offer these numbers of months, and not to be reminded."""
        words = {1: _l("한 달 뒤"), 3: _l("석 달 뒤"), 6: _l("여섯 달 뒤"), 12: _l("한 해 뒤")}
        after = [SelectChoice(str(n), words.get(n, _l("%(months)s달 뒤", months=n))) for n in months]
        self.months.choices = [*after, SelectChoice("0", _l("알리지 않기"))]
        return self
