"""Live pages lose nothing and get nothing twice, however rows arrive and streams break off."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from flask import Flask

from app.infra import events, live
from app.infra.database import transaction
from app.policy import public

pytestmark = pytest.mark.usefixtures("real_clock")


def publish(app: Flask, number: int, topic: str = "t", delay: float = 0.0) -> None:
    with app.app_context(), transaction():
        events.publish("step", topic, number=number)
        if delay:
            time.sleep(delay)


def frames(text: str) -> list[tuple[int, int]]:
    """The (id, number) pairs of a stream's text."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(
            line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":")
        )
        if lines.get("event") == "step":
            found.append((int(lines["id"]), int(lines["data"].split(":")[1].strip(" }"))))
    return found


def open_stream(app: Flask, after: int, monkeypatch: pytest.MonkeyPatch, seconds: float) -> str:
    monkeypatch.setattr(live, "STREAM_SECONDS", seconds)
    with app.test_request_context(headers={"Last-Event-ID": str(after)}):
        response = live.stream(["t"])
        text = "".join(part if isinstance(part, str) else part.decode() for part in response.response)
        response.close()
    return text


def test_a_stream_resumes_after_any_id(app: Flask, db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        publish(app, number)
        publish(app, 100 + number, "other")
    everything = frames(open_stream(app, 0, monkeypatch, 0.2))
    assert [number for _, number in everything] == [0, 1, 2, 3, 4]
    for position, (event_id, _) in enumerate(everything):
        rest = frames(open_stream(app, event_id, monkeypatch, 0.2))
        assert rest == everything[position + 1 :]


def test_rows_written_while_streaming_arrive_in_order_and_once(
    app: Flask, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers overlap, and some commit long after they began: ids must still become visible in order."""
    writers = [
        threading.Thread(target=publish, args=(app, number, "t", 0.15 if number % 3 == 0 else 0.0))
        for number in range(24)
    ]
    starter = threading.Timer(0.2, lambda: [writer.start() for writer in writers])
    starter.start()
    got = frames(open_stream(app, 0, monkeypatch, 3.0))
    starter.join()
    for writer in writers:
        writer.join()
    assert sorted(number for _, number in got) == list(range(24))
    assert [event_id for event_id, _ in got] == sorted({event_id for event_id, _ in got})


def test_places_are_limited_and_given_back(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(live_streams=1)
    with app.test_request_context():
        first = live.stream(["t"])
        second = live.stream(["t"])
        assert (first.status_code, second.status_code) == (200, 503)
        first.close()
        third = live.stream(["t"])
        assert third.status_code == 200
        third.close()


def test_a_strange_position_is_refused(app: Flask) -> None:
    with app.test_request_context(headers={"Last-Event-ID": "1 OR 1=1"}):
        assert live.stream(["t"]).status_code == 400


def test_a_position_beyond_any_id_waits_like_the_last(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(app, 1)
    assert frames(open_stream(app, 10**30, monkeypatch, 0.1)) == []
    assert len(frames(open_stream(app, -(10**30), monkeypatch, 0.1))) == 1


def test_one_person_cannot_take_everyones_places(app: Flask) -> None:
    """Streams hold threads: whoever opens them again and again must leave places to the others."""
    greedy, other = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.2"}
    with app.test_request_context(environ_base=greedy):
        taken = [live.stream(["t"]) for _ in range(live.PER_PERSON + 3)]
    assert [answer.status_code for answer in taken] == [200] * live.PER_PERSON + [503] * 3
    with app.test_request_context(environ_base=other):
        someone_else = live.stream(["t"])
    assert someone_else.status_code == 200
    for answer in (*taken, someone_else):
        answer.close()
    with app.test_request_context(environ_base=greedy):
        again = live.stream(["t"])
    assert again.status_code == 200
    again.close()


def test_asking_for_the_head_alone_takes_no_place(make_app: Any) -> None:
    app = make_app(live_streams=1)
    app.add_url_rule("/somewhere", view_func=public(lambda: live.stream(["t"])))
    for _ in range(2):
        with app.test_client().head("/somewhere") as answer:  # closed, as a server does at its end
            assert answer.status_code == 200
