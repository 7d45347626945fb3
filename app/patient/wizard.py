"""A new case, one thing on each screen: for whom, photos, where, what was noticed, about you, send.

Each screen is a plain form. What was entered is kept in the draft, so that it can be resumed later.
"""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.accounts import acting
from app.accounts import service as accounts
from app.accounts import words as account_words
from app.cases import body_sites, drafts, lesions, policy, questions, service
from app.cases.draft_rules import rules as draft_rules
from app.cases.errors import CaseClosed, NoSuchCase, NotReady, OfAge, TooManyDrafts
from app.cases.models import Case, CaseState
from app.infra import moments
from app.patient.access import case_or_404, me, settings
from app.patient.blueprint import blueprint
from app.patient.forms import PlaceForm, StartForm, review_form
from app.permissions import Permission
from app.policy import requires

LABELS = {
    "photos": _l("사진"),
    "place": _l("위치"),
    "questions": _l("증상"),
    "person": _l("나에 대해"),
    "review": _l("보내기"),
}
STEPS = tuple(LABELS)
SEVERAL_SCREENS = {"questions", "person"}
END = "end"
"""In an address: to the last screen of a step."""
KNOWN_STEPS = {"place", "person"}
"""What is not asked again for new photos of the same lesion."""


def step_url(case: Case, step: str) -> str:
    """Return the address of one screen of a draft."""
    return url_for(f"patient.case_{step}", public_id=case.public_id)


def resume_url(case: Case) -> str:
    """Return the address of the first screen that still lacks something."""
    return step_url(case, (drafts.missing_steps(case) or ["review"])[0])


def steps_of(case: Case) -> tuple[str, ...]:
    """Return the screens of a draft: fewer where the lesion was photographed before."""
    if not drafts.is_followed(case):
        return STEPS
    known = KNOWN_STEPS - set(drafts.missing_steps(case))
    return tuple(step for step in STEPS if step not in known)


def after(case: Case, step: str) -> str:
    """Return the address of the screen after `step`: of the last one, if what was changed lacked nothing."""
    if not drafts.missing_steps(case):
        return step_url(case, "review")
    later = STEPS[STEPS.index(step) + 1 :]
    return step_url(case, next(name for name in later if name in steps_of(case)))


def before(case: Case, step: str) -> str:
    """Return the address of the screen before `step`; of several in a step, of its last one."""
    earlier = [name for name in STEPS[: STEPS.index(step)] if name in steps_of(case)]
    if not earlier:
        return url_for("patient.home")
    end: dict[str, Any] = {END: 1} if earlier[-1] in SEVERAL_SCREENS else {}
    return url_for(f"patient.case_{earlier[-1]}", public_id=case.public_id, **end)


def frame(case: Case, step: str, back: str | None = None) -> dict[str, Any]:
    """Return what every screen of the form shows around its one question: where one is, and the way back."""
    asked = steps_of(case)
    steps = asked if step in asked else STEPS
    return {
        "case": case,
        "step": step,
        "labels": [str(LABELS[name]) for name in steps],
        "current": steps.index(step) + 1,
        "back": back or before(case, step),
        "keep_days": draft_rules().keep_days,
    }


def page(template: str, case: Case, step: str, **values: Any) -> str:
    """Draw one screen of the form, the rest from `values`."""
    return render_template(f"patient/{template}", **frame(case, step), **values)


def draft_or_away(public_id: str) -> Case | Response:
    """Return the draft; for a case that was sent already, the way to its own page."""
    case = case_or_404(public_id)
    if case.state != CaseState.DRAFT:
        return redirect(url_for("patient.case", public_id=case.public_id), 303)
    if not policy.can_go_on(me(), case):
        raise OfAge(public_id)
    return case


@blueprint.route("/cases/new", methods=["GET", "POST"])
@requires(Permission.CASE_SEND)
def case_new() -> Response | str:
    """Say what will happen, ask for whom it is, and open the draft."""
    people = acting.people_to_act_for(me())
    form = StartForm().offer(people)
    if form.validate_on_submit():
        chosen = next((p for p in people if p.public_id == form.patient.data), None)
        if chosen is None:
            abort(404)
        try:
            case = drafts.open_draft(me(), chosen.id, form.form_key.data)
        except TooManyDrafts as error:
            return full(error)
        return redirect(resume_url(case) if case.state == CaseState.DRAFT else _status(case), 303)
    form.form_key.data = form.form_key.data or drafts.new_form_key()
    return render_template("patient/start.html", form=form, people=people, grown=of_age_notes())


def of_age_notes() -> list[str]:
    """Return, for each child who has turned 14, why nothing new can be started for them here."""
    return [account_words.of_age(patient.name) for patient in acting.outgrown(me())]


