"""A patient's browser, and photos of every kind to send with it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.accounts.models import User
from app.cli.drawings import lesion
from tests.factories.accounts import create_patient, form_token, sign_in
from tests.harness.client import Client


class Browser:
    """What a patient does, through plain forms."""

    def __init__(self, app: Flask, user: User) -> None:
        self.user = user
        self.token: str | None = None
        made = app.test_client()
        assert isinstance(made, Client)
        self.client = made
        sign_in(self.client, user)

    def get(self, address: str) -> Any:
        return self.client.get(address)

    def send(self, page: str, to: str | None = None, **fields: Any) -> Any:
        """Open a page and send its form."""
        token = form_token(self.client, page)
        return self.client.post(to or page, data={"csrf_token": token, **fields})

    def start(self, **fields: str) -> str:
        """Begin a case; returns the address of its folder."""
        page = self.get("/patient/cases/new").text
        found = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)
        assert found
        answer = self.send("/patient/cases/new", form_key=found.group(1), **fields)
        assert answer.status_code == 303
        return str(answer.location).rsplit("/", 1)[0]

    def upload(self, case: str, *photos: bytes, name: str = "photo.jpg") -> Any:
        """Send photos by the plain form."""
        files = [FileStorage(io.BytesIO(photo), f"{number}-{name}") for number, photo in enumerate(photos)]
        return self.post_files(f"{case}/photos", photos=files)

    def post_files(self, page: str, **files: Any) -> Any:
        """Send files by the form on `page`, encoded in memory."""
        fields = {"csrf_token": form_token(self.client, page), **files}
        boundary, body = encode_multipart(fields)
        return self.client.post(page, data=body, content_type=f"multipart/form-data; boundary={boundary}")

    def tus(self, method: str, address: str, data: bytes | None = None, **headers: str | None) -> Any:
        """Send one request as the tus protocol has it; a header None is left out, `_` in names is `-`."""
        given: dict[str, str | None] = {"Tus-Resumable": "1.0.0", "Accept": "application/json"}
        if self.token is None:
            self.token = form_token(self.client, "/patient/cases/new")
        given["X-CSRFToken"] = self.token
        if method == "PATCH":
            given["Content-Type"] = "application/offset+octet-stream"
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in given.items() if value is not None}
        return self.client.open(address, method=method, data=data, headers=sent)

    def begin_upload(self, case: str, length: int, **headers: str) -> str:
        """Announce a photo; returns the address of its upload."""
        answer = self.tus("POST", f"{case}/uploads", Upload_Length=str(length), **headers)
        assert answer.status_code == 201, answer.text
        return str(answer.location)

    def upload_one(self, case: str, photo: bytes) -> Any:
        """Send one photo by itself, as the photo picker does; returns what is said of it in the end."""
        answer = self.tus("POST", f"{case}/uploads", Upload_Length=str(len(photo)))
        if answer.status_code != 201:
            return answer
        address = answer.location
        self.tus("PATCH", address, photo, Upload_Offset="0")
        return self.tus("POST", f"{address}/photo")

    def answer(self, case: str, **answers: str) -> str:
        """Answer one question after another; returns where the last answer leads."""
        led = ""
        for key, value in answers.items():
            answer = self.send(f"{case}/answers/{key}", **{key: value})
            assert answer.status_code == 303, answer.text
            led = str(answer.location)
        return led

    def until_review(self, case: str) -> None:
        """Fill in every step before the last."""
        self.upload(case, lesion("nv", 5))
        assert self.send(f"{case}/place", site="face").status_code == 303
        answers = dict.fromkeys(
            ("changed", "grew", "raised", "itches", "hurts", "bleeds", "skin_cancer"), "no"
        )
        self.answer(case, since="years", **answers, age="72", sex="female")


CONSENTS = {"telemedicine": "y", "ai_notice": "y"}


@pytest.fixture
def browser(app: Flask, db: Any) -> Callable[..., Browser]:
    """Return a function that signs somebody in."""

    def make(user: User | None = None) -> Browser:
        return Browser(app, user or create_patient())

    return make


def picture(form: str, size: tuple[int, int] = (640, 480), **options: Any) -> bytes:
    """Return an encoded picture of a plain colour."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 160, 140)).save(out, form, **options)
    return out.getvalue()
