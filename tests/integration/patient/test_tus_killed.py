"""The portal is killed, really killed, while a photo comes in: what it had said it has, it has."""

from __future__ import annotations

import http.client
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from app.cases import photos
from app.cases.models import Photo
from app.extensions import db as database
from app.patient import tus
from tests.integration.patient.conftest import Browser

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 90.0

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("real_clock")]


class Web:
    """The portal's web process, on a port that stays the same when it is started again."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._environment, self._log = environment | {"PORT": str(self.port)}, log
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:application"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                if self.ask("GET", "/healthz").status == 200:
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(self._log.read_text()[-2000:])

    def kill(self) -> None:
        """End master and worker at once, without a word."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def ask(self, method: str, path: str, **headers: Any) -> Any:
        body = headers.pop("body", None)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=named)
        answer = connection.getresponse()
        answer.text = answer.read().decode(errors="replace")  # type: ignore[attr-defined]
        connection.close()
        return answer


@pytest.fixture
def web(app: Flask, database_url: str, secrets: dict[str, str], tmp_path: Path) -> Iterator[Web]:
    own = {f"SALPIM_{name.upper()}": value for name, value in secrets.items()}
    own |= {"SALPIM_INSTANCE": app.instance_path, "DATABASE_URL": database_url, "SALPIM_RATE_LIMITS": "false"}
    running = Web(os.environ | own, tmp_path / "web.log")
    yield running
    running.kill()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_killed_in_the_middle_of_a_piece(app: Flask, browser: Callable[..., Browser], web: Web) -> None:
    out = io.BytesIO()
    Image.effect_noise((1500, 1500), 70).convert("RGB").save(out, "JPEG", quality=95)
    photo = out.getvalue()
    assert len(photo) > 2 * tus.PIECE_BYTES
    patient = browser()
    case = patient.start()
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = patient.client.get_cookie(name)
    assert cookie is not None
    known = {"Cookie": f"{name}={cookie.value}", "Tus_Resumable": "1.0.0", "Accept": "application/json"}
    token = re.search(r'name="csrf-token" content="([^"]+)"', web.ask("GET", f"{case}/photos", **known).text)
    assert token
    known["X_CSRFToken"] = token.group(1)
    address = web.ask("POST", f"{case}/uploads", Upload_Length=str(len(photo)), **known).headers["Location"]

    with socket.create_connection(("127.0.0.1", web.port)) as line:
        head = {**known, "Host": "127.0.0.1", "Upload_Offset": "0", "Content_Length": str(len(photo))}
        head["Content_Type"] = tus.OFFSET_OCTETS
        lines = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in head.items())
        line.sendall(f"PATCH {address} HTTP/1.1\r\n{lines}\r\n".encode() + photo[: tus.PIECE_BYTES + 200_000])
        said = 0
        end = time.monotonic() + 60
        while not said and time.monotonic() < end:
            said = int(web.ask("HEAD", address, **known).headers["Upload-Offset"])
        web.kill()
    web.start()

    offset = int(web.ask("HEAD", address, **known).headers["Upload-Offset"])
    assert offset == said == tus.PIECE_BYTES
    rest = {"Upload_Offset": str(offset), "Content_Type": tus.OFFSET_OCTETS, "body": photo[offset:]}
    assert web.ask("PATCH", address, **known, **rest).status == 204
    assert web.ask("POST", f"{address}/photo", **known).status == 201
    database.session.rollback()
    (row,) = database.session.scalars(database.select(Photo))
    assert row.upload_sha256 == photos.fingerprint(photo)
