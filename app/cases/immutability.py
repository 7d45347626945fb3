"""A signed finding never changes and never goes: kept by the mapper and, behind its back, by the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import object_session

from app.cases.models import Finding
from app.infra.immutability import guard

_MESSAGE = "a signed finding never changes"

GUARDS = guard(Finding, _MESSAGE)


class FindingIsSigned(Exception):
    """Something tried to change or remove a signed finding; an amendment is a new version."""


def _refuse_update(_mapper: Any, _connection: Any, finding: Finding) -> None:
    session = object_session(finding)
    if session is None or session.is_modified(finding, include_collections=False):
        raise FindingIsSigned(_MESSAGE)


def _refuse_delete(_mapper: Any, _connection: Any, _finding: Finding) -> None:
    raise FindingIsSigned(_MESSAGE)


event.listen(Finding, "before_update", _refuse_update)
event.listen(Finding, "before_delete", _refuse_delete)
