"""Whether the portal lives (`/healthz`) and may be sent visitors (`/readyz`)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db, limiter
from app.infra import worker
from app.policy import public
from app.web.request_log import unlogged

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
@limiter.exempt
@unlogged
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
@limiter.exempt
@unlogged
def readyz() -> tuple[Response, int]:
    """The database answers, and a worker has shown itself lately."""
    try:
        db.session.execute(select(1))
        database, working = True, worker.alive()
    except SQLAlchemyError:
        db.session.rollback()
        database, working = False, False
    ready = database and working
    return jsonify(
        status="ok" if ready else "waiting", database=database, worker=working
    ), 200 if ready else 503
