"""Public-health posts (보건진료소): an operator checks who works there; the helper's account stays what it was."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts import service
from app.accounts.errors import NotYours
from app.accounts.identity import Identity
from app.accounts.models import User
from app.accounts.proxy_models import HealthPost
from app.audit import service as audit
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction
from app.permissions import ROLE_PERMISSIONS, Permission, Role


def posts() -> list[HealthPost]:
    """Return everyone who was found to work at a post, by the name of the post."""
    query = select(HealthPost).options(joinedload(HealthPost.user))
    return list(db.session.scalars(query.order_by(HealthPost.institution, HealthPost.user_id)))


def approve(operator: User, identity: Identity, institution: str) -> HealthPost:
    """Record that the account of this address belongs to someone at the post, whom the operator has checked.

    Raises `NotYours` where there is no such patient's account, or for somebody who is no operator.
    """
    _check(operator)
    with transaction() as session:
        user = service.find_user(**{identity.channel.value: identity.value})
        if user is None or fresh(User, user.id) is None or user.role != Role.PATIENT:
            raise NotYours
        post = session.get(HealthPost, user.id) or HealthPost(user_id=user.id)
        post.institution, post.checked_by_id = institution.strip(), operator.id
        post.checked_at = clock.now()
        session.add(post)
        session.flush()
        audit.record("health_post.approved", f"user:{user.id}")
    return post


def end(operator: User, user_id: int) -> None:
    """Record that the person no longer works there. Permissions given to them stay the patients' to end."""
    _check(operator)
    with transaction() as session:
        post = fresh(HealthPost, user_id)
        if post is not None:
            session.delete(post)
            audit.record("health_post.ended", f"user:{user_id}")


def _check(operator: User) -> None:
    if Permission.PROXY_MANAGE not in ROLE_PERMISSIONS[Role(operator.role)]:
        raise NotYours