def full(error: TooManyDrafts) -> Response:
    """Say that there are as many drafts as there may be, beside them."""
    flash(
        _(
            "보내지 않은 사진이 이미 %(limit)s건 있습니다. 아래에서 하나를 이어서 보내시거나 지운 다음 새로 시작해 주세요.",
            limit=error.limit,
        ),
        "warning",
    )
    return redirect(url_for("patient.home", _anchor="drafts"), 303)


def _status(case: Case) -> str:
    return url_for("patient.case", public_id=case.public_id)


@blueprint.route("/cases/<public_id>/place", methods=["GET", "POST"])
@requires(Permission.CASE_SEND)
def case_place(public_id: str) -> Response | str:
    """Where on the body."""
    case = draft_or_away(public_id)
    if isinstance(case, Response):
        return case
    form = PlaceForm(site=case.lesion.body_site if case.lesion else None)
    if form.validate_on_submit():
        case = drafts.place(me(), public_id, form.site.data)
        return redirect(_to_same(case) or after(case, "place"), 303)
    return page("place.html", case, "place", form=form, sites=body_sites.all_sites())


def _to_same(case: Case) -> str | None:
    """Return where it is asked whether the spot was sent before, None where nothing was sent from there."""
    known = lesions.at_the_same_place(me(), case)
    return url_for("patient.case_same", public_id=case.public_id) if known else None


@blueprint.route("/cases/<public_id>/same", methods=["GET", "POST"])
@requires(Permission.CASE_SEND)
def case_same(public_id: str) -> Response | str:
    """Whether it is a spot that was sent before from the same place: then its photos stand side by side."""
    case = draft_or_away(public_id)
    if isinstance(case, Response):
        return case
    if request.method == "POST":
        case = lesions.is_the_same(me(), public_id, request.form.get("lesion", ""))
        return redirect(after(case, "place"), 303)
    known = lesions.at_the_same_place(me(), case)
    if not known:
        return redirect(after(case, "place"), 303)
    return page("same.html", case, "place", known=known, onward=after(case, "place"), day=moments.day)


@blueprint.post("/cases/<public_id>/keep")
@requires(Permission.CASE_SEND)
def case_keep(public_id: str) -> tuple[str, int]:
    """Keep what stands on a screen that is not finished: it is there again after the browser was closed."""
    case = case_or_404(public_id)
    if case.state == CaseState.DRAFT:
        drafts.keep(me(), public_id, request.form)
        note = request.form.get("note", "")
        if "note" in request.form and len(note) <= lesions.NOTE_LENGTH and drafts.is_followed(case):
            lesions.write_note(me(), public_id, note)
    return "", 204


@blueprint.route("/cases/<public_id>/review", methods=["GET", "POST"])
@requires(Permission.CASE_SEND)
def case_review(public_id: str) -> Response | str:
    """Everything once more, the consents that are missing, and send."""
    case = draft_or_away(public_id)
    if isinstance(case, Response):
        return case
    if drafts.missing_steps(case):
        flash(_("아직 빠진 것이 있어 그 화면으로 모셨습니다."), "info")
        return redirect(resume_url(case), 303)
    texts = accounts.texts()
    missing = accounts.missing_consents(me(), case.patient)
    form = review_form(missing, {kind: text.title for kind, text in texts.items()})
    if form.validate_on_submit():
        return _send(case, form.kinds_given())
    return page(
        "review.html",
        case,
        "review",
        form=form,
        missing=missing,
        texts=texts,
        site=body_sites.find(case.lesion.body_site if case.lesion else None),
        answers=questions.by_key(drafts.known(case)),
        followed=drafts.is_followed(case),
        changed=questions.CHANGED,
        reading_hours=settings().reading_hours,
    )


def _send(case: Case, kinds: list[Any]) -> Response:
    if kinds:
        accounts.give_consents(me(), case.patient, kinds)
    try:
        service.submit(me(), case.public_id, reading_hours=settings().reading_hours)
    except NotReady:
        flash(_("그 사이에 빠진 것이 생겨 보내지 못했습니다. 확인해 주세요."), "warning")
        return redirect(resume_url(case), 303)
    except (CaseClosed, NoSuchCase):
        flash(_("이 사진은 이미 지우셨습니다."), "warning")
        return redirect(url_for("patient.home"), 303)
    flash(_("보냈습니다. 이 화면에서 진행을 볼 수 있습니다."), "success")
    return redirect(_status(case), 303)


@blueprint.post("/cases/<public_id>/withdraw")
@requires(Permission.CASE_SEND)
def case_withdraw(public_id: str) -> Response:
    """Take the case back, or throw the draft away."""
    case = case_or_404(public_id)
    try:
        service.withdraw(me(), case.public_id)
    except CaseClosed:
        flash(_("의사가 이미 판독을 마쳐 거둘 수 없습니다."), "warning")
        return redirect(_status(case), 303)
    flash(_("거두었습니다."), "success")
    return redirect(url_for("patient.home"), 303)
