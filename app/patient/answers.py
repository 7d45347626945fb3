"""The questions of a new case, one on each screen: an answer is a press, and the next question follows.

What an account or an earlier case answers already is not asked; the last screen shows it, and every answer can be
changed from there.
"""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.cases import drafts, lesions, questions
from app.cases.models import Case
from app.patient import wizard
from app.patient.access import me
from app.patient.blueprint import blueprint
from app.patient.forms import answer_form
from app.permissions import Permission
from app.policy import requires

NOTE = "note"
"""What has changed since the last photos, in the patient's own words."""

STEP_OF = dict.fromkeys((*questions.LESION_KEYS, NOTE), "questions") | dict.fromkeys(
    questions.PERSON_KEYS, "person"
)


def asked(case: Case, step: str) -> list[str]:
    """Return the keys of what is asked in one step of a draft, in order."""
    followed = drafts.is_followed(case)
    told = set(drafts.known_about(case.patient))
    if followed:
        told |= {key for key in lesions.KEPT_ANSWERS if questions.complete(case.answers, [key])}
    return [
        key for key, of in STEP_OF.items() if of == step and key not in told and (followed or key != NOTE)
    ]


def address(case: Case, key: str) -> str:
    """Return the address of one question."""
    return url_for("patient.case_answer", public_id=case.public_id, key=key)


def opening(case: Case, step: str, *, at_the_end: bool = False) -> str:
    """Return the address at which a step is entered: its first open question, else its first one or its last."""
    keys = asked(case, step)
    of_step = [key for key, of in STEP_OF.items() if of == step and (key != NOTE or key in keys)]
    missing = [key for key in of_step if not _answered(case, key)]
    if missing:
        return address(case, missing[0])
    return address(case, keys[-1 if at_the_end else 0]) if keys else wizard.after(case, step)


def onward(case: Case, key: str) -> str:
    """Return where a question leads: to what is asked after it and still open, to the next step, to the last screen."""
    keys = asked(case, STEP_OF[key])
    later = keys[keys.index(key) + 1 :] if key in keys else []
    still_open = next((k for k in later if not _answered(case, k)), None)
    if still_open:
        return address(case, still_open)
    return wizard.after(case, STEP_OF[key])


def _answered(case: Case, key: str) -> bool:
    return case.note is not None if key == NOTE else questions.complete(drafts.known(case), [key])


def _back(case: Case, key: str) -> str:
    keys = asked(case, STEP_OF[key])
    if key not in keys:
        return wizard.step_url(case, "review")
    number = keys.index(key)
    return address(case, keys[number - 1]) if number else wizard.before(case, STEP_OF[key])


def _enter(public_id: str, step: str) -> Response:
    case = wizard.draft_or_away(public_id)
    if isinstance(case, Response):
        return case
    return redirect(opening(case, step, at_the_end=wizard.END in request.args), 303)


@blueprint.get("/cases/<public_id>/questions")
@requires(Permission.CASE_SEND)
def case_questions(public_id: str) -> Response:
    """Lead to the first open question about the spot."""
    return _enter(public_id, "questions")


@blueprint.get("/cases/<public_id>/person")
@requires(Permission.CASE_SEND)
def case_person(public_id: str) -> Response:
    """Lead to the first open question about the person."""
    return _enter(public_id, "person")


@blueprint.route("/cases/<public_id>/answers/<key>", methods=["GET", "POST"])
@requires(Permission.CASE_SEND)
def case_answer(public_id: str, key: str) -> Response | str:
    """Ask one thing, and keep the answer."""
    case = wizard.draft_or_away(public_id)
    if isinstance(case, Response):
        return case
    followed = drafts.is_followed(case)
    if key not in STEP_OF:
        abort(404)
    if key == NOTE and not followed:  # another place was chosen meanwhile: it is another spot
        return redirect(wizard.step_url(case, "review"), 303)
    given = drafts.known(case) | {NOTE: case.note}
    form = answer_form(key, given.get(key))
    if form.validate_on_submit():
        if key == NOTE:
            case = lesions.write_note(me(), public_id, form[key].data or "")
        else:
            case = drafts.answer(me(), public_id, {key: form[key].data}, [key])
        return redirect(onward(case, key), 303)
    keys = asked(case, STEP_OF[key])
    values = {
        "form": form,
        "key": key,
        "question": questions.find(key),
        "answered": _answered(case, key),
        "since_last": followed and STEP_OF[key] == "questions" and key not in lesions.KEPT_ANSWERS,
        "other": None if case.patient.user_id == me().id else case.patient.name,
        "number": keys.index(key) + 1 if key in keys else None,
        "count": len(keys),
        "onward": onward(case, key),
    }
    return render_template(
        "patient/answer.html", **wizard.frame(case, STEP_OF[key], back=_back(case, key)), **values
    )
