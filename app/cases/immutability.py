"""A signed finding never changes, and goes only once its legal period is over: kept by the mapper and the database.

`keeping.py` lets it go, past the mapper, while the case stands in `expired_case`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import object_session

from app.cases.models import Finding
from app.infra.immutability import guard

_MESSAGE = "a signed finding never changes"

LET_GO = "EXISTS (SELECT 1 FROM expired_case WHERE expired_case.case_id = OLD.case_id)"
GUARDS = guard(Finding, _MESSAGE, unless=LET_GO)


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
