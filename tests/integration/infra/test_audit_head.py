"""The head outside of the database: what was done to the log stays visible however much is written after it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Executable, delete, event, select, update

import config
from app.audit import chain, service
from app.audit.models import GUARDS, AuditEntry, AuditHead
from app.infra.database import before_commit, transaction
from tests.harness.tampering import tamper, unguarded
from tests.integration.infra.conftest import ENTRIES

MORE = ENTRIES + 3
REPLACED = "rewritten: its head outside of the database says otherwise"
INTACT = "머리가 온전하여 그대로 둡니다"


@pytest.fixture
def head(app: Flask) -> Path:
    """Where the head is kept outside of the database."""
    return Path(app.instance_path) / "audit" / "head.json"


@pytest.fixture
def key(secrets: dict[str, str]) -> bytes:
    """The key of the chain."""
    return config.key_bytes(secrets["audit_key"])


def write(count: int = MORE) -> None:
    """Let the portal go on: write entries, each in a transaction of its own."""
    for number in range(count):
        service.record("photo.read", f"photo:later-{number}")


def fault() -> chain.Fault | None:
    return service.verify()[1]


def entry(which: int, **values: Any) -> Executable:
    return update(AuditEntry).where(AuditEntry.number == which).values(**values)


def cut(db: Any, kept: int) -> None:
    """Remove all entries but the first `kept`, so that the next one written follows the last one left."""
    mac = db.session.scalar(select(AuditEntry.mac).where(AuditEntry.number == kept)) or ""
    tamper(
        GUARDS,
        delete(AuditEntry).where(AuditEntry.number > kept),
        update(AuditHead).values(count=kept, mac=mac),
    )


def changed(_db: Any, _key: bytes) -> None:
    tamper(GUARDS, entry(4, actor_id=9))


def last_changed(_db: Any, _key: bytes) -> None:
    tamper(GUARDS, entry(ENTRIES, mac="0" * 64), update(AuditHead).values(mac="0" * 64))


def removed(_db: Any, _key: bytes) -> None:
    tamper(GUARDS, delete(AuditEntry).where(AuditEntry.number == 4))


def last_removed(db: Any, _key: bytes) -> None:
    cut(db, 3)


def all_removed(_db: Any, _key: bytes) -> None:
    tamper(GUARDS, delete(AuditEntry), delete(AuditHead))


def reordered(_db: Any, _key: bytes) -> None:
    tamper(GUARDS, entry(4, number=99), entry(5, number=4), entry(99, number=5))


def rewritten(_db: Any, key: bytes) -> None:
    before = chain.GENESIS
    with unguarded(GUARDS) as session:
        for row in session.scalars(select(AuditEntry).order_by(AuditEntry.number)):
            row.actor_id = 42
            row.mac = before = chain.mac_of(row, before, key)
        session.execute(update(AuditHead).values(mac=before))


@pytest.mark.parametrize("later", [0, 1, MORE])
@pytest.mark.parametrize(
    "tampered, expected",
    [
        (changed, {(4, "changed")}),
        (last_changed, {(ENTRIES, "changed")}),
        (removed, {(4, "removed or reordered")}),
        (last_removed, {(4, "removed"), (5, "removed"), (ENTRIES, "rewritten")}),
        (all_removed, {(1, "removed"), (2, "removed"), (ENTRIES, "rewritten")}),
        (reordered, {(4, "changed")}),
        (rewritten, {(ENTRIES, "rewritten")}),
    ],
)
def test_what_was_done_to_the_log_is_named_however_much_is_written_after_it(
    log: Any,
    key: bytes,
    tampered: Callable[[Any, bytes], None],
    expected: set[tuple[int, str]],
    later: int,
) -> None:
    tampered(log, key)
    write(later)
    found = fault()
    assert found is not None
    assert (found.number, found.what.partition(":")[0]) in expected


@pytest.mark.parametrize("cut_to", [None, 3, 0])
@pytest.mark.parametrize("later", [0, 1, MORE])
def test_a_head_that_was_deleted_is_not_made_again(
    log: Any, head: Path, cut_to: int | None, later: int
) -> None:
    if cut_to is not None:
        cut(log, cut_to)
    head.unlink()
    write(later)
    assert fault() == chain.Fault((ENTRIES if cut_to is None else cut_to) + later, chain.MISSING)
    assert not head.exists()


@pytest.mark.parametrize(
    "forged, said",
    [
        ('{"count": 2, "mac": "0", "signature": "0"}', "signature is wrong"),
        ('{"count": 2, "mac": "0", "signature": "é"}', "signature is wrong"),
        ('{"count": Infinity, "mac": "0", "signature": "0"}', "not readable"),
        ("[]", "not readable"),
        ("", "not readable"),
        ("[" * 100_000, "not readable"),
    ],
)
def test_a_head_that_was_forged_is_not_overwritten(log: Any, head: Path, forged: str, said: str) -> None:
    head.write_text(forged)
    for later in (0, 1, MORE):
        write(later)
        found = fault()
        assert found is not None
        assert said in found.what
    assert head.read_text() == forged


def test_a_head_that_is_no_file_stops_nobody(log: Any, head: Path) -> None:
    head.unlink()
    head.mkdir()
    write()
    found = fault()
    assert found is not None
    assert "not readable" in found.what


def test_a_head_inside_that_was_put_back_stops_nobody_and_is_named(log: Any) -> None:
    mac = log.session.scalar(select(AuditEntry.mac).where(AuditEntry.number == 3))
    tamper(GUARDS, update(AuditHead).values(count=3, mac=mac))
    write()
    assert fault() == chain.Fault(ENTRIES + 1, "changed")


def test_an_operator_is_told_in_the_log_of_the_process(
    log: Any, head: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(1)
    assert "audit.log_not_intact" not in caplog.text
    head.unlink()
    write(1)
    assert "audit.log_not_intact" in caplog.text
    assert chain.MISSING in caplog.text


def test_the_head_follows_where_a_writer_was_killed_before_moving_it(log: Any, head: Path) -> None:
    kept = head.read_text()
    write(2)
    head.write_text(kept)
    assert fault() is None
    write(1)
    assert json.loads(head.read_text())["count"] == ENTRIES + 3
    assert fault() is None


def fail() -> None:
    raise ZeroDivisionError


def record_and_fail_at_the_last() -> None:
    with transaction():
        service.record("photo.read", "photo:1")
        before_commit(fail)


def test_a_first_entry_that_failed_leaves_a_log_that_can_begin(db: Any, head: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        record_and_fail_at_the_last()
    assert fault() is None
    write(2)
    assert json.loads(head.read_text())["count"] == 2
    assert fault() is None


def test_many_first_writers_move_the_head_to_the_last_entry(
    app: Flask, db: Any, head: Path, real_clock: None
) -> None:
    def work() -> None:
        with app.app_context():
            write(3)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fault() is None
    assert json.loads(head.read_text())["count"] == 18


def test_the_log_is_not_read_through_for_each_entry(log: Any) -> None:
    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "audit" in statement:
            statements.append(statement)

    statements: list[str] = []
    event.listen(log.engine, "before_cursor_execute", count)
    try:
        write(1)
    finally:
        event.remove(log.engine, "before_cursor_execute", count)
    reads = [statement for statement in statements if "FROM audit_entry" in statement]
    assert len(reads) == 2
    assert all("max(" in read or "WHERE audit_entry.number =" in read for read in reads)


@pytest.mark.parametrize("lost", ["deleted", "forged", "ahead"])
def test_a_lost_head_is_renewed_by_a_command_that_the_log_records(
    log: Any, app: Flask, head: Path, lost: str
) -> None:
    if lost == "deleted":
        head.unlink()
    elif lost == "forged":
        head.write_text("")
    else:  # as after a database was put back from a copy
        cut(log, 3)
    was = fault()
    assert was is not None
    runner = app.test_cli_runner()
    refused = runner.invoke(args=["audit", "renew-head"], input="n\n")
    assert refused.exit_code == 1
    assert was.what in refused.output
    assert fault() == was

    assert runner.invoke(args=["audit", "renew-head", "--yes"]).exit_code == 0
    assert fault() is None
    last = log.session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert (last.action, last.target) == ("audit.head_renewed", f"head: {was.what}")
    write()
    assert fault() is None
    assert INTACT in runner.invoke(args=["audit", "renew-head", "--yes"]).output


def test_no_head_is_renewed_over_a_log_that_is_broken(log: Any, app: Flask, head: Path) -> None:
    changed(log, b"")
    head.unlink()
    result = app.test_cli_runner().invoke(args=["audit", "renew-head", "--yes"])
    assert result.exit_code == 1
    assert "entry 4: changed" in result.output
    assert not head.exists()
