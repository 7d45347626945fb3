"""A lesion over the years: its photos in order of time, its name, the day of the next photo, a new case about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import Patient, User
from app.accounts.service import is_in_charge_of
from app.audit import service as audit
from app.cases import body_sites, drafts, policy, watching
from app.cases.body_sites import BodySite
from app.cases.errors import BadInterval, BadName, BadNote, NoSuchCase, OfAge
from app.cases.models import Case, CaseState, Finding, Lesion, Photo
from app.extensions import db
from app.infra import clock, events
from app.infra.database import fresh, transaction

NAME_LENGTH = 40
NOTE_LENGTH = 1000
KEPT_ANSWERS = ("since", "sex", "skin_cancer")
"""What need not be asked again about the same lesion of the same person; everything else may have changed."""


@dataclass(frozen=True)
class Followed:
    """A lesion with the cases that were sent about it, in order of time."""

    lesion: Lesion
    story: list[Case]

    @property
    def site(self) -> BodySite | None:
        """Where on the body it is."""
        return body_sites.find(self.lesion.body_site)

    @property
    def name(self) -> str:
        """What the patient calls it, else where it is."""
        return self.lesion.label or (self.site.name if self.site else "")

    @property
    def photos(self) -> list[Photo]:
        """Every photo, the oldest first."""
        return [photo for case in self.story for photo in case.photos]

    @property
    def proposed(self) -> date | None:
        """The day that the newest finding proposes for the next photo, if it still waits for an answer."""
        return watching.proposal(self.lesion, self.story)


def _stories(user: User, lesion_ids: Collection[int], *loaded: Any) -> dict[int, list[Case]]:
    query = (
        policy.visible_cases(user)
        .where(Case.lesion_id.in_(list(lesion_ids)), policy.SENT)
        .options(selectinload(Case.photos), selectinload(Case.findings), *loaded)
        .order_by(Case.submitted_at, Case.id)
    )
    found: dict[int, list[Case]] = {lesion_id: [] for lesion_id in lesion_ids}
    for case in db.session.scalars(query):
        if case.lesion_id is not None:
            found[case.lesion_id].append(case)
    return found


def story_of(user: User, lesion: Lesion) -> list[Case]:
    """Return the cases that were sent about a lesion, in order of time."""
    return _stories(user, [lesion.id])[lesion.id]


def lesions_of(user: User, patient_ids: Collection[int]) -> list[Followed]:
    """Return the lesions of these people, as far as `user` may see them: from head to foot, then the oldest first."""
    query = (
        policy.visible_lesions(user)
        .where(Lesion.patient_id.in_(list(patient_ids)))
        .options(joinedload(Lesion.patient))
        .order_by(Lesion.id)
        .limit(watching.rules().lesions_shown)
    )
    found = list(db.session.scalars(query))
    stories = _stories(user, [lesion.id for lesion in found])
    order = {site.key: number for number, site in enumerate(body_sites.all_sites())}
    found.sort(key=lambda lesion: (order.get(lesion.body_site, len(order)), lesion.id))
    return [Followed(lesion, stories[lesion.id]) for lesion in found]


def due(user: User, patient_ids: Collection[int]) -> list[Followed]:
    """Return the lesions whose day to be photographed again has come, the longest ago first."""
    today = clock.today_in_korea().date()
    query = (
        policy.visible_lesions(user)
        .where(Lesion.patient_id.in_(list(patient_ids)), Lesion.photograph_again_on <= today)
        .options(joinedload(Lesion.patient))
        .order_by(Lesion.photograph_again_on, Lesion.id)
        .limit(watching.rules().lesions_shown)
    )
    return [Followed(lesion, []) for lesion in db.session.scalars(query)]


def follow(user: User, lesion: Lesion) -> Followed:
    """Return a visible lesion with its story, and record who read it and its findings."""
    loaded = selectinload(Case.findings).joinedload(Finding.doctor)
    followed = Followed(lesion, _stories(user, [lesion.id], loaded)[lesion.id])
    read: list[tuple[str, int | None]] = [(lesion.topic, lesion.patient_id)]
    audit.record_each("lesion.read", read)
    signed = [case.finding for case in followed.story if case.finding is not None]
    audit.record_each("finding.read", [(f"finding:{f.public_id}", lesion.patient_id) for f in signed])
    return followed


def _locked(user: User, public_id: str) -> Lesion:
    """Return the lesion anew and locked, for who may act for its patient; else `NoSuchCase` or `OfAge`."""
    found = db.session.scalar(policy.visible_lesions(user).where(Lesion.public_id == public_id))
    lesion = fresh(Lesion, found.id) if found is not None else None
    if lesion is None:
        raise NoSuchCase(public_id)
    if not policy.can_follow(user, lesion):
        raise OfAge(public_id) if not is_in_charge_of(user, lesion.patient) else NoSuchCase(public_id)
    return lesion


def _locked_after_patient(user: User, public_id: str) -> Lesion:
    """Return the lesion as `_locked` does; its patient goes first, as where a case is sent."""
    found = db.session.scalar(policy.visible_lesions(user).where(Lesion.public_id == public_id))
    if found is None:
        raise NoSuchCase(public_id)
    fresh(Patient, found.patient_id)
    return _locked(user, public_id)


def name(user: User, public_id: str, label: str) -> Lesion:
    """Call a lesion by a name of the patient's own; an empty one takes the name away. Raises `BadName`."""
    words = " ".join(label.split())
    if len(words) > NAME_LENGTH:
        raise BadName(str(len(words)))
    with transaction():
        lesion = _locked(user, public_id)
        lesion.label = words or None
        audit.record("lesion.named", lesion.topic, patient_id=lesion.patient_id)
    return lesion


