"""The audit log shows every way of tampering with it, and where."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, select, text, update
from sqlalchemy.exc import DBAPIError

from app.audit import chain, service
from app.audit.models import GUARDS, AuditEntry, AuditHead, Outcome
from app.infra.database import transaction
from tests.harness.tampering import tamper, unguarded
from tests.integration.infra.conftest import ENTRIES


def fault() -> chain.Fault | None:
    return service.verify()[1]


EMPTIED = {"sqlite": "DELETE FROM audit_entry WHERE 1", "postgresql": "TRUNCATE audit_entry"}


@pytest.mark.parametrize(
    "statement",
    [
        update(AuditEntry).values(actor_id=9),
        text("UPDATE audit_entry SET target = 'photo:99' WHERE number = 2"),
        delete(AuditEntry),
        text("DELETE FROM audit_entry WHERE number = 6"),
        EMPTIED,
    ],
)
def test_the_database_refuses_to_change_what_was_recorded(log: Any, statement: Any) -> None:
    if statement is EMPTIED:
        statement = text(EMPTIED[log.engine.dialect.name])
    with pytest.raises(DBAPIError, match="only ever added to"), transaction() as session:
        session.execute(statement)
    log.session.rollback()
    assert service.verify()[0].count == ENTRIES


def test_an_untouched_log_is_whole(log: Any) -> None:
    assert service.verify() == (chain.Head(ENTRIES, log.session.get(AuditEntry, ENTRIES).mac), None)


def test_an_entry_written_while_the_log_is_checked_is_no_fault(log: Any, app: Flask) -> None:
    def write() -> None:
        with app.app_context():
            service.record("photo.read", "photo:meanwhile")

    def meanwhile(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FROM audit_entry" in statement and not written:
            written.append(threading.Thread(target=write))
            written[0].start()
            written[0].join()

    written: list[threading.Thread] = []
    event.listen(log.engine, "before_cursor_execute", meanwhile)
    try:
        found = service.verify()
    finally:
        event.remove(log.engine, "before_cursor_execute", meanwhile)
    assert written
    assert found[1] is None
    assert service.verify()[0].count == ENTRIES + 1


def test_who_when_where_whose_what_and_outcome_are_written(log: Any, clock: Any) -> None:
    entry = log.session.get(AuditEntry, 3)
    assert (entry.actor_id, entry.actor_role, entry.address, entry.at) == (
        1,
        "doctor",
        "203.0.113.9",
        clock.now,
    )
    assert (entry.patient_id, entry.action, entry.target, entry.outcome) == (
        5,
        "photo.read",
        "photo:2",
        Outcome.DONE,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"actor_id": 9},
        {"patient_id": 9},
        {"action": "photo.look"},
        {"target": "photo:99"},
        {"outcome": Outcome.DENIED},
        {"actor_role": "system"},
        {"request_id": "other"},
        {"address": "203.0.113.10"},
        {"mac": "0" * 64},
    ],
)
def test_a_changed_entry_is_named(log: Any, change: dict[str, Any]) -> None:
    tamper(GUARDS, update(AuditEntry).where(AuditEntry.number == 4).values(**change))
    assert fault() == chain.Fault(4, "changed")


def test_a_changed_time_is_named(log: Any, clock: Any) -> None:
    tamper(GUARDS, update(AuditEntry).where(AuditEntry.number == 2).values(at=clock.advance(seconds=1)))
    assert fault() == chain.Fault(2, "changed")


@pytest.mark.parametrize(
    "change",
    ["address = :junk", "mac = 'é'", pytest.param("at = 'once'", id="time")],
)
def test_an_entry_that_cannot_be_read_any_more_is_named(log: Any, change: str) -> None:
    if "once" in change and log.engine.dialect.name == "postgresql":
        change = "at = 'infinity'"
    statement = text(f"UPDATE audit_entry SET {change} WHERE number = 4")  # noqa: S608 -- our own three
    tamper(GUARDS, statement.bindparams(junk=b"junk") if ":junk" in change else statement)
    found = fault()
    assert found is not None
    assert (found.number, found.what.partition(":")[0]) == (4, "changed")


def test_a_removed_entry_is_named(log: Any) -> None:
    tamper(GUARDS, delete(AuditEntry).where(AuditEntry.number == 3))
    assert fault() == chain.Fault(3, "removed or reordered")


def test_removing_and_renumbering_is_noticed(log: Any) -> None:
    tamper(GUARDS, delete(AuditEntry).where(AuditEntry.number == 3))
    for number in range(4, ENTRIES + 1):
        tamper(GUARDS, update(AuditEntry).where(AuditEntry.number == number).values(number=number - 1))
    assert fault() == chain.Fault(3, "changed")


def test_removing_the_last_entry_is_noticed(log: Any) -> None:
    tamper(GUARDS, delete(AuditEntry).where(AuditEntry.number == ENTRIES))
    before = log.session.get(AuditEntry, ENTRIES - 1)
    tamper(GUARDS, update(AuditHead).values(count=ENTRIES - 1, mac=before.mac))
    found = fault()
    assert found is not None
    assert found.number == ENTRIES
    assert found.what.startswith("removed")


def test_swapping_two_entries_is_noticed(log: Any) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        tamper(GUARDS, update(AuditEntry).where(AuditEntry.number == old).values(number=new))
    assert fault() == chain.Fault(2, "changed")


def test_a_log_rewritten_as_a_whole_with_the_key_is_noticed(
    log: Any, app: Flask, secrets: dict[str, str]
) -> None:
    """Whoever has database and key can forge a chain, but not the head kept elsewhere."""
    import config

    key, before = config.key_bytes(secrets["audit_key"]), chain.GENESIS
    with unguarded(GUARDS) as session:
        for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.number)):
            entry.actor_id = 42
            entry.mac = before = chain.mac_of(entry, before, key)
        session.execute(update(AuditHead).values(mac=before))
    found = fault()
    assert found is not None
    assert "rewritten" in found.what


def test_a_lost_head_inside_the_database_is_noticed(log: Any) -> None:
    tamper(GUARDS, delete(AuditHead))
    found = fault()
    assert found is not None
    assert "head inside" in found.what


def test_an_emptied_log_is_noticed(log: Any) -> None:
    tamper(GUARDS, delete(AuditEntry))
    tamper(GUARDS, delete(AuditHead))
    found = fault()
    assert found is not None
    assert found.number == 1


def _record_and_fail() -> None:
    with transaction():
        service.record("case.submit", "case:x")
        raise RuntimeError


def test_an_entry_vanishes_with_the_transaction_it_belongs_to(log: Any) -> None:
    with pytest.raises(RuntimeError):
        _record_and_fail()
    assert service.verify()[0].count == ENTRIES
    assert fault() is None


def test_many_writers_make_one_chain(app: Flask, log: Any, real_clock: None) -> None:
    def write(name: int) -> None:
        with app.app_context():
            for number in range(5):
                service.record("photo.read", f"photo:{name}-{number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.session.rollback()
    assert service.verify()[0].count == ENTRIES + 40
    assert fault() is None


def test_the_command_names_the_place_and_fails(log: Any, app: Flask) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["audit", "verify"]).exit_code == 0
    tamper(GUARDS, update(AuditEntry).where(AuditEntry.number == 4).values(actor_id=9))
    result = runner.invoke(args=["audit", "verify"])
    assert result.exit_code == 1
    assert "entry 4: changed" in result.output
