"""Of an exception the log tells types and places, whatever its words are and whoever logs it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from app.infra import logs
from tests.harness.logged import RENDERERS, logged

pytestmark = RENDERERS
log = structlog.get_logger("tests")

PERSONAL = ("홍길동", "+821012345678", "gildong@example.test", "tokenofsomebody", "203.0.113.7")
WORDS = " ".join(PERSONAL)
HERE = r"tests/unit/infra/test_logs\.py:\d+ in "


class Upset(Exception):
    """What these tests raise."""


def _fail() -> None:
    written_by_somebody = WORDS
    raise Upset(written_by_somebody)


def _fail_with_a_note() -> None:
    error = Upset("short")
    error.add_note(WORDS)
    raise error


def _fail_with_a_cause() -> None:
    try:
        _fail()
    except Upset as error:
        raise LookupError(WORDS) from error


def _fail_while_failing() -> None:
    try:
        _fail()
    except Upset:
        raise LookupError(WORDS)  # noqa: B904 - the context is what this is about


def _fail_together() -> None:
    raise ExceptionGroup(WORDS, [Upset(WORDS), ExceptionGroup(WORDS, [LookupError(WORDS)])])


def _fail_in_a_circle() -> None:
    first, second = Upset(WORDS), LookupError(WORDS)
    first.__cause__, second.__cause__ = second, first
    raise first


def _refused_by_the_database() -> None:
    engine = create_engine("sqlite://")  # without hide_parameters: nobody should have to think of it
    try:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE person (name TEXT UNIQUE, phone TEXT)"))
            for _ in range(2):
                connection.execute(text("INSERT INTO person VALUES (:name, :phone)"), _person())
    finally:
        engine.dispose()


def _person() -> dict[str, str]:
    return {"name": WORDS, "phone": WORDS}


FAILURES: list[tuple[Callable[[], None], tuple[str, ...]]] = [
    (_fail, ("Upset", "_fail")),
    (_fail_with_a_note, ("Upset", "_fail_with_a_note")),
    (_fail_with_a_cause, ("LookupError", "Upset", "_fail_with_a_cause", "_fail")),
    (_fail_while_failing, ("LookupError", "Upset", "_fail_while_failing", "_fail")),
    (_fail_together, ("ExceptionGroup", "Upset", "LookupError", "_fail_together")),
    (_fail_in_a_circle, ("LookupError", "Upset", "_fail_in_a_circle")),
    (_refused_by_the_database, ("IntegrityError", "sqlite3", "_refused_by_the_database")),
]


def _assert_nobody_in(written: str) -> None:
    assert not [words for words in PERSONAL if words in written], written


@pytest.mark.parametrize(("fail", "told"), FAILURES, ids=[fail.__name__[1:] for fail, _ in FAILURES])
def test_an_exception_is_told_by_types_and_places_alone(
    as_json: bool, fail: Callable[[], None], told: tuple[str, ...]
) -> None:
    with logged(as_json=as_json) as written:
        try:
            fail()
        except Exception:
            log.exception("work.failed", case=7)
    _assert_nobody_in(written.getvalue())
    assert "work.failed" in written.getvalue()
    assert all(word in written.getvalue() for word in told), written.getvalue()
    assert re.search(HERE + fail.__name__, written.getvalue()), "where it arose is what helps to mend it"


def test_the_database_s_words_would_have_named_the_person(as_json: bool) -> None:
    with pytest.raises(IntegrityError) as refusal:
        _refused_by_the_database()
    assert "홍길동" in str(refusal.value), "otherwise the test above proves nothing"


def test_an_entry_with_its_causes_is_one_line_of_json_or_text_to_read(as_json: bool) -> None:
    with logged(as_json=as_json) as written:
        try:
            _fail_with_a_cause()
        except LookupError:
            log.exception("work.failed")
    lines = written.getvalue().splitlines()
    if not as_json:
        assert [line for line in lines if line.startswith("after ") and line.endswith(".Upset")]
        return
    assert len(lines) == 1
    assert [link["type"].rpartition(".")[2] for link in json.loads(lines[0])["exception"]] == [
        "LookupError",
        "Upset",
    ]


def test_an_endless_failure_is_told_in_some_lines(as_json: bool) -> None:
    def deeper() -> None:
        deeper()

    with logged(as_json=as_json) as written:
        try:
            deeper()
        except RecursionError:
            log.exception("work.failed")
    assert "RecursionError" in written.getvalue()
    assert written.getvalue().count(" in deeper") == logs.FRAMES


def test_a_library_that_fills_its_message_leaves_it_unfilled(as_json: bool) -> None:
    with logged(as_json=as_json) as written:
        try:
            _fail()
        except Upset as error:
            logging.getLogger("library").exception("Cannot handle %s: %s", f"/join/{PERSONAL[3]}", error)
            logging.getLogger("library").exception(error)
    _assert_nobody_in(written.getvalue())
    assert "Cannot handle %s" in written.getvalue()
    assert written.getvalue().count("Upset") >= 2


def test_a_field_that_must_never_be_logged_is_blanked(as_json: bool) -> None:
    with logged(as_json=as_json) as written:
        log.info("somebody.came", name=PERSONAL[0], phone=PERSONAL[1], email=PERSONAL[2], token=PERSONAL[3])
    _assert_nobody_in(written.getvalue())
    assert "somebody.came" in written.getvalue()
    assert "[withheld]" in written.getvalue()


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[tuple[logging.Logger, Path]]:
    """The web server's logger as gunicorn leaves it to a process that serves, and the file it writes to."""
    logger, path = logging.getLogger("gunicorn.error"), tmp_path / "gunicorn.log"
    kept = logger.handlers[:], logger.propagate, logger.level
    handler = logging.FileHandler(path)
    logger.handlers[:], logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    yield logger, path
    handler.close()
    logger.handlers[:], logger.propagate = kept[0], kept[1]
    logger.setLevel(kept[2])


def test_the_web_server_writes_through_the_same_chain(
    as_json: bool, gunicorn: tuple[logging.Logger, Path]
) -> None:
    server, own_file = gunicorn
    with logged(as_json=as_json) as written:
        server.warning(f"Invalid request from ip={PERSONAL[4]}: what somebody typed")
        try:
            _fail()
        except Upset:
            server.exception("Error handling request %s", f"/reset/{PERSONAL[3]}")
        server.error("Worker (pid:%s) exited with code %s.", 7, 1)
    assert own_file.read_text() == ""
    _assert_nobody_in(written.getvalue())
    assert "Invalid request" not in written.getvalue()
    assert "Error handling request" in written.getvalue()
    assert "Worker (pid:7) exited with code 1." in written.getvalue()


def test_who_was_slowed_down_is_not_logged_by_address(as_json: bool) -> None:
    with logged(as_json=as_json) as written:
        logging.getLogger("flask-limiter").info("ratelimit 1 per minute (%s) exceeded", PERSONAL[4])
    assert written.getvalue() == ""
