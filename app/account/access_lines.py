"""The audit entries about a patient as lines that the patient reads: who did what, and whether it was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.account import access_words as words
from app.accounts.models import Patient, User
from app.accounts.people import (
    Helper,
    given_by_code,
    guardian_ids,
    helper_names,
    helpers_ever,
    staff_names,
)
from app.audit.models import AuditEntry, Outcome
from app.audit.reading import AT_SIGN_UP, VISITOR
from app.infra import moments
from app.permissions import Role

Line = tuple[str, str, str, str]
"""When, who, what, and how it ended ("" if it was done)."""


@dataclass(frozen=True)
class _People:
    """Who stands behind the entries about a patient.

    `staff` by user, `helpers` by the permission by which they acted, `ever` everybody who was ever a helper, by
    user; `guardians` who is, or was, one; `by_code` the permissions that were given by a code read aloud.
    """

    reader: User
    patient: Patient
    staff: dict[int, str]
    helpers: dict[str, str]
    ever: dict[int, Helper]
    guardians: set[int]
    by_code: set[str]


def lines(reader: User, patient: Patient, entries: Sequence[AuditEntry]) -> list[Line]:
    """Return a line for each entry about the patient, as `reader` (they themself, or a guardian) is told it."""
    people = _People(
        reader,
        patient,
        staff_names({entry.actor_id for entry in entries if entry.actor_id is not None}),
        helper_names({entry.proxy for entry in entries if entry.proxy is not None}),
        helpers_ever(patient.id),
        guardian_ids(patient.id),
        given_by_code({_named_by(entry) for entry in entries if entry.action == words.GRANTED}),
    )
    return [
        (moments.moment(entry.at), _who(entry, people), _what(entry, people), _outcome(entry))
        for entry in entries
    ]


def _who(entry: AuditEntry, people: _People) -> str:
    if _is_reader(entry, people):
        return str(_("나"))
    if entry.proxy is not None:
        return _named(people.helpers.get(entry.proxy), str(words.HELPER))
    if entry.actor_role == Role.PATIENT and entry.actor_id not in people.guardians:
        return _former_helper(entry, people) or str(words.SOMEBODY)
    name = people.staff.get(entry.actor_id or 0) if entry.actor_role == Role.DOCTOR else None
    return _named(name, words.role(entry.actor_role))


def _is_reader(entry: AuditEntry, people: _People) -> bool:
    if entry.actor_id == people.reader.id:
        return True
    signed_up = entry.actor_role == VISITOR and entry.action in AT_SIGN_UP
    return signed_up and people.patient.user_id == people.reader.id


def _former_helper(entry: AuditEntry, people: _People) -> str | None:
    """Who acted without a permission that stood, but had one before."""
    helper = people.ever.get(entry.actor_id or 0)
    if helper is None or helper.since > entry.at:
        return None
    return _named(helper.name, str(words.FORMER_HELPER))


def _named(name: str | None, what: str) -> str:
    return f"{name} ({what})" if name else what


def _what(entry: AuditEntry, people: _People) -> str:
    if entry.proxy is not None and entry.action == words.GRANTED:
        return str(words.BY_CODE if _named_by(entry) in people.by_code else words.BY_OFFER)
    if entry.proxy is not None and entry.action == words.REVOKED:
        return str(words.GAVE_UP)
    done = words.action(entry.action)
    consent = words.consent(_named_by(entry)) if entry.action.startswith("consent.") else None
    return f"{consent}: {done}" if consent else done


def _named_by(entry: AuditEntry) -> str:
    """What the target names, without its kind: a permission's public id, a kind of consent."""
    return entry.target.partition(":")[2]


def _outcome(entry: AuditEntry) -> str:
    said = {Outcome.DENIED: words.REFUSED, Outcome.FAILED: words.FAILED}
    return str(said.get(Outcome(entry.outcome), ""))
