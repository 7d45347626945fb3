"""What of a patient's answers a model uses beside the photos, and how that is said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l

from app.accounts import service as accounts
from app.accounts.models import ConsentKind
from app.cases import body_sites, questions
from app.cases.models import Case

SAID_SINCE = "2026-11-28"
"""Since this version the notice about the model says that answers are used; who agreed to an older one said photos."""
SYMPTOMS = {
    "itches": "itch",
    "grew": "grew",
    "hurts": "hurt",
    "changed": "changed",
    "bleeds": "bleed",
    "raised": "elevation",
}
"""Question by what models call the symptom."""
_ASKED = {symptom: question for question, symptom in SYMPTOMS.items()}


@dataclass(frozen=True)
class Told:
    """What is known beside the photos, in the words of `vision.context.Known`; None or empty: not known."""

    age: int | None = None
    sex: str = ""
    site: str = ""
    symptoms: dict[str, bool] = field(default_factory=dict)


def told(case: Case) -> Told:
    """Return what a model may use of a case's answers: nothing if its patient has not been told so."""
    if not accounts.has_consent(ConsentKind.AI_NOTICE, case.patient_id, since=SAID_SINCE):
        return Told()
    answers = case.answers or {}
    site = body_sites.find(case.lesion.body_site if case.lesion else None)
    sex = answers.get("sex", "")
    symptoms = {
        symptom: answers[question] == questions.YES
        for question, symptom in SYMPTOMS.items()
        if answers.get(question) in (questions.YES, questions.NO)
    }
    return Told(
        age=answers.get(questions.AGE),
        sex="" if sex == questions.UNSTATED else sex,
        site=site.en if site else "",
        symptoms=symptoms,
    )


def in_words(used: Iterable[str]) -> str:
    """Return what a stored opinion used beside the photos, in the reader's language; empty if nothing."""
    named = {"age": _l("나이"), "sex": _l("성별"), "site": _l("부위")}
    return ", ".join(str(named.get(name) or _short(name)).lower() for name in used)


def _short(symptom: str) -> str:
    question = questions.find(_ASKED.get(symptom, ""))
    return str(question.short) if question else symptom
