"""One unit of work: all of it or nothing, and what follows it cannot undo it."""

from __future__ import annotations

from typing import Any

import pytest

from app.infra import events
from app.infra.database import after_commit, before_commit, transaction


def _break() -> None:
    raise OSError("no space left")


def _publish_then(step: Any) -> None:
    with transaction():
        events.publish("step", "t")
        step()


def test_what_fails_after_the_commit_neither_undoes_it_nor_stops_the_rest(db: Any) -> None:
    followed: list[str] = []
    with transaction():
        events.publish("step", "t")
        after_commit(_break)
        after_commit(lambda: followed.append("second"))
    assert followed == ["second"]
    assert len(events.since(["t"], 0)) == 1


@pytest.mark.parametrize("step", [_break, lambda: before_commit(_break)])
def test_what_fails_before_the_commit_undoes_everything(db: Any, step: Any) -> None:
    with pytest.raises(OSError, match="no space left"):
        _publish_then(step)
    assert events.since(["t"], 0) == []


def test_a_block_inside_another_joins_it(db: Any) -> None:
    with pytest.raises(OSError, match="no space left"):
        _publish_then(lambda: _publish_then(_break))
    with transaction():
        _publish_then(lambda: None)
        assert events.since(["t"], 0) == [], "written at the end of the outer block"
    assert len(events.since(["t"], 0)) == 1


def test_changes_outside_of_a_block_are_an_error(db: Any) -> None:
    from app.audit.models import AuditHead

    db.session.add(AuditHead(id=7))
    with pytest.raises(RuntimeError, match="outside of a transaction"), transaction():
        pass
    db.session.expunge_all()


def test_hooks_need_a_block(db: Any) -> None:
    with pytest.raises(RuntimeError, match="transaction block"):
        after_commit(_break)