def watch(user: User, public_id: str, months: int | None) -> Lesion:
    """Have the patient reminded after so many months, counted from today; None: not at all. Raises `BadInterval`."""
    if months is not None and months not in watching.rules().months:
        raise BadInterval(str(months))
    with transaction():
        lesion = _locked(user, public_id)
        today = clock.today_in_korea().date()
        _set_watch(user, lesion, watching.months_after(today, months) if months else None)
    return lesion


def accept_proposal(user: User, public_id: str) -> Lesion:
    """Have the patient reminded on the day that the newest finding proposes; without a proposal nothing changes."""
    with transaction():
        lesion = _locked(user, public_id)
        proposed = watching.proposal(lesion, _stories(user, [lesion.id])[lesion.id])
        if proposed is not None:
            _set_watch(user, lesion, proposed)
    return lesion


def _set_watch(user: User | None, lesion: Lesion, day: date | None) -> None:
    lesion.photograph_again_on, lesion.watch_set_at = day, clock.now()
    lesion.watch_set_by_id = user.id if user is not None else None
    events.publish("lesion.watch_set", lesion.topic, on=day.isoformat() if day else None)
    audit.record("lesion.watch_set", lesion.topic, patient_id=lesion.patient_id)


def photographed(case: Case, user: User) -> None:
    """Take the day of the next photo away once that photo is sent, in the transaction in progress."""
    lesion = fresh(Lesion, case.lesion_id) if case.lesion_id is not None else None
    if lesion is not None and lesion.photograph_again_on is not None:
        _set_watch(user, lesion, None)


def taken_back(case: Case) -> None:
    """Take the day of the next photo away where the last case of a lesion is taken back, in the transaction in progress."""
    lesion = fresh(Lesion, case.lesion_id) if case.lesion_id is not None else None
    if lesion is None or lesion.photograph_again_on is None:
        return
    left = select(Case.id).where(Case.lesion_id == lesion.id, Case.id != case.id, policy.SENT)
    if db.session.scalar(left.limit(1)) is None:
        _set_watch(None, lesion, None)


def again(user: User, public_id: str) -> Case:
    """Return a draft about the same lesion with place and person filled in; one that is open already goes on.

    Raises `NoSuchCase`, `OfAge`, `TooManyDrafts`.
    """
    with transaction() as session:
        lesion = _locked_after_patient(user, public_id)  # the locks make two taps at once take turns
        mine = policy.visible_cases(user).where(Case.lesion_id == lesion.id, Case.state == CaseState.DRAFT)
        known = session.scalar(mine.order_by(Case.id).limit(1))
        if known is not None:
            return known
        last = _stories(user, [lesion.id])[lesion.id][-1]
        case = drafts.open_draft(user, lesion.patient_id, drafts.new_form_key())
        case.lesion, case.answers = lesion, _carried_over(last)
    return case


def at_the_same_place(user: User, case: Case) -> list[Followed]:
    """Return the lesions that were sent before and lie where the draft's does, as far as `user` may follow them.

    None for a draft that is about one of them already.
    """
    if case.lesion is None or drafts.is_followed(case):
        return []
    here = [f for f in lesions_of(user, [case.patient_id]) if f.lesion.body_site == case.lesion.body_site]
    return [f for f in here if f.story and f.lesion.id != case.lesion_id]


def is_the_same(user: User, case_id: str, lesion_id: str) -> Case:
    """Make a draft one about a lesion that was sent before from the same place; what was answered then is filled in.

    Raises `NoSuchCase`, `CaseClosed`, `OfAge`.
    """
    with transaction() as session:
        lesion = _locked_after_patient(user, lesion_id)
        case = drafts.open_for_change(user, case_id)
        other = case.lesion
        if other is None or (other.patient_id, other.body_site) != (lesion.patient_id, lesion.body_site):
            raise NoSuchCase(lesion_id)
        if other.id == lesion.id:
            return case
        last = _stories(user, [lesion.id])[lesion.id][-1]
        alone = not drafts.is_shared(case)
        # What was answered of a spot in general is asked anew: what has changed since its last photos.
        case.lesion, case.answers = lesion, drafts.about_person(case) | _carried_over(last)
        session.flush()
        if alone:
            session.delete(other)
    return case


def _carried_over(last: Case) -> dict[str, Any]:
    given: Mapping[str, Any] = last.answers or {}
    return drafts.known_about(last.patient) | {key: given[key] for key in KEPT_ANSWERS if key in given}


def write_note(user: User, public_id: str, text: str) -> Case:
    """Keep what the patient says has changed, in a draft: "" for nothing, where None is not asked yet.

    Raises `BadNote`, `NoSuchCase`, `CaseClosed`, `OfAge`.
    """
    words = text.replace("\r\n", "\n").strip()
    if len(words) > NOTE_LENGTH:
        raise BadNote(str(len(words)))
    with transaction():
        case = drafts.open_for_change(user, public_id)
        case.note = words
    return case
