"""A person's lesions on the map of their body, one lesion's photos over time, two of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts import acting
from app.accounts import service as accounts
from app.accounts import words as account_words
from app.accounts.models import Patient
from app.cases import diagnoses, lesions, policy, signing, watching
from app.cases.errors import OfAge, TooManyDrafts
from app.cases.lesions import Followed
from app.cases.models import CaseState, Lesion, Photo
from app.infra import clock, moments
from app.patient import status
from app.patient.access import me
from app.patient.blueprint import blueprint
from app.patient.forms import LesionNameForm, WatchForm
from app.patient.wizard import full, step_url
from app.permissions import Permission
from app.policy import requires, visible_or_404


def _lesion_or_404(public_id: str) -> Lesion:
    return visible_or_404(policy.visible_lesions(me()).where(Lesion.public_id == public_id))


def _page(lesion: Lesion) -> str:
    return url_for("patient.lesion", public_id=lesion.public_id)


def day(on: date | None) -> str:
    """A day with its year, in the reader's language."""
    return moments.keep_together(str(format_date(on, "long"))) if on else ""


def _marks(found: Sequence[Followed]) -> dict[str, str]:
    """Return the numbers that stand on the drawing, by place: 1, or 2–4 where there are several."""
    numbers: dict[str, list[int]] = {}
    for number, followed in enumerate(found, start=1):
        numbers.setdefault(followed.lesion.body_site, []).append(number)
    return {
        site: str(held[0]) if len(held) == 1 else f"{held[0]}–{held[-1]}" for site, held in numbers.items()
    }


def _whose(people: Sequence[Patient]) -> Patient | None:
    wanted = request.args.get("person")
    if wanted is None:
        return people[0] if people else None
    return next((person for person in people if person.public_id == wanted), None) or abort(404)


@blueprint.get("/lesions", endpoint="lesions")
@requires(Permission.CASE_READ_OWN)
def lesions_page() -> str:
    """All lesions of one person, on the drawing and in a list."""
    people = acting.people(me())
    whose = _whose(people)
    found = lesions.lesions_of(me(), [whose.id]) if whose is not None else []
    return render_template(
        "patient/lesions.html",
        people=people,
        whose=whose,
        found=found,
        marks=_marks(found),
        day=day,
        can_follow=whose is not None and accounts.is_in_charge_of(me(), whose),
    )


@blueprint.get("/lesions/<public_id>")
@requires(Permission.CASE_READ_OWN)
def lesion(public_id: str) -> str:
    """One lesion: every photo with its day, what was said of it, and when to photograph it again."""
    return _draw(_lesion_or_404(public_id))


def _draw(row: Lesion, **forms: Any) -> str:
    followed = lesions.follow(me(), row)
    return render_template(
        "patient/lesion.html",
        followed=followed,
        genuine={
            case.id: signing.is_genuine(case.finding) for case in followed.story if case.finding is not None
        },
        signed=CaseState.SIGNED,
        several=len(acting.people(me())) > 1,
        can_follow=policy.can_follow(me(), row),
        diagnoses=diagnoses,
        day=day,
        today=clock.today_in_korea().date(),
        describe=status.describe,
        moment=status.moment,
        next_step=status.next_step,
        name_form=forms.get("name") or LesionNameForm(label=row.label),
        watch_form=forms.get("watch") or WatchForm().offer(watching.rules().months),
    )


@blueprint.get("/lesions/<public_id>/compare")
@requires(Permission.CASE_READ_OWN)
def lesion_compare(public_id: str) -> str:
    """Two photos of one lesion side by side; at first the oldest and the newest."""
    followed = lesions.follow(me(), _lesion_or_404(public_id))
    photos = followed.photos
    if len(photos) < 2:
        abort(404)
    return render_template(
        "patient/lesion_compare.html",
        followed=followed,
        left=_chosen(photos, "left", photos[0]),
        right=_chosen(photos, "right", photos[-1]),
        taken=_days_of(followed),
    )


def _chosen(photos: Sequence[Photo], side: str, otherwise: Photo) -> Photo:
    wanted = request.args.get(side)
    if wanted is None:
        return otherwise
    return next((photo for photo in photos if photo.public_id == wanted), None) or abort(404)


def _days_of(followed: Followed) -> dict[int, str]:
    """Return for each photo the day of its sending, numbered where there were several.

    The number comes first: in a narrow list the end is cut off.
    """
    words = {}
    for case in followed.story:
        sent = status.moment(case.submitted_at)
        for number, photo in enumerate(case.photos, start=1):
            several = len(case.photos) > 1
            words[photo.id] = _("사진 %(number)s, %(at)s", number=number, at=sent) if several else sent
    return words


@blueprint.post("/lesions/<public_id>/name")
@requires(Permission.CASE_SEND)
def lesion_name(public_id: str) -> Response | tuple[str, int]:
    """Give a lesion a name of one's own."""
    row, form = _lesion_or_404(public_id), LesionNameForm()
    if not form.validate_on_submit():
        return _draw(row, name=form), 422
    try:
        lesions.name(me(), public_id, form.label.data or "")
    except OfAge:
        return _grown(row)
    flash(_("이름을 적어 두었습니다."), "success")
    return redirect(_page(row), 303)


@blueprint.post("/lesions/<public_id>/watch")
@requires(Permission.CASE_SEND)
def lesion_watch(public_id: str) -> Response | tuple[str, int]:
    """Choose when to be reminded of the next photo, or take what the finding proposes."""
    row, form = _lesion_or_404(public_id), WatchForm().offer(watching.rules().months)
    try:
        if request.form.get("accept"):
            changed = lesions.accept_proposal(me(), public_id)
        elif form.validate_on_submit():
            changed = lesions.watch(me(), public_id, int(form.months.data) or None)
        else:
            return _draw(row, watch=form), 422
    except OfAge:
        return _grown(row)
    if changed.photograph_again_on:
        flash(_("%(day)s에 다시 찍으시라고 알려 드립니다.", day=day(changed.photograph_again_on)), "success")
    else:
        flash(_("다시 찍으라는 알림을 보내지 않습니다."), "success")
    return redirect(_page(row), 303)


@blueprint.post("/lesions/<public_id>/again")
@requires(Permission.CASE_SEND)
def lesion_again(public_id: str) -> Response:
    """Begin a new case about the same lesion, straight at the photos."""
    row = _lesion_or_404(public_id)
    try:
        case = lesions.again(me(), public_id)
    except TooManyDrafts as error:
        return full(error)
    except OfAge:
        return _grown(row)
    return redirect(step_url(case, "photos"), 303)


def _grown(row: Lesion) -> Response:
    flash(account_words.of_age(row.patient.name), "warning")
    return redirect(_page(row), 303)
