"""The log of requests: a line for each, which a person's number finds again, and nobody in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import structlog
from flask import Flask, abort
from flask.testing import FlaskClient

from app.policy import public
from tests.harness.client import Client
from tests.harness.logged import RENDERERS, logged

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TOKEN, NAME, ADDRESS = "tokenofsomebody", "홍길동", "203.0.113.7"
FROM = {"REMOTE_ADDR": ADDRESS}
REQUEST_LINE = {
    "endpoint", "event", "level", "logger", "method", "milliseconds", "request_id", "status", "timestamp",
}  # fmt: skip


def _requests(written: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in written.splitlines()]
    return [line for line in lines if line["event"] == "request"]


def _break() -> None:
    error = RuntimeError(f"{NAME} could not be stored")
    error.add_note(NAME)
    raise error


def test_a_request_is_one_line_without_address_query_or_person(client: Client) -> None:
    with logged(as_json=True) as written:
        answer = client.get(f"/terms?q={NAME}", environ_base=FROM)
    (line,) = _requests(written.getvalue())
    assert set(line) == REQUEST_LINE
    assert (line["endpoint"], line["method"], line["status"]) == ("public.terms", "GET", 200)
    assert line["level"] == "info"
    assert isinstance(line["milliseconds"], int)
    assert line["request_id"] == answer.headers["X-Request-ID"]
    for secret in ("/terms", NAME, ADDRESS):
        assert secret not in written.getvalue()


def test_a_request_that_no_view_answers_has_a_line_too(client: Client) -> None:
    with logged(as_json=True) as written:
        client.get(f"/nowhere/{TOKEN}")
        client.post("/terms")
    lines = _requests(written.getvalue())
    assert [(line["endpoint"], line["method"], line["status"]) for line in lines] == [
        (None, "GET", 404),
        (None, "POST", 405),
    ]
    assert TOKEN not in written.getvalue()


def test_probes_and_files_that_never_change_leave_no_line(client: Client) -> None:
    with logged(as_json=True) as written:
        for path in ("/healthz", "/readyz", "/assets/nothing.css"):
            client.get(path)
    assert _requests(written.getvalue()) == []


@RENDERERS
@pytest.mark.parametrize(
    ("path", "endpoint"),
    [(f"/join/{TOKEN}", "account.join"), (f"/reset/{TOKEN}", "security.reset_password")],
)
def test_a_crash_tells_the_view_and_the_number_but_not_the_address(
    app: Flask, as_json: bool, path: str, endpoint: str
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.before_request(_break)
    with logged(as_json=as_json) as written:
        answer = app.test_client().get(f"{path}?q={NAME}", environ_base=FROM)
    assert answer.status_code == 500
    for secret in (TOKEN, NAME, ADDRESS):
        assert secret not in written.getvalue()
    crash = written.getvalue()[written.getvalue().index("request.crashed") :]
    assert endpoint in crash
    assert "RuntimeError" in crash
    assert "test_request_log.py" in crash
    assert written.getvalue().count(answer.headers["X-Request-ID"]) == 2, (
        "in the crash's line and the request's"
    )


def test_an_answer_that_cannot_be_finished_still_has_one_line(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.after_request(lambda response: _break() or response)  # type: ignore[func-returns-value]
    with logged(as_json=True) as written:
        assert app.test_client().get("/terms").status_code == 500
    assert [line["status"] for line in _requests(written.getvalue())] == [500]
    assert NAME not in written.getvalue()


def test_a_thread_takes_nothing_from_one_request_into_the_next(app: Flask) -> None:
    def view() -> str:
        structlog.contextvars.bind_contextvars(case=7)
        abort(404)

    app.add_url_rule("/binding", "binding", public(view))
    app.test_client_class = FlaskClient  # as a server's thread: one context for all its requests
    client = app.test_client()
    with logged(as_json=True) as written:
        ids = [client.get(path).headers["X-Request-ID"] for path in ("/binding", "/terms")]
    first, second = _requests(written.getvalue())
    assert [first["request_id"], second["request_id"]] == ids
    assert first["case"] == 7
    assert "case" not in second
