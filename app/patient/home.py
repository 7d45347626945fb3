"""The patient's first page: send a photo, what became of those sent, what comes next."""

from __future__ import annotations

from flask import render_template, url_for

from app.accounts import acting
from app.accounts import words as account_words
from app.cases import body_sites, drafts, lesions, policy
from app.cases import service as cases_service
from app.consultations import service as consultations
from app.infra import moments
from app.patient import status
from app.patient.access import me
from app.patient.blueprint import blueprint
from app.permissions import Permission
from app.policy import requires


@blueprint.get("/")
@requires(Permission.CASE_READ_OWN)
def home() -> str:
    """Everything at a glance."""
    people = acting.people(me())
    ids = [person.id for person in people]
    cases = cases_service.sent_cases(me(), ids)
    return render_template(
        "patient/home.html",
        people=people,
        several=len(people) > 1,
        drafts=[
            # Its own page leads on to what is still open: to ask that of each one here would cost queries.
            (
                case,
                url_for("patient.case", public_id=case.public_id) if policy.can_go_on(me(), case) else None,
            )
            for case in drafts.open_drafts(me(), ids)
        ],
        of_age=account_words.of_age,
        kept_until=lambda case: moments.day(drafts.kept_until(case)),
        cases=[(case, status.describe(case)) for case in cases],
        bookings=consultations.shown(consultations.upcoming_for(ids, me()), me()),
        due=lesions.due(me(), [person.id for person in acting.people_to_act_for(me())]),
        site=lambda case: body_sites.find(case.lesion.body_site if case.lesion else None),
        moment=status.moment,
    )
