"""The forms of the doctor's pages. They parse; the services decide."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.cases import diagnoses
from app.cases.models import NextStep
from app.cases.reading import CONFIDENCES, NOTE_LIMIT
from app.cases.signing import ADVICE_LIMIT, ANSWER_LIMIT, REASON_LIMIT, Draft, DraftRefused
from app.doctor import words


def diagnosis_choices() -> list[SelectChoice]:
    """Every name on offer, in the reader's language."""
    return [SelectChoice(d.key, d.name) for d in diagnoses.all_diagnoses()]


class FirstReadForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """What the doctor sees in the photos, before anything else is shown."""

    diagnosis = RadioField(_l("사진만 보고 판독하면"), validators=[InputRequired(_l("하나를 골라 주세요."))])
    confidence = RadioField(
        _l("얼마나 확신하시나요?"),
        choices=[SelectChoice(key, dict(words.CONFIDENCE)[key]) for key in CONFIDENCES],
        validators=[InputRequired(_l("하나를 골라 주세요."))],
    )
    note = TextAreaField(
        _l("메모"), description=_l("환자에게는 보이지 않습니다."), validators=[Length(max=NOTE_LIMIT)]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.diagnosis.choices = diagnosis_choices()


class DecisionForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """The finding as it will be signed."""

    diagnosis = SelectField(_l("판독"))
    reason = TextAreaField(
        _l("인공지능과 다르게 판독한 이유"),
        description=_l("인공지능 의견과 다를 때는 꼭 적어 주세요. 다를 때는 환자도 읽습니다."),
        validators=[Length(max=REASON_LIMIT)],
    )
    advice = TextAreaField(
        _l("환자에게 전할 안내"),
        description=_l("환자가 그대로 읽습니다. 쉬운 말로 적어 주세요."),
        validators=[Length(max=ADVICE_LIMIT)],
    )
    next_step = RadioField(
        _l("다음에 할 일"),
        choices=[SelectChoice(key, label) for key, label in words.NEXT_STEP],
        validate_choice=False,
    )
    within_days = IntegerField(
        _l("며칠 안에 진료받아야 하나요?"),
        description=_l(
            "피부과 직접 진료를 고르셨을 때 적어 주세요. 지켜보기에서는 며칠 뒤에 다시 찍을지이며, 비우면 90일입니다."
        ),
        validators=[Optional()],
    )
    amendment_reason = TextAreaField(
        _l("고친 이유"), description=_l("환자도 읽습니다."), validators=[Length(max=REASON_LIMIT)]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.diagnosis.choices = diagnosis_choices()

    def draft(self, *, amending: bool) -> Draft:
        """What was typed, as the service wants it. The days belong to "in person" and "watch"."""
        has_days = self.next_step.data in (NextStep.IN_PERSON, NextStep.WATCH)
        return Draft(
            diagnosis=self.diagnosis.data or "",
            advice=_clean(self.advice.data),
            next_step=self.next_step.data or "",
            reason=_clean(self.reason.data) or None,
            within_days=self.within_days.data if has_days else None,
            amendment_reason=(_clean(self.amendment_reason.data) or None) if amending else None,
        )

    def show(self, refused: DraftRefused) -> None:
        """Put the service's objections beside the fields they are about."""
        for name, fault in refused.faults.items():
            field = self[name]
            field.errors = [*field.errors, words.FAULT[(name, fault)]]


def _clean(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


class AnswerForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """The answer to the patient's one question."""

    answer = TextAreaField(
        _l("답"), validators=[InputRequired(_l("답을 적어 주세요.")), Length(max=ANSWER_LIMIT)]
    )


class DigestForm(FlaskForm):  # type: ignore[misc]  # untyped base
    """The name of what was shown, so that exactly this is signed."""

    digest = StringField(validators=[InputRequired()])
