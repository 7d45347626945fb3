"""How much is taken in at all: of one file, of one form, of one person, and no more while it comes in."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.cases.models import Photo
from app.cli.drawings import lesion
from app.extensions import db as database
from app.patient import uploads
from tests.factories.accounts import create_patient, form_token
from tests.integration.patient.conftest import Browser

MB = 1024 * 1024


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_file_that_is_too_large_is_refused_while_the_others_are_kept(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(max_upload_mb=1)
    with app.app_context():
        patient = Browser(app, create_patient())
        case = patient.start()
        answer = patient.upload(case, b"\xff\xd8" + b"x" * (2 * MB), lesion("nv", 5))
        assert "1번째 사진: 사진 파일이 너무 큽니다. 1 MB보다 작은 사진을 보내 주세요." in answer.text
        assert database.session.scalar(database.select(database.func.count()).select_from(Photo)) == 1


class Body(io.RawIOBase):
    """A form with one file of `size` bytes, made while it is read; `sent` is how much of it was."""

    def __init__(self, size: int, token: str = "") -> None:
        field = "\r\n--b\r\nContent-Disposition: form-data; name="
        head = f"{field}csrf_token\r\n\r\n{token}{field}photos; filename=x.jpg\r\n\r\n"
        self._head, self._tail = head.encode(), b"\r\n--b--\r\n"
        self._file_end = len(self._head) + size
        self.length, self.sent = self._file_end + len(self._tail), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.sent < len(self._head):
            piece = self._head[self.sent :][: len(buffer)]
        elif self.sent < self._file_end:
            piece = b"x" * min(len(buffer), self._file_end - self.sent)
        else:
            piece = self._tail[self.sent - self._file_end :][: len(buffer)]
        buffer[: len(piece)] = piece
        self.sent += len(piece)
        return len(piece)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many bytes of a file are kept, after each piece of it that came in."""
    sizes: list[int] = []
    files = []

    class Watched(uploads.CappedFile):
        def write(self, data: bytes) -> int:
            taken = super().write(data)
            files.append(self._kept)
            sizes.append(self._kept.tell())
            return taken

    monkeypatch.setattr(uploads, "CappedFile", Watched)
    yield sizes
    for file in files:  # a form that is refused half-way leaves its file to the garbage collector
        file.close()


def _send(patient: Browser, case: str, body: Body, **environ: Any) -> Any:
    environ |= {"wsgi.input": body, "CONTENT_TYPE": "multipart/form-data; boundary=b"}
    return patient.client.post(f"{case}/photos", environ_overrides=environ)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_a_file_that_is_too_large_no_more_than_the_limit_is_kept_while_it_comes_in(
    make_app: Callable[..., Flask], kept: list[int]
) -> None:
    app = make_app(max_upload_mb=1)
    with app.app_context():
        patient = Browser(app, create_patient())
        case = patient.start()
        body = Body(5 * MB, form_token(patient.client, f"{case}/photos"))
        answer = _send(patient, case, body, CONTENT_LENGTH=str(body.length))
    assert "사진 파일이 너무 큽니다." in answer.text
    assert body.sent == body.length
    assert len(kept) > 10, "it came in pieces"
    assert MB // 2 < max(kept) <= MB


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_body_of_undeclared_length_is_read_no_further_than_a_case_may_hold(
    make_app: Callable[..., Flask], kept: list[int]
) -> None:
    app = make_app(max_upload_mb=1, max_photos_per_case=2)
    with app.app_context():
        patient = Browser(app, create_patient())
        case = patient.start()
        body = Body(500 * MB)
        answer = _send(patient, case, body, **{"wsgi.input_terminated": True})
    assert (answer.status_code, answer.location) == (303, f"{case}/photos")
    assert body.sent <= 2 * MB + uploads.FORM_ROOM + MB // 4
    assert max(kept) <= MB


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_a_body_that_declares_itself_too_large_nothing_is_kept(
    make_app: Callable[..., Flask], kept: list[int]
) -> None:
    app = make_app(max_upload_mb=1, max_photos_per_case=2)
    with app.app_context():
        patient = Browser(app, create_patient())
        case = patient.start()
        body = Body(20 * MB)
        answer = _send(patient, case, body, CONTENT_LENGTH=str(body.length))
    assert (answer.status_code, answer.location) == (303, f"{case}/photos")
    assert kept == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_far_too_much_at_once_comes_back_to_the_form(make_app: Callable[..., Flask]) -> None:
    app = make_app(max_upload_mb=1)
    with app.app_context():
        patient = Browser(app, create_patient())
        case = patient.start()
        patient.upload(case, lesion("nv", 5))
        answer = patient.upload(case, *[bytes([n]) * MB for n in range(8)])
        assert answer.status_code == 303
        assert answer.location == f"{case}/photos"
        page = patient.get(f"{case}/photos").text
        assert "한 번에 보낸 사진이 너무 큽니다." in page
        assert page.count("data-remove") == 1, "what was there before is still there"
        alone = patient.upload_one(case, b"x" * 8 * MB)
        assert alone.status_code == 413
        assert alone.json["error"]["title"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_visitor_cannot_send_as_much_as_a_patient(make_app: Callable[..., Flask]) -> None:
    client = make_app(max_upload_mb=1).test_client()
    body = b"--b\r\nContent-Disposition: form-data; name=photos; filename=x.jpg\r\n\r\n" + b"x" * 2 * MB
    answer = client.post(
        "/patient/cases/whose/photos",
        data=body + b"\r\n--b--\r\n",
        content_type="multipart/form-data; boundary=b",
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_photos_are_taken_at_a_human_pace(make_app: Callable[..., Flask]) -> None:
    """Counted for each person, not for the address that a whole clinic may share."""
    app = make_app(rate_limits=True)
    with app.app_context():
        hurried, other = Browser(app, create_patient()), Browser(app, create_patient())
        case = hurried.start()
        answers = [hurried.upload_one(case, b"no photo").status_code for _ in range(31)]
        assert answers == [422] * 30 + [429]
        assert hurried.get(f"{case}/photos").status_code == 200
        assert other.upload_one(other.start(), lesion("nv", 5)).status_code == 201
