"""Who is at the door, and which case they ask for."""

from __future__ import annotations

from typing import cast

from flask import abort, current_app
from flask_login import current_user

from app.accounts.models import User
from app.cases import policy
from app.cases.models import Case, Photo
from app.policy import visible_or_404
from config import Settings


def me() -> User:
    """Return the signed-in user (the row itself, not Flask-Login's stand-in for it)."""
    return cast(User, current_user._get_current_object())


def settings() -> Settings:
    """Return the running portal's settings."""
    return cast(Settings, current_app.extensions["salpim.settings"])


def case_or_404(public_id: str) -> Case:
    """Return a case that the signed-in user may see; 404 for any other."""
    query = policy.visible_cases(me()).where(Case.public_id == public_id)
    return visible_or_404(query, policy.patient_of_case(public_id))


def case_to_book_or_404(public_id: str) -> Case:
    """Return a case that the signed-in user may book a consultation about; 404 for any other.

    A helper who may not read the answer gets it all the same: what is shown of it is asked of `can_read_finding`.
    """
    query = policy.answered_cases(me()).where(Case.public_id == public_id)
    found = visible_or_404(query, policy.patient_of_case(public_id))
    return found if policy.can_book(me(), found) else abort(404)


def photo_or_404(public_id: str) -> Photo:
    """Return a photo that the signed-in user may see; 404 for any other."""
    query = policy.visible_photos(me()).where(Photo.public_id == public_id)
    return visible_or_404(query, policy.patient_of_photo(public_id))
