"""Photos of every kind, good and bad, by the plain form and one by one."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from pillow_heif import from_pillow

from app.cases import quality
from app.cases.models import Photo
from app.cli.drawings import lesion
from app.extensions import db as database
from app.infra import images
from app.infra import storage as objects
from app.patient import uploads
from tests.factories.accounts import create_patient, form_token
from tests.integration.patient.conftest import Browser, picture

MB = 1024 * 1024


def _photos() -> list[Photo]:
    return list(database.session.scalars(database.select(Photo).order_by(Photo.id)))


def _heic() -> bytes:
    out = io.BytesIO()
    from_pillow(Image.open(io.BytesIO(lesion("nv", 3)))).save(out)
    return out.getvalue()


def _animated() -> bytes:
    frames = [Image.new("RGB", (200, 200), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (16_000, 16_000)).save(out, "PNG")
    return out.getvalue()


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "빈 파일입니다."),
    "text": (lambda: b"dear doctor, here is my mole", "사진 파일이 아닙니다."),
    "pdf": (lambda: b"%PDF-1.7 ...", "사진 파일이 아닙니다."),
    "gif": (lambda: picture("GIF"), "받을 수 없는 사진 형식입니다."),
    "broken": (lambda: lesion("nv", 1)[:9000], "사진 파일이 깨져 있습니다."),
    "animated": (_animated, "움직이는 사진은 받을 수 없습니다."),
    "bomb": (_bomb, "사진의 가로와 세로가 너무 큽니다."),
    "sliver": (lambda: picture("PNG", (64, 19_000)), "사진이 너무 길고 좁습니다."),
    "tiny": (lambda: picture("PNG", (20, 20)), "사진이 너무 작아 볼 수 없습니다."),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_bad_file_is_refused_with_its_own_words_and_nothing_else_is_lost(
    browser: Callable[..., Browser], name: str
) -> None:
    make, words = BAD[name]
    patient = browser()
    case = patient.start()
    answer = patient.upload(case, lesion("nv", 5), make())
    assert answer.status_code == 422
    assert f"2번째 사진: {words}" in answer.text
    assert len(_photos()) == 1
    alone = patient.upload_one(case, make())
    assert alone.status_code == 422
    assert alone.json["error"]["title"] == words
    assert alone.json["error"]["advice"]


@pytest.mark.parametrize(
    "encoded",
    [lesion("nv", 2), picture("PNG"), picture("WEBP"), _heic()],
    ids=["jpeg", "png", "webp", "heic"],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_usual_format_is_taken_and_kept_without_metadata(
    browser: Callable[..., Browser], encoded: bytes
) -> None:
    patient = browser()
    case = patient.start()
    patient.upload(case, encoded)
    (photo,) = _photos()
    kept = Image.open(io.BytesIO(objects.get(photo.object)))
    assert kept.format == "JPEG"
    assert not kept.getexif()
    small = Image.open(io.BytesIO(objects.get(photo.thumbnail)))
    assert max(small.size) <= 480
    assert max(small.size) == min(480, max(kept.size))


def test_the_same_file_sent_twice_is_one_photo(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    patient.upload(case, lesion("nv", 5), lesion("nv", 5))
    patient.upload(case, lesion("nv", 5))
    assert len(_photos()) == 1
    other = patient.start()
    patient.upload(other, lesion("nv", 5))
    assert len(_photos()) == 2, "another case may show the same photo"


def test_a_photo_too_many_is_refused(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    answer = patient.upload(case, *[picture("JPEG", (300 + n, 300)) for n in range(7)])
    assert "7번째 사진: 사진은 6장까지 보낼 수 있습니다." in answer.text
    assert len(_photos()) == 6


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
        assert len(_photos()) == 1


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
    body = b"--b\r\nContent-Disposition: form-data; name=photo; filename=x.jpg\r\n\r\n" + b"x" * 2 * MB
    answer = client.post(
        "/patient/cases/whose/photos/upload",
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


@pytest.mark.parametrize(("language", "words"), [("ko", "너무 어둡습니다"), ("en", "too dark")])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_quality_check_answers_at_once_in_the_readers_language(
    browser: Callable[..., Browser], language: str, words: str
) -> None:
    patient = browser()
    case = patient.start()
    dark = io.BytesIO()
    Image.open(io.BytesIO(lesion("nv", 5))).point(lambda value: value // 14).save(dark, "JPEG")
    patient.client.set_cookie("lang", language)
    answer = patient.upload_one(case, dark.getvalue())
    assert answer.status_code == 201
    assert not answer.json["quality"]["ok"]
    assert any(words in message for message in answer.json["quality"]["messages"])
    assert words in patient.get(f"{case}/photos").text
    # All the same it may be sent: without another photo the form goes on.
    assert patient.send(f"{case}/photos").location == f"{case}/place"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_more_photos_are_judged_at_once_than_decoded(
    browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[str] = []

    class Turnstile:
        def __enter__(self) -> None:
            held.append("in")

        def __exit__(self, *_what: object) -> None:
            held.append("out")

    def judge(_jpeg: bytes) -> list[dict[str, str]]:
        held.append("judged")
        return []

    monkeypatch.setattr(images, "few_at_once", Turnstile())
    monkeypatch.setattr(quality, "shortcomings", judge)
    patient = browser()
    patient.upload(patient.start(), lesion("nv", 5))
    assert held == ["in", "out", "in", "judged", "out"]


def test_a_photo_can_be_taken_out_again(browser: Callable[..., Browser], storage: Any) -> None:
    patient = browser()
    case = patient.start()
    patient.upload(case, lesion("nv", 5))
    (photo,) = _photos()
    remove = f"{case}/photos/{photo.public_id}/remove"
    assert patient.send(f"{case}/photos", to=remove).location == f"{case}/photos"
    assert patient.send(f"{case}/photos", to=remove).status_code == 303
    assert not _photos()
    assert not [path for path in storage.rglob("*") if path.is_file()]


def test_photos_are_private_and_each_reading_is_recorded(browser: Callable[..., Browser]) -> None:
    from app.audit.models import AuditEntry

    patient, stranger = browser(), browser()
    case = patient.start()
    patient.upload(case, lesion("nv", 5))
    (photo,) = _photos()
    for address in (f"/patient/photos/{photo.public_id}", f"/patient/photos/{photo.public_id}/small"):
        answer = patient.get(address)
        assert answer.mimetype == "image/jpeg"
        assert "private" in answer.headers["Cache-Control"]
        assert stranger.get(address).status_code == 404
    with patient.client.session_transaction() as session:
        session["shared_device"] = True
    answer = patient.get(f"/patient/photos/{photo.public_id}")
    assert answer.headers["Cache-Control"] == "private, no-store"
    read = database.select(AuditEntry).where(AuditEntry.action == "photo.read")
    entries = list(database.session.scalars(read))
    assert [entry.actor_id for entry in entries] == [patient.user.id] * 3
    assert all(entry.target == f"photo:{photo.public_id}" for entry in entries)
